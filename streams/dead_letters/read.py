"""Reads letters: from the topic, and from ClickHouse those that only the sinks refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from typing import Any, Final

from aiokafka import TopicPartition
from clickhouse_connect.driver.client import Client

from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from streams.dead_letters.letter import Letter, Place, letter_of
from streams.replay.client import consumer_of
from streams.replay.logs import FETCH_MS, ends_of, read_log
from streams.settings import Settings

SINK: Final = "sink"
"""Stage of the letters that are in ClickHouse alone."""

_RECORD: Final = "DeadLetter"
_COLUMNS: Final = (
    "reason", "stage", "detail", "source_id", "topic", "partition", "offset", "timestamp", "key",
    "value", "headers",
)  # fmt: skip
# Times as they are stored, texts as bytes: a key or a value need not be UTF-8.
_READ: Final = ", ".join(
    f"toUnixTimestamp64Milli({name})" if name == "timestamp" else name for name in _COLUMNS
)
_SELECT: Final = f"SELECT {_READ} FROM dead_letters_current"  # noqa: S608  names of this file
_REPORT_EVERY: Final = 1_000

Report = Callable[[str, int, int | None], None]
"""Told of progress: the step, done, total if known."""


async def letters_in_topic(
    settings: Settings, codec: Codec, report: Report
) -> AsyncIterator[Letter]:
    """Every letter of the topic; one that a crash left there twice comes twice.

    A record that is no letter is left out: anybody who may write there can write anything.
    Raises LookupError where the topic does not exist, and Kafka's errors.
    """
    ends = await ends_of(settings, settings.topic_dead_letters)
    total, done = sum(ends.values()), 0
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            done += 1
            if done % _REPORT_EVERY == 0:
                report("dead letters", done, total)
            place = (record.partition, record.offset)
            letter = _decoded(codec, record.value, place, record.timestamp)
            if letter is not None:
                yield letter
    report("dead letters", total, total)


def _decoded(
    codec: Codec, value: bytes | None, kept_at: tuple[int, int], kept_on: int
) -> Letter | None:
    if value is None:
        return None
    try:
        name, record = codec.decode(value)
    except (Undecodable, UnknownSchema):
        return None
    return letter_of(record, kept_at, kept_on) if name == _RECORD else None


async def with_values(
    settings: Settings, codec: Codec, letters: Iterable[Letter]
) -> dict[Place, Letter]:
    """The letters as they are kept, with the bytes of their messages."""
    whole: dict[Place, Letter] = {}
    wanted: dict[TopicPartition, set[int]] = {}
    for letter in letters:
        if letter.kept_at is None:
            whole[letter.place] = letter
        else:
            partition = TopicPartition(settings.topic_dead_letters, letter.kept_at[0])
            wanted.setdefault(partition, set()).add(letter.kept_at[1])
    if not wanted:
        return whole
    async with consumer_of(settings) as consumer:
        consumer.assign(list(wanted))
        for partition, offsets in wanted.items():
            consumer.seek(partition, min(offsets))
        left = {partition: max(offsets) + 1 for partition, offsets in wanted.items()}
        while left:
            for partition, records in (await consumer.getmany(*left, timeout_ms=FETCH_MS)).items():
                for record in records:
                    if record.offset in wanted[partition]:
                        place = (record.partition, record.offset)
                        found = _decoded(codec, record.value, place, record.timestamp)
                        if found is not None:
                            whole[found.place] = found
                if await consumer.position(partition) >= left[partition]:
                    del left[partition]
    return whole


def letters_in_clickhouse(client: Client) -> list[Letter]:
    """The letters that the sinks wrote, with their bytes. Raises the driver's errors."""
    answer = client.query(
        f"{_SELECT} WHERE stage = {{stage:String}}",
        {"stage": SINK},
        query_formats={"String": "bytes"},
    )
    return [_from_row(row) for row in answer.result_rows]


def all_letters_in_clickhouse(client: Client) -> Iterator[Letter]:
    """Every letter that is stored, with its bytes, one at a time. Raises the driver's errors."""
    with client.query_rows_stream(_SELECT, query_formats={"String": "bytes"}) as rows:
        for row in rows:
            yield _from_row(row)


def _from_row(row: Collection[Any]) -> Letter:
    record = dict(zip(_COLUMNS, row, strict=True))
    for name in ("reason", "stage", "detail", "source_id", "topic"):
        record[name] = _text(record[name])
    record["source_id"] = record["source_id"] or None
    record["headers"] = [
        {"name": _text(name), "value": _bytes(value)}
        for name, value in (
            header.values() if isinstance(header, dict) else header for header in record["headers"]
        )
    ]
    return letter_of(record, None, 0)


def _text(given: bytes | str) -> str:
    return given.decode(errors="replace") if isinstance(given, bytes) else given


def _bytes(given: bytes | str) -> bytes:
    return given.encode() if isinstance(given, str) else given
