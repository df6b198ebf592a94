"""Read dead letters from the topic, and from ClickHouse those that only the sinks rejected."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from typing import Any, Final

from aiokafka import TopicPartition
from clickhouse_connect.driver.client import Client

from emissions.dead_letters.dead_letter import DeadLetterRecord, RecordCoordinates, dead_letter_of
from emissions.progress import ReportProgress
from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from streams.kafka.clients import consumer_of
from streams.kafka.reader import FETCH_MS, ends_of, read_log
from streams.settings import Settings

SINK: Final = "sink"
"""Stage of the dead letters that only ClickHouse holds."""

_RECORD: Final = "DeadLetter"
_COLUMNS: Final = (
    "reason", "stage", "detail", "source_id", "topic", "partition", "offset", "timestamp", "key",
    "value", "headers",
)  # fmt: skip
# Times as integers, texts as bytes: keys and values need not be UTF-8.
_READ: Final = ", ".join(
    f"toUnixTimestamp64Milli({name})" if name == "timestamp" else name for name in _COLUMNS
)
_SELECT: Final = f"SELECT {_READ} FROM dead_letters_current"  # noqa: S608  names of this file
_REPORT_EVERY: Final = 1_000


async def read_topic(
    settings: Settings, codec: Codec, report: ReportProgress
) -> AsyncIterator[DeadLetterRecord]:
    """Yield every dead letter of the topic; one that a crash wrote twice comes twice.

    Other records are skipped: anybody with write access can put anything there. Raises LookupError
    where the topic does not exist, and Kafka's errors.
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
) -> DeadLetterRecord | None:
    if value is None:
        return None
    try:
        name, record = codec.decode(value)
    except (Undecodable, UnknownSchema):
        return None
    return dead_letter_of(record, kept_at, kept_on) if name == _RECORD else None


async def fetch_values(
    settings: Settings, codec: Codec, letters: Iterable[DeadLetterRecord]
) -> dict[RecordCoordinates, DeadLetterRecord]:
    """Fetch the dead letters again, with the bytes of their messages."""
    whole: dict[RecordCoordinates, DeadLetterRecord] = {}
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


def read_sink_dead_letters(client: Client) -> list[DeadLetterRecord]:
    """Read the dead letters of the sinks with their bytes; raise the driver's errors."""
    answer = client.query(
        f"{_SELECT} WHERE stage = {{stage:String}}",
        {"stage": SINK},
        query_formats={"String": "bytes"},
    )
    return [_from_row(row) for row in answer.result_rows]


def read_stored_dead_letters(client: Client) -> Iterator[DeadLetterRecord]:
    """Stream every stored dead letter with its bytes; raise the driver's errors."""
    with client.query_rows_stream(_SELECT, query_formats={"String": "bytes"}) as rows:
        for row in rows:
            yield _from_row(row)


def _from_row(row: Collection[Any]) -> DeadLetterRecord:
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
    return dead_letter_of(record, None, 0)


def _text(given: bytes | str) -> str:
    return given.decode(errors="replace") if isinstance(given, bytes) else given


def _bytes(given: bytes | str) -> bytes:
    return given.encode() if isinstance(given, str) else given
