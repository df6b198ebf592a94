"""Columns written out as the readings that they stand for, so that both can be compared."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

from schemas.codec import Codec
from schemas.columns import Block, DecodedBatch
from schemas.reading import Reading, Rejected, Tick

Said = tuple[object, ...] | Tick | Rejected
"""A reading with all that can tell it from another: bits, and the order of names and flags."""


def said_in_columns(decoded: DecodedBatch, count: int) -> list[Said]:
    """What is said of each message of a batch; every message must be in one place."""
    found: dict[int, Said] = dict(decoded.others)
    for block in decoded.blocks:
        rows = _rows_of(block)
        assert rows
        assert not found.keys() & set(rows)
        found.update((row, _said(block.reading(at))) for at, row in enumerate(rows))
    patterns = [block.pattern for block in decoded.blocks]
    assert len(set(patterns)) == len(patterns)
    assert sorted(found) == list(range(count))
    return [found[row] for row in range(count)]


def said_one_by_one(codec: Codec, values: Sequence[bytes | None]) -> list[Said]:
    """The same by decoding each message alone."""
    each = map(codec.decode_reading, values)
    return [_said(found) if isinstance(found, Reading) else found for found in each]


def _rows_of(block: Block) -> list[int]:
    count, names = len(block.rows), block.pattern.names
    assert block.rows.dtype == block.measured_at.dtype == np.int64
    assert block.values.dtype == np.float64
    assert block.measured_at.shape == (count,)
    assert block.values.shape == (count, len(names))
    assert all(column.flags.c_contiguous for column in block.values.T)
    assert len(set(names)) == len(names)
    rows: list[int] = block.rows.tolist()
    assert rows == sorted(set(rows))
    return rows


def _said(reading: Reading) -> Said:
    return (
        reading.source_id,
        reading.measured_at,
        reading.period_s,
        reading.state,
        reading.device_serial,
        _items([(name, struct.pack("<d", value)) for name, value in reading.values.items()]),
        _items(reading.flags),
    )


def _items(pairs: Mapping[str, str] | list[tuple[str, bytes]]) -> tuple[object, ...]:
    return tuple(pairs.items() if isinstance(pairs, Mapping) else pairs)
