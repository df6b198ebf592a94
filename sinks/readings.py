"""From the readings of a batch to the block of their rows, a row a channel, in columns.

Nothing here is done for a single value, and little for a single reading: what a reading says once
is taken by NumPy for every channel. The rows go out in the order in which the table keeps them, so
that the server has nothing to sort.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sinks import columns
from sinks.batch import Batch
from sinks.digits import digits_of
from sinks.native import Column, NativeBlock, Texts, native_block
from sinks.reading_entries import Judged, ReadingEntries
from streams.core.columns import Integers

MAX_OFFSET: Final = (1 << 63) - 1
"""Less the offset it is the version of a row: the lower offset wins."""

_DAY: Final = 86_400_000
_KEY_BITS: Final = 63

Numbers = NDArray[Any]


def reading_rows(batch: Batch) -> NativeBlock | None:
    """The rows of a batch whose entries are `ReadingEntries`; None where there are none.

    Raises ValueError for what no row can hold.
    """
    entries = batch.entries
    if not entries:
        return None
    if not isinstance(entries, ReadingEntries):
        raise TypeError("the rows of readings are made of ReadingEntries")
    return _Rows(entries).block(batch.topic, batch.partition)


class _Rows:
    """The columns of r readings with v values together, and the order of their rows."""

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
        """The block of all rows."""
        order, readings = self._order, self._readings
        made: dict[str, Column] = {}
        for name, column in self._of_reading.items():
            made[name] = column[readings]
        for name, texts in self._texts_of_reading.items():
            made[name] = Texts(texts.known, texts.numbers[readings])
        for name, texts in self._of_value.items():
            made[name] = Texts(texts.known, texts.numbers[order])
        made["digits"], made["scale"] = digits_of(self._values[order])
        made["topic"] = Texts([topic], np.zeros(len(order), dtype=np.uint8))
        made["partition"] = np.full(len(order), partition, dtype=np.int64)
        return native_block(columns.READINGS, [made[name] for name in columns.READINGS])


def _order(sources: Texts, starts: Integers, readings: Integers, parameters: Texts) -> Integers:
    """The order of the table: source, day, parameter, start.

    One number a row has all of them, and the row itself. Where it would not fit, the server sorts.
    """
    source, days = _ranks(sources)[sources.numbers], starts // _DAY
    place = np.lexsort((starts, days, source))
    new_group = np.zeros(len(place), dtype=np.int64)
    new_group[1:] = (np.diff(source[place]) != 0) | (np.diff(days[place]) != 0)
    group, moment = np.empty_like(place), np.empty_like(place)
    group[place], moment[place] = np.cumsum(new_group), np.arange(len(place))
    width, rows = len(parameters.known), len(readings)
    if len(place).bit_length() * 2 + width.bit_length() + rows.bit_length() >= _KEY_BITS:
        return np.arange(rows)
    key = (group * width)[readings] + _ranks(parameters)[parameters.numbers]
    key = (key * len(place) + moment[readings]) * rows + np.arange(rows)
    key.sort()
    order: Integers = key % rows
    return order


def _ranks(texts: Texts) -> Integers:
    """The place of each text among all when they are sorted as the server sorts them: by bytes."""
    known = texts.known
    ranks = np.empty(len(known), dtype=np.int64)
    ranks[sorted(range(len(known)), key=known.__getitem__)] = np.arange(len(known))
    return ranks


def _texts(said: Iterable[str]) -> Texts:
    """A column of texts, with the numbers of the different ones in the order of their coming."""
    known: dict[str, int] = {}
    numbers = [known.setdefault(text, len(known)) for text in said]
    return Texts(list(known), np.array(numbers, dtype=np.int64))


def _repeated(said: Sequence[str], counts: Sequence[int]) -> Texts:
    """Each text as often as its count says."""
    texts = _texts(said)
    return Texts(texts.known, np.repeat(texts.numbers, counts))


def _parameters(blocks: Sequence[Judged]) -> Texts:
    names = [name for block in blocks for name in block.pattern.names]
    return _repeated(names, [len(block.places) for block in blocks for _ in block.pattern.names])


def _flags(blocks: Sequence[Judged]) -> Texts:
    flags = [block.pattern.flags.get(name, "") for block in blocks for name in block.pattern.names]
    return _repeated(flags, [len(block.places) for block in blocks for _ in block.pattern.names])


def _qualities(blocks: Sequence[Judged]) -> Texts:
    """Blocks number their codes each for itself."""
    known: dict[str, int] = {}
    parts = []
    for block in blocks:
        numbers = np.array([known.setdefault(text, len(known)) for text in block.texts])
        parts.append(numbers[block.codes.T.ravel()])
    return Texts(list(known), np.concatenate(parts))
