"""What a message becomes on its way into a table, and which messages lead to none."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from aiokafka import ConsumerRecord

from emissions.simulation.fake_ids import fake_bin
from schemas.codec import Codec
from schemas.columns import Block, Integers
from schemas.ids import FileIds
from sinks.decode import routes
from sinks.readings.entries import ReadingEntries, RowBlock
from sinks.tables import RAW_MESSAGES, READINGS
from streams.core.time.interval import LATEST_ARRIVAL
from streams.rules.country import home
from streams.settings import Settings
from tests.schemas.examples import RECORDS

CODEC = Codec(FileIds())
SETTINGS = Settings()


def all_valid(block: Block, _: Integers, partition: int) -> RowBlock:
    assert partition == 3
    codes = np.zeros(block.values.shape, dtype=np.int16)
    return RowBlock.from_block(block, np.arange(len(block.rows)), codes, [""])


ROUTES = routes(SETTINGS, CODEC, all_valid, home())


def record(name: str, timestamp: int = 0, **changes: Any) -> ConsumerRecord:
    value = CODEC.encode(name, RECORDS[name] | changes)
    plain = SimpleNamespace(
        timestamp=timestamp, key=b"k", value=value, headers=(), offset=0, partition=3
    )
    return cast("ConsumerRecord", plain)


@pytest.mark.parametrize("timestamp", [-1, LATEST_ARRIVAL + 1, (1 << 63) - 1])
def test_a_reading_that_the_streams_worker_buries_for_its_timestamp_has_no_row(
    timestamp: int,
) -> None:
    bad, good = record("EmissionReading", timestamp), record("EmissionReading", LATEST_ARRIVAL)
    (entry,) = ROUTES[SETTINGS.topic_readings].decode([bad, good, bad]).entries
    assert entry.timestamp == LATEST_ARRIVAL


def test_a_registration_that_the_streams_worker_leaves_out_has_no_row() -> None:
    decode = ROUTES[SETTINGS.topic_registry].decode
    name, bin_ = "EnterpriseRegistration", RECORDS["EnterpriseRegistration"]["bin"].encode()
    good = record(name)
    good.key = bin_
    struck = record(name)
    struck.key, struck.value = bin_, None
    assert [entry.rows for entry in decode([good, struck]).entries] == [
        1 + len(RECORDS[name]["sources"]),
        1,
    ]
    bad = [record(name) for _ in range(5)]
    for message, key in zip(bad, (b"k", None, b"", b"\xff", fake_bin(7).encode()), strict=True):
        message.key = key
    for key in (b"k", None, b""):
        bad.append(record(name))
        bad[-1].key, bad[-1].value = key, None
    bad.append(record(name, LATEST_ARRIVAL + 1))
    bad[-1].key = bin_
    entries, unreadable = decode([*bad, good])
    assert (len(entries), unreadable) == (1, len(bad))


def test_readings_of_a_fetch_keep_their_places() -> None:
    """Between messages that lead to no row, whatever channels they carry."""
    carried = [{"SO2": 1.5, "O2": 7.0}, {}, {"O2": 7.0}, {"SO2": float("nan"), "O2": -0.0}]
    messages = [record("EmissionReading", values=values) for values in carried]
    messages.insert(1, record("StreamTick"))
    messages.insert(3, record("EmissionReading"))
    messages[3].value = b"\x00nothing"
    for offset, message in enumerate(messages):
        message.offset = 100 + offset
    found = ROUTES[SETTINGS.topic_readings].decode(messages).entries
    assert isinstance(found, ReadingEntries)
    rows_of = [(entry.offset, entry.rows) for entry in found]
    assert rows_of == [(100, 2), (102, 0), (104, 1), (105, 2)]
    rows = {
        int(found.offsets[place]): repr(dict(zip(block.pattern.names, values, strict=True)))
        for block in found.blocks
        for place, values in zip(block.places.tolist(), block.values.tolist(), strict=True)
    }
    assert rows == {100 + at: repr(carried[n]) for n, at in enumerate((0, 2, 4, 5))}
    assert (found.rows, found.bytes) == (5, sum(len(messages[at].value) for at in (0, 2, 4, 5)))


def test_messages_are_kept_unless_that_is_switched_off() -> None:
    tables = {
        kept: routes(
            replace(SETTINGS, sink_raw_messages=kept, retention_readings_days=2000),
            CODEC,
            all_valid,
            home(),
        )[SETTINGS.topic_readings].tables
        for kept in (True, False)
    }
    assert tables == {True: (READINGS, RAW_MESSAGES), False: (READINGS,)}


@pytest.mark.parametrize(
    ("reason", "topic", "measured_at", "told"),
    [
        ("TOO_LATE", SETTINGS.topic_readings, 1_772_305_200_000, 1_772_305_200_000),
        ("WRONG_PARTITION", SETTINGS.topic_readings, LATEST_ARRIVAL, LATEST_ARRIVAL),
        ("FUTURE", SETTINGS.topic_readings, LATEST_ARRIVAL + 1, None),  # no time of ClickHouse
        ("UNDECODABLE", SETTINGS.topic_readings, 1_772_305_200_000, None),
        ("TOO_LATE", "elsewhere", 1_772_305_200_000, None),
    ],
)
def test_a_letter_has_the_time_of_its_reading(
    reason: str, topic: str, measured_at: int, told: int | None
) -> None:
    reading = record("EmissionReading", measured_at=measured_at).value
    letters = [
        record("DeadLetter", reason=reason, topic=topic, value=value)
        for value in (reading, b"none", None)
    ]
    taken = ROUTES[SETTINGS.topic_dead_letters].decode(letters)
    assert taken.unreadable == 0
    assert [entry.record.get("measured_at") for entry in taken.entries] == [told, None, None]
