"""Readings in columns are cut and joined like a tuple of messages; their rows go out in order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import Reading
from sinks.batch import Batch, Entry, FetchedEntries, batch_of
from sinks.native import NativeBlock
from sinks.readings.entries import ReadingEntries
from sinks.readings.rows import reading_rows
from tests.sinks.make import MARCH, MINUTE, READINGS, ReadingRow, entry, packed
from tests.support.clickhouse import TestClickHouse


def said(source: int, minute: int, values: dict[str, float], flag: str, code: str) -> ReadingRow:
    measured_at, serial = MARCH + minute * MINUTE + 7, f"A{source}" if source else None
    flags = {name: flag for name in values if flag}
    reading = Reading(f"S{source}", measured_at, 60, "NORMAL", serial, values, flags)
    return ReadingRow(reading, {name: code for name in values if code})


one = st.builds(
    said,
    st.integers(0, 3),
    st.integers(-3, 2000),
    st.dictionaries(st.sampled_from(["SO2", "NO", "O2", "Ж"]), st.floats(-9, 9), min_size=1),
    st.sampled_from(["", "N", "C"]),
    st.sampled_from(["", "STATUS_C", "UNVERIFIED"]),
)
rows = st.lists(one, min_size=1, max_size=12)


def entries_of(found: Sequence[ReadingRow], first: int = 0) -> ReadingEntries:
    made: list[Entry] = [
        entry(first + 2 * at, row, len(row.reading.values), b"v" * (at + 1))
        for at, row in enumerate(found)
    ]
    return packed(made, READINGS, 1)


def content(entries: ReadingEntries) -> list[tuple[Any, ...]]:
    """Everything that is said of each, in the order of offsets."""
    found = []
    for block in entries.blocks:
        columns = zip(
            block.places.tolist(),
            block.source_ids,
            block.device_serials,
            block.measured_at.tolist(),
            block.values.tolist(),
            block.codes.tolist(),
            strict=True,
        )
        for place, *told, values, codes in columns:
            texts = [block.texts[code] for code in codes]
            named = list(zip(block.pattern.names, values, texts, strict=True))
            at = int(entries.offsets[place]), int(entries.arrivals[place])
            found.append((*at, *told, dict(block.pattern.flags), named))
    return sorted(found, key=repr)


@given(rows, st.integers(0, 12), st.integers(0, 12))
def test_what_is_cut_and_joined_again_is_the_same(
    found: list[ReadingRow], first: int, second: int
) -> None:
    whole = entries_of(found)
    cuts = [0, *sorted((min(first, len(found)), min(second, len(found)))), len(found)]
    parts = [whole[a:b] for a, b in pairwise(cuts)]
    assert [each for part in parts for each in part] == [*whole]
    assert sum(part.rows for part in parts) == whole.rows == sum(each.rows for each in whole)
    assert sum(part.bytes for part in parts) == whole.bytes
    fetches = [FetchedEntries(0, 0, part) for part in parts]
    again = batch_of(READINGS, 1, fetches).entries
    assert isinstance(again, ReadingEntries)
    assert [*again] == [*whole]
    assert content(again) == content(whole)


def test_entries_are_not_picked() -> None:
    row = ReadingRow(Reading("S1", MARCH, 60, "NORMAL", None, {"O2": 7.0}, {}), {})
    whole = entries_of([row] * 4)
    with pytest.raises(ValueError, match="cut"):
        _ = whole[::2]
    assert whole[-1] == whole[3]
    with pytest.raises(IndexError):
        _ = whole[4]


def block_of(found: list[ReadingRow]) -> NativeBlock:
    made = reading_rows(Batch(READINGS, 1, 0, 2 * len(found), entries_of(found)))
    assert made is not None
    return made


def test_rows_go_out_in_the_order_of_the_table(clickhouse: TestClickHouse) -> None:
    """The server counts the blocks that it did not have to sort."""

    def counted() -> tuple[int, int]:
        names = "MergeTreeDataWriterBlocks", "MergeTreeDataWriterBlocksAlreadySorted"
        one, other = (
            clickhouse.value(f"SELECT sum(value) FROM system.events WHERE event = '{name}'")
            for name in names
        )
        return one, other

    found: list[ReadingRow] = []
    for seed in range(5, 15):  # the server counts what other tests insert meanwhile, too
        before = counted()
        rng = np.random.default_rng(seed)
        own = [
            ReadingRow(
                Reading(
                    f"S{rng.integers(5)}",
                    MARCH + int(rng.integers(3000)) * MINUTE,
                    60,
                    "NORMAL",
                    None,
                    dict.fromkeys(rng.permutation(["SO2", "Ж", "O2", "a", "É"])[:3].tolist(), 1.5),
                    {},
                ),
                {},
            )
            for _ in range(300)
        ]
        found += own
        clickhouse.client.raw_insert("readings", insert_block=block_of(own).data, fmt="Native")
        blocks, in_order = (now - then for now, then in zip(counted(), before, strict=True))
        if blocks == in_order > 0:
            break
    assert blocks == in_order > 0
    stored = clickhouse.rows("SELECT source_id, parameter, measured_at FROM readings FINAL")
    assert len(stored) == len(
        {
            (row.reading.source_id, name, row.reading.measured_at)
            for row in found
            for name in row.reading.values
        }
    )
