"""From the readings of a batch to the block of their rows, a row a channel, in columns.

Nothing here is done for a single value: readings of the same channels form a matrix, and what a
reading says once is repeated by NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sinks import columns
from sinks.batch import Batch, Entry
from sinks.digits import digits_of
from sinks.native import Column, NativeBlock, Texts, native_block
from streams.core.columns import Block, Decoded, Floats, Integers
from streams.core.reading import Reading

MAX_OFFSET: Final = (1 << 63) - 1
"""Less the offset it is the version of a row: the lower offset wins."""


_OF_READING: Final[dict[str, Callable[[Reading], str]]] = {
    "source_id": lambda reading: reading.source_id,
    "state": lambda reading: reading.state,
    "device_serial": lambda reading: reading.device_serial or "",
}
"""Texts that a reading says once for all its channels."""

_NUMBERS: Final = (
    *("interval_start", "measured_at", "period_s", "arrived_at", "version"),
    *("digits", "scale"),
)


class Alike(NamedTuple):
    """Readings of one fetch that carry the same channels in the same order.

    ``places`` are theirs in the fetch; ``values`` float64[readings, channels].
    """

    places: list[int]
    readings: list[Reading]
    names: tuple[str, ...]
    values: Floats


class ReadingRow(NamedTuple):
    """What an entry of a readings batch holds: values in the order of the reading's channels,
    and the quality codes of those that are not simply valid."""

    reading: Reading
    values: Floats
    codes: dict[str, str]


def alike(decoded: Decoded) -> list[Alike]:
    """The readings of a decoded fetch by their channels; without those that carry none."""
    blocks: dict[tuple[str, ...], list[Block]] = {}
    for block in decoded.blocks:
        if block.pattern.names:
            blocks.setdefault(block.pattern.names, []).append(block)
    return [
        Alike(
            [place for block in found for place in block.rows.tolist()],
            [reading for block in found for reading in _readings(block)],
            names,
            np.concatenate([block.values for block in found]),
        )
        for names, found in blocks.items()
    ]


def _readings(block: Block) -> Iterator[Reading]:
    pattern, names = block.pattern, block.pattern.names
    period, state, flags = pattern.period_s, pattern.state, dict(pattern.flags)
    rows = zip(
        block.source_ids,
        block.device_serials,
        block.measured_at.tolist(),
        block.values.tolist(),
        strict=True,
    )
    for source_id, serial, measured_at, row in rows:
        values = dict(zip(names, row, strict=True))
        yield Reading(source_id, measured_at, period, state, serial, values, flags)


class _Marks:
    """A column of few texts as it grows: the numbers of its texts, in the order of their coming."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._parts: list[Integers] = []

    def numbers(self, texts: Iterable[str]) -> Integers:
        """The numbers of texts; new ones get the next."""
        known = self._known
        return _integers([known.setdefault(text, len(known)) for text in texts])

    def add(self, numbers: Integers) -> None:
        """Append numbers of texts that are known."""
        self._parts.append(numbers)

    def add_marks(self, names: Sequence[str], marks: Sequence[Mapping[str, str]]) -> None:
        """Append a matrix, a row a channel: what the few channels that are named have."""
        (nothing,) = self.numbers([""])
        found = np.full((len(names), len(marks)), nothing)
        row = {name: at for at, name in enumerate(names)}
        for place, marked in enumerate(marks):
            for name, mark in marked.items():
                if name in row:
                    found[row[name], place] = self.numbers([mark])[0]
        self._parts.append(found.ravel())

    def column(self) -> Texts:
        """Everything that was appended."""
        return Texts(list(self._known), np.concatenate(self._parts))


class _Rows:
    """The columns of a block as they grow: group after group, channel after channel."""

    def __init__(self) -> None:
        self._texts = {name: _Marks() for name in (*_OF_READING, "parameter", "flag", "quality")}
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in _NUMBERS}

    def add(self, entries: Sequence[Entry]) -> None:
        """Append the rows of readings with the same channels."""
        rows: list[ReadingRow] = [entry.record for entry in entries]
        readings = [row.reading for row in rows]
        names = list(readings[0].values)
        channels, count = len(names), len(readings)
        values = np.concatenate([row.values for row in rows]).reshape(count, channels)
        digits, scales = digits_of(np.ascontiguousarray(values.T).ravel())
        measured = _integers([each.measured_at for each in readings])
        periods = _integers([each.period_s for each in readings])
        of_reading = (
            measured - measured % (periods * 1000),
            measured,
            periods,
            _integers([entry.timestamp for entry in entries]),
            MAX_OFFSET - _integers([entry.offset for entry in entries]),
        )
        numbers = (*(np.tile(column, channels) for column in of_reading), digits, scales)
        for name, column in zip(_NUMBERS, numbers, strict=True):
            self._parts[name].append(column)
        for name, said in _OF_READING.items():
            marks = self._texts[name]
            marks.add(np.tile(marks.numbers([said(each) for each in readings]), channels))
        parameters = self._texts["parameter"]
        parameters.add(np.repeat(parameters.numbers(names), count))
        self._texts["flag"].add_marks(names, [each.flags for each in readings])
        self._texts["quality"].add_marks(names, [row.codes for row in rows])

    def block(self, topic: str, partition: int) -> NativeBlock:
        """The block of everything that was added."""
        made: dict[str, Column] = {}
        for name, parts in self._parts.items():
            made[name] = np.concatenate(parts)
        for name, marks in self._texts.items():
            made[name] = marks.column()
        count = sum(map(len, self._parts["digits"]))
        made["topic"] = Texts([topic], np.zeros(count, dtype=np.int64))
        made["partition"] = np.full(count, partition, dtype=np.int64)
        return native_block(columns.READINGS, [made[name] for name in columns.READINGS])


def reading_rows(batch: Batch) -> NativeBlock | None:
    """The rows of a batch whose entries hold `ReadingRow`; None where there are none.

    Raises ValueError for what no row can hold.
    """
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in batch.entries:
        groups.setdefault(tuple(entry.record.reading.values), []).append(entry)
    if not groups:
        return None
    rows = _Rows()
    for entries in groups.values():
        rows.add(entries)
    return rows.block(batch.topic, batch.partition)


def _integers(numbers: list[int]) -> Integers:
    return np.array(numbers, dtype=np.int64)
