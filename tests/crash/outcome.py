"""What a round left: exported files, rows, every record ever published; and how two differ."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiokafka import ConsumerRecord

from emissions.replay.export import ReplayResults, write_export
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from streams.kafka.clients import consumer_of
from streams.kafka.reader import ends_of, read_log
from streams.kafka.topics import output_topics
from streams.settings import Settings
from tests.crash.environment import CANONICAL
from tests.crash.load import Load

VIEWS: Final = (
    "readings_current", "means_current", "gaps_current", "violations_current", "findings_current",
    "notices_current", "cases_current", "roots_current",
    "dead_letters_current", "registry_current", "enterprises_current",
)  # fmt: skip
_NAMED: Final = 6  # so many lines of a difference are told

Identity = tuple[Any, ...]


@dataclass
class Outcome:
    """Everything that can be seen afterwards, under the names of topics of a default deployment."""

    exports: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, list[bytes]] = field(default_factory=dict)
    contents: dict[Identity, str] = field(default_factory=dict)
    """What each id and revision says, of everything ever published."""
    contradictions: list[str] = field(default_factory=list)
    """Ids and revisions that said two things."""
    dump: list[str] = field(default_factory=list)
    """Every record of the output topics with its place, for whoever looks into a difference."""

    def write(self, directory: Path) -> None:
        """Leave it to be looked at."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in self.exports.items():
            (directory / name).write_bytes(content)
        for view, rows in self.rows.items():
            (directory / f"{view}.tsv").write_bytes(b"\n".join(rows) + b"\n")
        if self.dump:
            (directory / "records.txt").write_text("\n".join(self.dump) + "\n", encoding="utf-8")


async def collect(settings: Settings, directory: Path) -> Outcome:
    """What the topics and the tables of a round hold now."""
    found = Outcome()
    findings = await collect_results(settings, found)
    found.exports = export(settings, findings, directory)
    with client(settings) as connected:
        for view in VIEWS:
            answer = connected.raw_query(f"SELECT * FROM {view}", fmt="TSVWithNames")
            lines = _canonical(settings, answer).splitlines()
            found.rows[view] = [lines[0], *sorted(lines[1:])] if lines else []
    return found


async def collect_results(settings: Settings, found: Outcome) -> ReplayResults:
    """Read the output topics: the last revision of everything; what was said goes to ``found``."""
    codec, findings = Codec(FileIds()), ReplayResults()
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, await ends_of(settings, *output_topics(settings))):
            assert record.value is not None
            name, content = codec.decode(record.value)
            findings.add(name, content)
            _note(found, settings, record, name, content)
    return findings


def export(settings: Settings, findings: ReplayResults, directory: Path) -> dict[str, bytes]:
    """The exported files, byte for byte but for the names of the topics."""
    write_export(findings, directory)
    return {
        path.name: _canonical(settings, path.read_bytes()) for path in sorted(directory.iterdir())
    }


def _note(
    found: Outcome, settings: Settings, record: ConsumerRecord, name: str, content: dict[str, Any]
) -> None:
    said = _canonical(settings, repr(content).encode()).decode()
    place = f"{record.topic.rpartition('.')[2]}[{record.partition}]@{record.offset}"
    found.dump.append(f"{place} {record.timestamp} {said}")
    identity = _identity(name, content)
    before = found.contents.setdefault(identity, said)
    if before != said:
        found.contradictions.append(f"{identity} at {place} says two things: {before} | {said}")


def _identity(name: str, content: dict[str, Any]) -> Identity:
    """What may only ever say one thing."""
    keys: tuple[str, ...] = ("id", "revision")
    if name == "WindowMean":
        keys = ("source_id", "parameter", "unit", "window", "start", "revision", "final")
    elif name == "DeadLetter":
        keys = ("partition", "offset")
    elif name == "NoticeVerdict":
        keys = ("notice_id", "revision")
    elif name == "SourceDayRoot":
        keys = ("source_id", "day", "revision")
    return (name, *(content[key] for key in keys))


def _canonical(settings: Settings, text: bytes) -> bytes:
    for name in vars(CANONICAL):
        if name.startswith("topic_"):
            own, general = getattr(settings, name), getattr(CANONICAL, name)
            text = text.replace(own.encode(), general.encode())
    return text


async def check_load(settings: Settings, load: Load) -> list[str]:
    """Whether the topics hold the load as it was meant: else the round proves nothing."""
    held: list[list[tuple[Any, ...]]] = [[] for _ in load.logs]
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, await ends_of(settings, settings.topic_readings)):
            held[record.partition].append((record.offset, record.timestamp, record.value))
    return [
        f"the load itself is not in the topic as it was published: partition {partition} holds "
        f"{len(held[partition])} messages instead of {len(log)}, or others"
        for partition, log in enumerate(load.logs)
        if held[partition] != [(record.offset, record.timestamp, record.value) for record in log]
    ]


def differences(expected: Outcome, found: Outcome, *, exports_only: bool = False) -> Iterator[str]:
    """Every difference as a sentence with the first lines that differ."""
    for name, content in expected.exports.items():
        if found.exports.get(name) != content:
            lines = content.decode().splitlines(), found.exports[name].decode().splitlines()
            yield f"{name} differs: {_first(_changed(*lines))}"
    if exports_only:
        return
    yield from found.contradictions[:_NAMED]
    for view, rows in expected.rows.items():
        if found.rows[view] != rows:
            texts = [[row.decode(errors="replace") for row in each] for each in
                     (rows, found.rows[view])]  # fmt: skip
            yield f"{view} differs: {_first(_changed(*texts))}"
    for identity in expected.contents.keys() & found.contents.keys():
        one, other = expected.contents[identity], found.contents[identity]
        if one != other:
            yield f"{identity} says another thing: {one} | {other}"


def _changed(expected: list[str], found: list[str]) -> Iterator[str]:
    for line in difflib.unified_diff(expected, found, lineterm="", n=0):
        if line[:3] not in ("---", "+++") and line[:2] != "@@":
            yield line


def _first(lines: Iterable[str]) -> str:
    every = list(lines)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return json.dumps(every[:_NAMED], ensure_ascii=False) + more
