"""What is sent as a ready block is what the server has then; values come back bit by bit."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import Reading
from sinks.batch_writer import BatchWriter
from sinks.clickhouse import async_client
from sinks.native import Column, DictionaryColumn, native_block
from sinks.readings.decimals import BITS, from_decimals, to_decimals
from sinks.tables import READINGS
from tests.sinks.make import MARCH, MINUTE, ReadingRow, batch, entry
from tests.support.clickhouse import TestClickHouse

doubles = st.floats() | st.builds(
    lambda whole, places: whole / 10**places, st.integers(-(10**9), 10**9), st.integers(0, 9)
)
bits = st.integers(0, (1 << 64) - 1).map(lambda word: struct.unpack("<d", struct.pack("<Q", word)))


@given(values=st.lists(doubles | bits.map(lambda found: found[0]), max_size=20))
def test_values_survive_as_digits(values: list[float]) -> None:
    sent = np.array(values, dtype=np.float64)
    assert from_decimals(*to_decimals(sent)).view(np.int64).tolist() == sent.view(np.int64).tolist()


def test_what_a_device_shows_takes_its_decimal_places() -> None:
    digits, scales = to_decimals(np.array([12.30, 7.0, -0.05, 1e300, 0.1 + 0.2]))
    assert digits.tolist()[:3] == [123, 7, -5]
    assert scales.tolist() == [1, 0, 2, BITS, BITS]


@pytest.mark.parametrize("texts", [1, 255, 256, 257, 65_537])
def test_a_block_is_read_as_it_was_sent(clickhouse: TestClickHouse, texts: int) -> None:
    types = {"t": "LowCardinality(String)", "n": "Int64", "s": "UInt8"}
    known = [f"Т{number}" for number in range(texts - 1)] + [""]
    numbers = np.arange(texts)[::-1]
    block = native_block(types, [DictionaryColumn(known, numbers), numbers - 5, numbers % 256])
    columns = ", ".join(f"{name} {type_}" for name, type_ in types.items())
    clickhouse.client.command(f"CREATE TABLE sent ({columns}) ENGINE = Memory")
    clickhouse.client.raw_insert("sent", insert_block=block.data, fmt="Native")
    assert block.rows == texts
    assert clickhouse.rows("SELECT t, n, s FROM sent") == [
        (known[number], number - 5, number % 256) for number in reversed(range(texts))
    ]


def test_columns_that_do_not_fit_are_refused() -> None:
    one, two = np.zeros(1, dtype=np.int64), np.zeros(2, dtype=np.int64)
    wrong: list[list[Column]] = [[one, two], [one], [DictionaryColumn([""], one), one]]
    for columns in wrong:
        with pytest.raises(ValueError, match="column"):
            native_block({"a": "Int64", "b": "Int64"}, columns)


@pytest.mark.parametrize("compression", [None, "lz4"])
async def test_readings_of_all_kinds_come_back(
    clickhouse: TestClickHouse, compression: str | None
) -> None:
    carried = [{"SO2": 1.1, "O2": 7.0}, {"O2": float("nan")}, {"SO2": -0.0, "O2": 1e300}]
    flags = [{}, {"O2": "C", "CO": "D"}, {"SO2": "B"}]
    codes = [{}, {"O2": "NOT_FINITE"}, {"SO2": "STATUS_B", "O2": "OUT_OF_RANGE"}]
    rows = [
        ReadingRow(
            Reading(f"S{at % 2}", MARCH + at * MINUTE + 7, 60, "NORMAL", None, sent, flags[at]),
            codes[at],
        )
        for at, sent in enumerate(carried)
    ]

    async def connect() -> object:
        client = await async_client(clickhouse.settings)
        client.write_compression = compression
        return client

    writer = BatchWriter(connect)  # type: ignore[arg-type]
    entries = [entry(at, row) for at, row in enumerate(rows)]
    await writer.write(batch(entries, partition=3), (READINGS,))
    await writer.close()
    assert writer.rows_written == 5
    found = clickhouse.rows(
        "SELECT offset, source_id, parameter, reinterpretAsUInt64(value), flag, quality, "
        "toUnixTimestamp64Milli(interval_start), toUnixTimestamp64Milli(measured_at), topic, "
        "partition FROM readings_current ORDER BY offset, parameter DESC"
    )
    assert found == [
        (
            *(at, row.reading.source_id, name),
            struct.unpack("<Q", struct.pack("<d", value))[0],
            *(flags[at].get(name, ""), codes[at].get(name, "")),
            *(MARCH + at * MINUTE, MARCH + at * MINUTE + 7, "emissions.readings", 3),
        )
        for at, row in enumerate(rows)
        for name, value in row.reading.values.items()
    ]
