"""Marks of operators through deployed workers: readings are read again, whatever is done to them.

A mark arrives hours after its readings were judged and acknowledged. What the workers published in
the end must be what the core finds in the log in one go, with the same ids and revisions.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from emissions.input.reading_row import ReadingRow
from emissions.replay.export import ReplayResults, standing_violations, write_export
from emissions.replay.publish import publish_notices, publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.records.partitioning import partition_of
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Channel, Enterprise
from streams.core.registry.notice import Notice
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.kafka.topics import create_topics
from streams.registry.notices import DatedNotice
from streams.settings import Settings
from tests.core.examples import BIN, SO2, connected, limit, local, source
from tests.crash.nation import registered_number
from tests.crash.outcome import Outcome, collect_results
from tests.support.broker import TestBroker, eventually
from tests.support.core_run import TOPIC, history, judge, logs
from tests.support.streams_process import StreamsProcess, findings_of, own_settings
from tests.support.tiers import kafka_now_embedded_later
from tests.worker.test_worker import done, publish

pytestmark = pytest.mark.process

CODEC = Codec(FileIds())
PARTITIONS = 2
BEGIN = local("2026-04-01 08:00")
HOT = BEGIN + 2 * HOUR, BEGIN + 4 * HOUR
FLOW = Channel("FLOW", "m3/s", range=(0.0, 900.0))
NAMES = tuple(f"S-{number}" for number in range(6))
OTHER = registered_number("99024000123")
ARRIVAL = BEGIN + 7 * HOUR + MINUTE
"""When the marks arrive: every window of the hot hours has closed."""


def enterprises() -> list[Enterprise]:
    stacks = [
        source(name, channels=(SO2, FLOW), limits=(limit(500.0),)) for name in (*NAMES, "FOREIGN")
    ]
    foreign = connected(stacks[-1], on="2026-03-01", bin=OTHER)
    return [connected(*stacks[:-1], on="2026-03-01"), foreign]


def rows() -> list[ReadingRow]:
    """Twelve hours of every source, of which two are far above the limit."""
    found: list[ReadingRow] = []
    for number in range(72):
        at = BEGIN + number * 10 * MINUTE
        hot = HOT[0] <= at < HOT[1]
        for name in (*NAMES, "FOREIGN"):
            values = {"SO2": 1500.0 if hot else 100.0, "FLOW": 1.0 if hot else 50.0}
            reading = Reading(name, at, 600, "NORMAL", None, values, {})
            found.append(ReadingRow(len(found) + 1, reading, at + 10 * MINUTE))
    return found


def mark(
    name: str, identity: str, span: tuple[int, int] = HOT, arrival: int = ARRIVAL, **said: Any
) -> DatedNotice:
    said = {"reason": "r", "bin": BIN, **said}
    bin_ = said.pop("bin")
    return DatedNotice(Notice(identity, "MARK", bin_, name, *span, **said), arrival)


HOSTILE = "\x00\x1b[2J'; DROP TABLE notices; --\u202e\n\r\t{{}}\ud7ff\U0010ffff" * 20

NOTICES = [
    mark("S-0", "C", flag="C"),
    mark("S-1", "over-1", (HOT[0], HOT[0] + 70 * MINUTE), state="STARTUP"),
    mark("S-1", "over-2", (HOT[0] + 45 * MINUTE, HOT[1]), flag="M", parameter="SO2"),
    mark("S-2", "stopped", state="STOPPED"),
    mark("S-2", "denied", (BEGIN + 5 * HOUR, BEGIN + 6 * HOUR), state="STOPPED"),
    mark("S-3", "back", flag="D"),
    DatedNotice(Notice("W", "MARK", BIN, "S-3", withdraws="back"), ARRIVAL + 2 * HOUR),
    mark("S-4", "unknown-channel", flag="M", parameter="NH3"),
    mark("FOREIGN", "not-theirs", flag="M"),
    mark("nobody\x00'\"", "nobody", flag="M", reason=HOSTILE),
    mark("S-5", "hostile", (HOT[0], HOT[0] + HOUR), flag="T", reason=HOSTILE, note=HOSTILE),
    mark("S-5", "before-all", (BEGIN + 5 * HOUR, BEGIN + 6 * HOUR), BEGIN - 9 * DAY, flag="B"),
    DatedNotice(
        Notice("off", "UNPLANNED_OUTAGE", BIN, "S-4", BEGIN + 6 * HOUR, BEGIN + 9 * HOUR), ARRIVAL
    ),
]


@pytest.fixture(scope="module")
def partition_logs() -> list[list[RawRecord]]:
    assert {partition_of(name, PARTITIONS) for name in NAMES[:6]} == {0, 1}
    return logs(rows(), BEGIN + 5 * DAY, PARTITIONS)


def by_core(partition_logs: Sequence[Sequence[RawRecord]], directory: Path) -> dict[str, str]:
    """The export of what the core finds in the log in one batch."""
    found, _ = judge(history(enterprises(), NOTICES), partition_logs, lambda log: iter([log]))
    return exported(found, directory)


def canonical(settings: Settings, files: dict[str, str]) -> dict[str, str]:
    """Exported files with the name that the topic of readings has in the core's run."""
    own = settings.topic_readings
    return {name: text.replace(own, TOPIC) for name, text in files.items()}


