"""Hold the readings of a partition in columns, with no object per reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self, overload

import numpy as np
from aiokafka import ConsumerRecord
from numpy.typing import NDArray

from schemas.columns import Block, Floats, Integers, Pattern
from sinks.batch import ColumnEntries, Entry

Codes = NDArray[np.int16]


class RowBlock(NamedTuple):
    """The n readings of one pattern that become rows, with c channels each.

    ``places`` are positions among the entries (int64[n]); ``source_ids`` and ``device_serials`` n
    texts (a serial may be None); ``measured_at`` ms UTC (int64[n]); ``values`` float64[n, c];
    ``codes`` int16[n, c], indices into ``texts``: the quality codes, of which the first is empty.
    """

    pattern: Pattern
    places: Integers
    source_ids: list[str]
    device_serials: list[str | None]
    measured_at: Integers
    values: Floats
    codes: Codes
    texts: Sequence[str]

    @classmethod
    def from_block(
        cls, block: Block, places: Integers, codes: Codes, texts: Sequence[str]
    ) -> RowBlock:
        """Select the readings at ``places`` of a block, ascending, with their codes."""
        if len(places) == len(block.rows):
            return cls(block.pattern, block.rows, *block[2:], codes, texts)
        some = places.tolist()
        return cls(
            block.pattern,
            block.rows[places],
            [block.source_ids[place] for place in some],
            [block.device_serials[place] for place in some],
            block.measured_at[places],
            block.values[places],
            codes,
            texts,
        )

    def between(self, first: int, last: int) -> RowBlock:
        """Select the places from ``first`` to before ``last``, renumbered from ``first``."""
        kept = np.flatnonzero((self.places >= first) & (self.places < last))
        some = kept.tolist()
        return self._replace(
            places=self.places[kept] - first,
            source_ids=[self.source_ids[at] for at in some],
            device_serials=[self.device_serials[at] for at in some],
            measured_at=self.measured_at[kept],
            values=self.values[kept],
            codes=self.codes[kept],
        )


class ReadingEntries(ColumnEntries):
    """Readings in offset order, each in one of the blocks.

    ``records`` are their m messages; ``offsets`` and ``arrivals`` (ms UTC) int64[m].
    """

    def __init__(
        self,
        records: Sequence[ConsumerRecord],
        offsets: Integers,
        arrivals: Integers,
        blocks: Sequence[RowBlock],
    ) -> None:
        self._records = records
        self.offsets = offsets
        self.arrivals = arrivals
        self.blocks = [block for block in blocks if len(block.places)]

    @classmethod
    def from_fetch(
        cls, records: Sequence[ConsumerRecord], arrivals: Integers, blocks: Sequence[RowBlock]
    ) -> ReadingEntries:
        """Keep the records of a fetch that the blocks name; the others become no row."""
        offsets = np.fromiter((record.offset for record in records), np.int64, len(records))
        taken = np.zeros(len(records), dtype=np.bool_)
        for block in blocks:
            taken[block.places] = True
        kept = np.flatnonzero(taken)
        if len(kept) == len(records):
            return cls(records, offsets, arrivals, blocks)
        place = np.cumsum(taken) - 1
        some = [records[at] for at in kept.tolist()]
        moved = [block._replace(places=place[block.places]) for block in blocks]
        return cls(some, offsets[kept], arrivals[kept], moved)

    @classmethod
    def concatenated(cls, parts: Sequence[Self]) -> Self:
        """Concatenate the entries of consecutive parts."""
        if len(parts) == 1:
            return parts[0]
        blocks, before = [], 0
        for part in parts:
            blocks += [each._replace(places=each.places + before) for each in part.blocks]
            before += len(part)
        return cls(
            [record for part in parts for record in part._records],
            np.concatenate([part.offsets for part in parts]),
            np.concatenate([part.arrivals for part in parts]),
            blocks,
        )

    @property
    def records(self) -> Sequence[ConsumerRecord]:
        """The m messages."""
        return self._records

    @property
    def rows(self) -> int:
        """Number of rows that all readings become: one per channel."""
        return sum(block.codes.size for block in self.blocks)

    @property
    def bytes(self) -> int:
        """Size of their messages in bytes."""
        return sum(len(record.value or b"") for record in self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Entry]:
        return map(self._entry, range(len(self)))

    @overload
    def __getitem__(self, at: int) -> Entry: ...

    @overload
    def __getitem__(self, at: slice[int | None, int | None, int | None]) -> ReadingEntries: ...

    def __getitem__(
        self, at: int | slice[int | None, int | None, int | None]
    ) -> Entry | ReadingEntries:
        if isinstance(at, int):
            return self._entry(at)
        first, last, step = at.indices(len(self))
        if step != 1:
            raise ValueError("entries are cut, not picked")
        return ReadingEntries(
            self._records[first:last],
            self.offsets[first:last],
            self.arrivals[first:last],
            [block.between(first, last) for block in self.blocks],
        )

    def _entry(self, at: int) -> Entry:
        """Return one message for a dead letter; its rows stay in the blocks."""
        record = self._records[at]
        at = range(len(self))[at]  # an IndexError beyond them
        rows = next(block.codes.shape[1] for block in self.blocks if at in block.places)
        headers = tuple(record.headers)
        return Entry(record.offset, record.timestamp, record.key, record.value, headers, None, rows)
