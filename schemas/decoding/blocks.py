"""Build blocks: from readings that were decoded alone, and from blocks of one pattern."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schemas.columns import Block, Pattern
from schemas.reading import Reading


def block_of_readings(pattern: Pattern, readings: Sequence[tuple[int, Reading]]) -> Block:
    """Build the block of readings with their rows, ascending; all must have the pattern."""
    columns = np.array(
        [tuple(reading.values.values()) for _, reading in readings], np.float64
    ).reshape(len(readings), len(pattern.names))
    return Block(
        pattern,
        np.array([row for row, _ in readings], np.int64),
        [reading.source_id for _, reading in readings],
        [reading.device_serial for _, reading in readings],
        np.array([reading.measured_at for _, reading in readings], np.int64),
        np.asfortranarray(columns),
    )


def merge_blocks(blocks: Sequence[Block]) -> list[Block]:
    """Merge the blocks of each pattern into one."""
    by_pattern: dict[Pattern, list[Block]] = {}
    for block in blocks:
        by_pattern.setdefault(block.pattern, []).append(block)
    return [found[0] if len(found) == 1 else _one_block(found) for found in by_pattern.values()]


def _one_block(blocks: Sequence[Block]) -> Block:
    rows = np.concatenate([block.rows for block in blocks])
    ids = [source_id for block in blocks for source_id in block.source_ids]
    serials = [serial for block in blocks for serial in block.device_serials]
    moments = np.concatenate([block.measured_at for block in blocks])
    columns = np.concatenate([block.values.T for block in blocks], axis=1)
    if not (rows[1:] > rows[:-1]).all():
        order = np.argsort(rows, kind="stable")
        rows, moments, columns = rows[order], moments[order], np.take(columns, order, axis=1)
        ids = [ids[place] for place in order.tolist()]
        serials = [serials[place] for place in order.tolist()]
    return Block(blocks[0].pattern, rows, ids, serials, moments, columns.T)