def exported(findings: Any, directory: Path) -> dict[str, str]:
    write_export(findings, directory)
    return {path.name: path.read_text() for path in directory.iterdir()}


@pytest.fixture(scope="module")
def expected(
    partition_logs: list[list[RawRecord]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    return by_core(partition_logs, tmp_path_factory.mktemp("expected"))


def parts(log: Sequence[RawRecord]) -> Iterator[tuple[int, int]]:
    """Where a log is to be cut so that each notice arrives between two of its records."""
    arrivals = sorted({each.arrived_at or 0 for each in NOTICES})
    edges = [sum(record.timestamp < arrival for record in log) for arrival in arrivals]
    yield from zip([0, *edges], [*edges, len(log)], strict=True)


class Story:
    """Publishes everything in the order of arrival; workers judge what is there meanwhile."""

    def __init__(
        self, broker: TestBroker, settings: Settings, partition_logs: list[list[RawRecord]]
    ) -> None:
        self.broker = broker
        self.settings = settings
        self.logs = partition_logs
        self._steps = sorted({each.arrived_at or 0 for each in NOTICES})
        self._at = 0

    async def before(self) -> dict[int, int]:
        """The readings before the next notices; returns up to where they go."""
        ends = {}
        for partition, log in enumerate(self.logs):
            start, end = list(parts(log))[self._at]
            if start < end:
                await publish(self.broker, self.settings.topic_readings, partition, log[start:end])
            ends[partition] = end
        return ends

    async def tell(self) -> None:
        """The next notices."""
        arrival = self._steps[self._at]
        told = [each for each in NOTICES if (each.arrived_at or 0) == arrival]
        await publish_notices(self.settings, told, CODEC)
        self._at += 1

    async def judged(self, ends: dict[int, int], worker: StreamsProcess) -> None:
        """Wait until a worker has judged everything up to there."""
        wanted = {partition: end for partition, end in ends.items() if end}

        async def committed() -> bool:
            assert worker.exit_code is None, worker.said()
            topic = self.settings.topic_readings
            return await self.broker.committed(self.settings.group_streams, topic) == wanted

        await eventually(committed, f"{ends} is committed")


async def story(broker: TestBroker, partition_logs: list[list[RawRecord]], **more: object) -> Story:
    settings = own_settings(broker.address, partitions=PARTITIONS, poll_records=50, **more)
    await create_topics(settings, "replay")
    await publish_registry(settings, enterprises(), CODEC, timestamp=0)
    return Story(broker, settings, partition_logs)


def above(found: ReplayResults) -> list[str]:
    """The sources of the KZ-30 violations that stand."""
    standing = standing_violations(found)
    return [each["source_id"] for each in standing if each["rule"] == "KZ-30"]


async def check(told: Story, expected: dict[str, str], directory: Path) -> None:
    """What was published is what the core finds, and nothing was said twice differently."""
    published = Outcome()
    found = await collect_results(told.settings, published)
    assert canonical(told.settings, exported(found, directory)) == expected
    assert published.contradictions == []


async def test_marks_of_judged_readings_give_what_the_core_gives(
    any_broker: TestBroker,
    partition_logs: list[list[RawRecord]],
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    told = await story(any_broker, partition_logs)
    with StreamsProcess(told.settings, tmp_path / "log") as worker:
        await told.before()
        await told.tell()  # before all
        ends = await told.before()
        await told.judged(ends, worker)
        hot = await findings_of(any_broker, told.settings)
        assert len(above(hot)) == 7 * 4
        await told.tell()
        await told.before()
        await told.tell()  # one is taken back
        await told.before()
        await done(any_broker, told.settings, partition_logs, worker)
        assert worker.end(signal.SIGTERM) == 0, worker.said()
    assert worker.said().count('"readings_read_again"') >= 2
    assert "Traceback" not in worker.said()
    await check(told, expected, tmp_path / "found")
    after = await findings_of(any_broker, told.settings)
    assert sorted(above(after)) == sorted([*("S-3", "S-4", "FOREIGN") * 4, "S-5", "S-5"])
    verdicts = {each["notice_id"]: each["verdict"] for each in after.notices.values()}
    assert verdicts == {
        "C": "IN_TIME", "over-1": "IN_TIME", "over-2": "IN_TIME", "stopped": "IN_TIME",
        "denied": "CONTRADICTED", "back": "WITHDRAWN", "W": "IN_TIME",
        "unknown-channel": "IN_TIME", "not-theirs": "REFUSED", "nobody": "REFUSED",
        "hostile": "IN_TIME", "before-all": "IN_TIME", "off": "IN_TIME",
    }  # fmt: skip


@kafka_now_embedded_later
async def test_a_worker_killed_right_after_the_marks_loses_and_doubles_nothing(
    any_broker: TestBroker,
    partition_logs: list[list[RawRecord]],
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    """Killed while it reads again, and after; the state is behind what was published."""
    told = await story(
        any_broker, partition_logs, session_timeout_s=3.0, heartbeat_s=0.5, save_records=150
    )
    with StreamsProcess(told.settings, tmp_path / "log") as worker:
        await told.before()
        await told.tell()
        await told.judged(await told.before(), worker)
        await told.tell()
        await told.before()
        for times in (1, 3):

            async def reads_again(times: int = times) -> bool:
                assert worker.exit_code is None, worker.said()
                return worker.said().count('"readings_read_again"') >= times

            await eventually(reads_again, "readings are read again")
            worker.end(signal.SIGKILL)
            worker.start()
        await told.tell()
        await told.before()
        await done(any_broker, told.settings, partition_logs, worker)
        assert worker.end(signal.SIGTERM) == 0, worker.said()
    await check(told, expected, tmp_path / "found")


@kafka_now_embedded_later
async def test_marks_between_two_workers_that_share_are_counted_once(
    any_broker: TestBroker,
    partition_logs: list[list[RawRecord]],
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    """A worker comes while the marks arrive and the other goes: partitions move twice."""
    told = await story(any_broker, partition_logs)
    with (
        StreamsProcess(told.settings, tmp_path / "one") as one,
        StreamsProcess(told.settings, tmp_path / "two") as two,
    ):
        two.end(signal.SIGKILL)
        await told.before()
        await told.tell()
        await told.judged(await told.before(), one)
        two.start()
        await told.tell()
        await told.before()
        await eventually(lambda: "worker_started" in two.said(), "the second has started")
        assert one.end(signal.SIGTERM) == 0, one.said()
        await told.tell()
        await told.before()
        await done(any_broker, told.settings, partition_logs, two)
        assert two.end(signal.SIGTERM) == 0, two.said()
    await check(told, expected, tmp_path / "found")


async def test_marks_of_readings_that_the_topic_has_lost(
    kafka: TestBroker,
    partition_logs: list[list[RawRecord]],
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    """No partition stops, and no violation stands in what was marked.

    All marks are of whole slots and channels but one, so the results are those of the whole log,
    but for the mark of one channel, and the one that is taken back: it stays as it was counted.
    """
    told = await story(kafka, partition_logs)
    with StreamsProcess(told.settings, tmp_path / "log") as worker:
        await told.before()
        await told.tell()
        ends = await told.before()
        await told.judged(ends, worker)
        await forget(kafka, told.settings, {part: end - 1 for part, end in ends.items()})
        await told.tell()
        await told.before()
        await told.tell()
        await told.before()
        await done(kafka, told.settings, partition_logs, worker)
        assert worker.end(signal.SIGTERM) == 0, worker.said()
    assert worker.said().count('"marked_readings_lost"') >= 2
    assert "Traceback" not in worker.said()
    published = Outcome()
    found = await collect_results(told.settings, published)
    assert published.contradictions == []
    assert sorted(above(found)) == sorted([*("S-4", "FOREIGN") * 4, "S-5", "S-5"])
    gaps = exported(found, tmp_path / "found")["gaps.csv"]
    whole = {line.rpartition(",")[0] for line in expected["gaps.csv"].splitlines()}
    more = {line.rpartition(",")[0] for line in gaps.splitlines()} - whole
    assert all(line.startswith("S-3,") for line in more)


async def forget(broker: TestBroker, settings: Settings, before: dict[int, int]) -> None:
    """Have a broker delete the readings before offsets, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    topic = settings.topic_readings
    await admin.delete_records(
        {TopicPartition(topic, at): RecordsToDelete(before_offset=to) for at, to in before.items()}
    )
    await admin.close()
