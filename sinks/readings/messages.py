"""Convert the readings of a batch to rows of their messages, whole: what a violation rests on.

A message is kept as it came, byte by byte, with its place and arrival. Rows are written in the
order of the table's key, so that the server has little to sort.
"""

from __future__ import annotations

import numpy as np

from sinks import columns
from sinks.batch import Batch
from sinks.native import (
    BytesColumn,
    Column,
    DictionaryColumn,
    NamedBytesColumn,
    NativeBlock,
    native_block,
)
from sinks.readings.entries import ReadingEntries


def message_rows(batch: Batch) -> NativeBlock | None:
    """Build the rows of the messages of `ReadingEntries`, a row each; None if there are none.

    Raises ValueError for what no row can hold.
    """
    entries = batch.entries
    if not entries:
        return None
    if not isinstance(entries, ReadingEntries):
        raise TypeError("the rows of messages are made of ReadingEntries")
    count = len(entries)
    numbers: dict[str, int] = {}
    sources, measured, periods = (np.zeros(count, dtype=np.int64) for _ in range(3))
    for block in entries.blocks:
        sources[block.places] = [
            numbers.setdefault(name, len(numbers)) for name in block.source_ids
        ]
        measured[block.places] = block.measured_at
        periods[block.places] = block.pattern.period_s
    names = list(numbers)
    ranks = np.empty(len(names), dtype=np.int64)
    ranks[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    order = np.lexsort((measured, ranks[sources]))
    records = [entries.records[at] for at in order.tolist()]
    made: dict[str, Column] = {
        "source_id": DictionaryColumn(names, sources[order]),
        "measured_at": measured[order],
        "period_s": periods[order],
        "topic": DictionaryColumn([batch.topic], np.zeros(count, dtype=np.uint8)),
        "partition": np.full(count, batch.partition),
        "offset": entries.offsets[order],
        "arrived_at": entries.arrivals[order],
        "key": BytesColumn([record.key for record in records]),
        "value": BytesColumn([record.value for record in records]),
        "headers": NamedBytesColumn([record.headers for record in records]),
    }
    return native_block(columns.RAW_MESSAGES, [made[name] for name in columns.RAW_MESSAGES])
