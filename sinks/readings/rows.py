"""Convert the readings of a batch to a block of rows, one per channel, in columns.

NumPy does the work per column; nothing is done per value. Rows are written in the order of the
table's key, so that the server has nothing to sort.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.columns import Integers
from sinks import columns
from sinks.batch import Batch
from sinks.native import Column, DictionaryColumn, NativeBlock, native_block
from sinks.readings.decimals import to_decimals
from sinks.readings.entries import ReadingEntries, RowBlock

MAX_OFFSET: Final = (1 << 63) - 1
"""Minus the offset, this is the version of a row: the lowest offset wins."""

_DAY: Final = 86_400_000
_KEY_BITS: Final = 63

Numbers = NDArray[Any]


def reading_rows(batch: Batch) -> NativeBlock | None:
    """Build the rows of a batch of `ReadingEntries`; None if there are none.

    Raises ValueError for what no row can hold.
    """
    entries = batch.entries
    if not entries:
        return None
    if not isinstance(entries, ReadingEntries):
        raise TypeError("the rows of readings are made of ReadingEntries")
    return _Rows(entries).block(batch.topic, batch.partition)


class _Rows:
    """The columns of r readings with v values in all, and the order of their rows."""

    def __init__(self, entries: ReadingEntries) -> None:
        blocks = entries.blocks
        places = np.concatenate([block.places for block in blocks])
        measured = np.concatenate([block.measured_at for block in blocks])
        counts = [len(block.places) for block in blocks]
        periods = np.repeat([block.pattern.period_s for block in blocks], counts)
        starts = measured - measured % (periods * 1000)
        sources = _texts(name for block in blocks for name in block.source_ids)
        self._of_reading: dict[str, Numbers] = {
            "interval_start": starts,
            "measured_at": measured,
            "period_s": periods,
            "arrived_at": entries.arrivals[places],
            "version": MAX_OFFSET - entries.offsets[places],
        }
        self._texts_of_reading = {
            "source_id": sources,
            "state": _repeated([block.pattern.state for block in blocks], counts),
            "device_serial": _texts(
                serial or "" for block in blocks for serial in block.device_serials
            ),
        }
        firsts = np.cumsum([0, *counts[:-1]])
        readings = np.concatenate(
            [
                np.tile(np.arange(first, first + count), block.values.shape[1])
                for first, count, block in zip(firsts, counts, blocks, strict=True)
            ]
        )
        parameters, flags, qualities = _parameters(blocks), _flags(blocks), _qualities(blocks)
        self._order = _order(sources, starts, readings, parameters)
        self._readings = readings[self._order]
        self._of_value = {"parameter": parameters, "flag": flags, "quality": qualities}
        self._values = np.concatenate([block.values.T.ravel() for block in blocks])

    def block(self, topic: str, partition: int) -> NativeBlock:
        """Build the native block of all rows."""
        order, readings = self._order, self._readings
        made: dict[str, Column] = {}
        for name, column in self._of_reading.items():
            made[name] = column[readings]
        for name, texts in self._texts_of_reading.items():
            made[name] = DictionaryColumn(texts.values, texts.indices[readings])
        for name, texts in self._of_value.items():
            made[name] = DictionaryColumn(texts.values, texts.indices[order])
        made["digits"], made["scale"] = to_decimals(self._values[order])
        made["topic"] = DictionaryColumn([topic], np.zeros(len(order), dtype=np.uint8))
        made["partition"] = np.full(len(order), partition, dtype=np.int64)
        return native_block(columns.READINGS, [made[name] for name in columns.READINGS])


def _order(
    sources: DictionaryColumn,
    starts: Integers,
    readings: Integers,
    parameters: DictionaryColumn,
) -> Integers:
    """Return the row order of the table's key: source, day, parameter, start.

    The key and the row index are packed into one 63-bit integer per row. Where they do not fit, the
    order is left as it is and the server sorts.
    """
    source, days = _ranks(sources)[sources.indices], starts // _DAY
    place = np.lexsort((starts, days, source))
    new_group = np.zeros(len(place), dtype=np.int64)
    new_group[1:] = (np.diff(source[place]) != 0) | (np.diff(days[place]) != 0)
    group, moment = np.empty_like(place), np.empty_like(place)
    group[place], moment[place] = np.cumsum(new_group), np.arange(len(place))
    width, rows = len(parameters.values), len(readings)
    if len(place).bit_length() * 2 + width.bit_length() + rows.bit_length() >= _KEY_BITS:
        return np.arange(rows)
    key = (group * width)[readings] + _ranks(parameters)[parameters.indices]
    key = (key * len(place) + moment[readings]) * rows + np.arange(rows)
    key.sort()
    order: Integers = key % rows
    return order


def _ranks(texts: DictionaryColumn) -> Integers:
    """Rank texts in the byte order in which the server sorts them."""
    known = texts.values
    ranks = np.empty(len(known), dtype=np.int64)
    ranks[sorted(range(len(known)), key=known.__getitem__)] = np.arange(len(known))
    return ranks


def _texts(said: Iterable[str]) -> DictionaryColumn:
    """Build a dictionary column; the texts are numbered in order of appearance."""
    known: dict[str, int] = {}
    numbers = [known.setdefault(text, len(known)) for text in said]
    return DictionaryColumn(list(known), np.array(numbers, dtype=np.int64))


def _repeated(said: Sequence[str], counts: Sequence[int]) -> DictionaryColumn:
    """Repeat each text as often as its count says."""
    texts = _texts(said)
    return DictionaryColumn(texts.values, np.repeat(texts.indices, counts))


def _parameters(blocks: Sequence[RowBlock]) -> DictionaryColumn:
    names = [name for block in blocks for name in block.pattern.names]
    return _repeated(names, [len(block.places) for block in blocks for _ in block.pattern.names])


def _flags(blocks: Sequence[RowBlock]) -> DictionaryColumn:
    flags = [block.pattern.flags.get(name, "") for block in blocks for name in block.pattern.names]
    return _repeated(flags, [len(block.places) for block in blocks for _ in block.pattern.names])


def _qualities(blocks: Sequence[RowBlock]) -> DictionaryColumn:
    """Merge the codes of all blocks, each of which numbers its own."""
    known: dict[str, int] = {}
    parts = []
    for block in blocks:
        numbers = np.array([known.setdefault(text, len(known)) for text in block.texts])
        parts.append(numbers[block.codes.T.ravel()])
    return DictionaryColumn(list(known), np.concatenate(parts))
