"""Messages of readings are kept as they came, once, without those that were dead-lettered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from sinks.batch import Batch, batch_of
from sinks.batch_writer import BatchWriter
from sinks.clickhouse import async_client
from sinks.decode import fetched_entries, routes
from sinks.readings.messages import message_rows
from sinks.readings.quality import quality_assessor
from sinks.tables import DEAD_LETTERS, RAW_MESSAGES
from streams.core.law.policy import Policy
from streams.rules.country import home
from streams.settings import Settings
from streams.transport.batch import PartitionBatch
from tests.core.examples import CODEC, PERIOD, Log, enterprise, history, reading, source
from tests.sinks.make import MARCH, READINGS, batch, dead_letter, entry
from tests.support.clickhouse import TestClickHouse

STORED = (
    "SELECT offset, source_id, toUnixTimestamp64Milli(measured_at), period_s, topic, partition, "
    "toUnixTimestamp64Milli(arrived_at), hex(key), hex(value), headers.name, "
    "arrayMap(x -> hex(x), headers.value) FROM {} ORDER BY offset"
)


def log() -> Log:
    """Accepted: 0, 2, 4 to 7. Not: a tick, an unknown source, what no reading is."""
    made = Log().add(reading(MARCH, source_id="B"))
    made.tick(MARCH + PERIOD)
    made.add(reading(MARCH, values={}), headers=(("Ж", b"\xff"), ("h", None), ("Ж", b"")))
    made.add(reading(MARCH, source_id="unknown"))
    made.add(reading(MARCH + PERIOD))
    made.add(reading(MARCH + PERIOD, values={"SO2": 7.0}))  # another message of its interval
    made.add(reading(MARCH + 2 * PERIOD, device_serial="s" * 2000))
    made.add(reading(MARCH - PERIOD, source_id="B"))
    return made.raw(MARCH, b"nothing").raw(MARCH, None)


def fetched(made: Log, first: int = 0, last: int = 99) -> Batch:
    records = [
        ConsumerRecord(READINGS, 0, *each[:2], 0, *each[2:4], None, 0, 0, each.headers)
        for each in made.records[first:last]
    ]
    registry = history(enterprise(source("A"), source("B")))
    ways = routes(Settings(), CODEC, quality_assessor(registry, Policy(), 1), home())
    found = fetched_entries(PartitionBatch(READINGS, 0, records, 1), ways[READINGS])
    return batch_of(READINGS, 0, [found])


def said(made: Log, offsets: Sequence[int]) -> list[tuple[Any, ...]]:
    """What is to be stored of messages."""
    found = []
    for offset in offsets:
        _, arrival, key, value, headers = made.records[offset]
        assert key is not None
        assert value is not None
        of = CODEC.decode_reading(value)
        place = of.source_id, of.measured_at, of.period_s, READINGS, 0, arrival  # type: ignore[union-attr]
        names = [name for name, _ in headers]
        values = [None if each is None else each.hex().upper() for _, each in headers]
        found.append((offset, *place, key.hex().upper(), value.hex().upper(), names, values))
    return found


async def test_messages_are_stored_byte_by_byte_and_once(clickhouse: TestClickHouse) -> None:
    clickhouse.client.command("SYSTEM STOP MERGES raw_messages")
    made = log()
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    for cut in ((0, 99), (0, 99), (0, 5), (3, 99)):  # again, and cut anew
        await writer.write(fetched(made, *cut), (RAW_MESSAGES,))
    await writer.close()
    assert (
        clickhouse.value("SELECT count() FROM raw_messages") == 6 + 3 + 4
    )  # the second: the token
    accepted = said(made, (0, 2, 4, 5, 6, 7))
    assert clickhouse.rows(STORED.format("raw_messages_current")) == accepted
    assert clickhouse.rows(STORED.format("raw_messages FINAL")) == accepted


@pytest.mark.parametrize(("stage", "hidden"), [("deduplicate", True), ("sink", False)])
async def test_messages_that_the_judging_refused_are_not_current(
    clickhouse: TestClickHouse, stage: str, hidden: bool
) -> None:
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    await writer.write(fetched(log()), (RAW_MESSAGES,))
    sources = {
        row[0]: row[1] for row in clickhouse.rows("SELECT offset, source_id FROM raw_messages")
    }
    letters = [
        entry(0, dead_letter(5, stage=stage, source_id=sources[5])),
        entry(1, dead_letter(6, topic="other", source_id=sources[6])),
    ]
    await writer.write(batch(letters, "emissions.dead-letters"), (DEAD_LETTERS,))
    await writer.close()
    assert clickhouse.rows("SELECT offset FROM raw_messages_current ORDER BY 1") == [
        (offset,) for offset in (0, 2, 4, 5, 6, 7) if offset != 5 or not hidden
    ]


def test_a_batch_without_readings_has_no_messages() -> None:
    assert message_rows(Batch(READINGS, 0, 0, 5, ())) is None
    assert message_rows(fetched(log(), 8)) is None
