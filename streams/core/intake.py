"""The readings of a batch before they are taken in: decoded, judged by themselves, in columns.

Everything here looks at one reading at a time, so it can be done for a whole batch before the
first of its readings is applied. What is taken in waits until a sum is needed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import is_not, itemgetter
from typing import NamedTuple

import numpy as np

from streams.core.assess import assess_block
from streams.core.columns import Block, Decoded, Integers
from streams.core.form import Forms
from streams.core.group import Group, add_up
from streams.core.log import RawRecord
from streams.core.partitioning import Share
from streams.core.policy import Policy
from streams.core.quality import LATEST_ARRIVAL, Refusal, refusal
from streams.core.reading import Rejected, Tick
from streams.core.registry_history import RegistryHistory
from streams.core.rejection import possible_rejections
from streams.core.slot import Piece, digests
from streams.core.source import Layout, SourceEntry


class Segment(NamedTuple):
    """Readings ``[start, end)`` of a group that follow each other in one source.

    None is refused by what it says itself; ``entry`` as registered when they arrived.
    """

    group: Group
    entry: SourceEntry
    start: int
    end: int

    @property
    def position(self) -> int:
        """Of the first of them in the batch."""
        return self.group.positions[self.start]


class Refused(NamedTuple):
    """A reading that goes to the dead letters whatever came before it."""

    refusal: Refusal
    source_id: str


class Prepared(NamedTuple):
    """A batch, judged record by record: readings by source, in order, and all else by position."""

    readings: dict[str, list[Segment]]
    others: dict[int, Refused | Rejected | Tick]

    def between(self, start: int, end: int) -> dict[str, list[Segment]]:
        """The readings at the positions ``[start, end)``."""
        found: dict[str, list[Segment]] = {}
        for source_id, segments in self.readings.items():
            for segment in segments:
                positions = segment.group.positions
                first = bisect_left(positions, start, segment.start, segment.end)
                last = bisect_left(positions, end, segment.start, segment.end)
                if first < last:
                    part = segment._replace(start=first, end=last)
                    found.setdefault(source_id, []).append(part)
        return found


class Intake:
    """Prepares batches, and adds up what was taken in when asked to."""

    def __init__(
        self,
        decode: Callable[[Sequence[bytes | None]], Decoded],
        registry: RegistryHistory,
        policy: Policy,
        share: Share,
    ) -> None:
        self._decode = decode
        self._registry = registry
        self._policy = policy
        self._share = share
        self._forms = Forms()
        self._waiting: list[Group] = []

    def prepare(self, records: Sequence[RawRecord]) -> Prepared:
        """What each record is, judged by itself.

        A record without a time of arrival is not looked into: it comes out as `Rejected`.
        """
        decoded = self._decode(
            [
                record.value if 0 <= record.timestamp <= LATEST_ARRIVAL else None
                for record in records
            ]
        )
        prepared = Prepared({}, dict(decoded.others))
        for block in decoded.blocks:
            self._block(block, records, prepared)
        for source_id, segments in prepared.readings.items():
            if len(segments) > 1:
                prepared.readings[source_id] = _in_order(segments)
        return prepared

    def take(self, group: Group, start: int, end: int, piece: Piece) -> None:
        """Have readings added up later."""
        if group.take(start, end, piece):
            self._waiting.append(group)

    def settle(self) -> None:
        """Add up what was taken in so far."""
        if self._waiting:
            by_layout: dict[Layout, list[Group]] = {}
            for group in self._waiting:
                by_layout.setdefault(group.layout, []).append(group)
            self._waiting.clear()
            for groups in by_layout.values():
                add_up(groups)

    def _block(self, block: Block, records: Sequence[RawRecord], prepared: Prepared) -> None:
        block, sources = _by_source(block)
        rows = block.rows.tolist()
        arrivals = np.array([records[row].timestamp for row in rows], dtype=np.int64)
        runs = list(self._entries(block.source_ids, sources, arrivals))
        entries = [entry for entry, times in runs for _ in range(times)]
        for at in possible_rejections(block, runs, arrivals, self._policy, self._share):
            refused = refusal(
                block.reading(at), entries[at], int(arrivals[at]), self._policy, self._share
            )
            if refused is not None:
                prepared.others[rows[at]] = Refused(refused, block.source_ids[at])
                entries[at] = None
        said = digests(block)
        for assessed in assess_block(block, entries, self._forms):
            group = Group(block, assessed, said, sources, records)
            own = [entries[place] for place in assessed.places]
            changes = [True, *map(is_not, own[1:], own)]
            starts = [at for at, change in enumerate(changes) if change]
            for start, end in zip(starts, [*starts[1:], len(own)], strict=True):
                entry = own[start]
                assert entry is not None  # noqa: S101 (those are left out)
                segment = Segment(group, entry, start, end)
                prepared.readings.setdefault(entry.id, []).append(segment)

    def _entries(
        self, source_ids: Sequence[str], sources: Integers, arrivals: Integers
    ) -> Iterator[tuple[SourceEntry | None, int]]:
        """How each reading's source was registered when it arrived, as runs of equal ones."""
        registry = self._registry
        starts = np.flatnonzero(np.diff(sources, prepend=-1))
        earliest = np.minimum.reduceat(arrivals, starts).tolist()
        bounds = [*starts.tolist(), len(source_ids)]
        for start, end, first in zip(bounds, bounds[1:], earliest, strict=False):
            name = source_ids[start]
            if registry.settled(name, first):
                yield registry.source(name, first), end - start
            else:
                for arrival in arrivals[start:end].tolist():
                    yield registry.source(name, arrival), 1


def _by_source(block: Block) -> tuple[Block, Integers]:
    """The readings of a block source by source, and the number of the source of each."""
    numbers: dict[str, int] = {}
    of = np.array(
        [numbers.setdefault(source_id, len(numbers)) for source_id in block.source_ids],
        dtype=np.int64,
    )
    order = np.argsort(of, kind="stable")
    places = order.tolist()
    ordered = Block(
        block.pattern,
        block.rows[order],
        [block.source_ids[place] for place in places],
        [block.device_serials[place] for place in places],
        block.measured_at[order],
        block.values[order],
    )
    return ordered, of[order]


def _in_order(segments: Sequence[Segment]) -> list[Segment]:
    """Segments of one source, cut so that they follow each other in the batch."""
    places = sorted(
        (segment.group.positions[at], number, at)
        for number, segment in enumerate(segments)
        for at in range(segment.start, segment.end)
    )
    found = []
    for number, run in groupby(places, key=itemgetter(1)):
        own = [at for _, _, at in run]
        found.append(segments[number]._replace(start=own[0], end=own[-1] + 1))
    return found
