"""Prepares a batch before its first reading is admitted: decodes, rejects and assesses in columns.

Everything here depends on one reading at a time (and on its registration), never on what came
before it, so it is done for a whole batch at once. One file, although a long one: a
reading's reasons of refusal follow each other in the order of the specification.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import is_not, itemgetter
from typing import NamedTuple

import numpy as np

from schemas.columns import Block, DecodedBatch, Integers, Pattern
from schemas.reading import Rejected, Tick
from streams.core.engine.batch import NORMAL, AssessedBatch
from streams.core.engine.deduplication import content_digests
from streams.core.engine.signed_readings import SignedReadings, note_signed
from streams.core.law.policy import Policy
from streams.core.quality.assess_columns import assess_block
from streams.core.quality.rejection import Rejection, possible_rejections, rejection_of
from streams.core.records.partitioning import Share
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import Mark
from streams.core.sources.plan_shape import NO_LEVELS, PlanShapes
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import DAY, LATEST_ARRIVAL


class ReadingSpan(NamedTuple):
    """Readings ``[start, end)`` of an assessed batch that follow each other in one source.

    None is rejected for its own contents; ``entry`` is the registration when they arrived.
    """

    readings: AssessedBatch
    entry: SourceEntry
    start: int
    end: int

    @property
    def position(self) -> int:
        """Position of the first of them in the batch of records."""
        return self.readings.positions[self.start]


class RejectedReading(NamedTuple):
    """A reading that is rejected for its own contents, whatever came before it."""

    rejection: Rejection
    source_id: str


class PreparedBatch(NamedTuple):
    """A batch of records: spans of readings by source, in order, and all else by position."""

    readings: dict[str, list[ReadingSpan]]
    others: dict[int, RejectedReading | Rejected | Tick]
    signed: SignedReadings

    def between(self, start: int, end: int) -> dict[str, list[ReadingSpan]]:
        """Select the readings at the positions ``[start, end)``."""
        found: dict[str, list[ReadingSpan]] = {}
        for source_id, spans in self.readings.items():
            for span in spans:
                positions = span.readings.positions
                first = bisect_left(positions, start, span.start, span.end)
                last = bisect_left(positions, end, span.start, span.end)
                if first < last:
                    part = span._replace(start=first, end=last)
                    found.setdefault(source_id, []).append(part)
        return found


class BatchPreparer:
    """Prepares the batches of one partition."""

    def __init__(
        self,
        decode: Callable[[Sequence[bytes | None]], DecodedBatch],
        registry: RegistryHistory,
        policy: Policy,
        share: Share,
        contradicted: Collection[str] = (),
        *,
        signatures: str | None = None,
        levels: Mapping[str, float] = NO_LEVELS,
    ) -> None:
        """``contradicted``: marks that the data deny now; ``signatures``: policy, None: unseen.

        ``levels``: by unit, the factor of a limit from which on a value is noted.
        """
        self._signatures = signatures
        self._decode = decode
        self._contradicted = contradicted
        self._registry = registry
        self._policy = policy
        self._share = share
        self._forms = PlanShapes(levels)

    def prepare(
        self,
        records: Sequence[RawRecord],
        known: int,
        *,
        marked: bool = True,
    ) -> PreparedBatch:
        """Decode, reject and assess each record by itself, with the notices of ``known``.

        In whatever order records lie in the log, they are excused by the same outages. Without
        ``marked`` as the station sent them, whatever marks say.
        A record without a valid arrival timestamp is not decoded: it comes out as `Rejected`.
        """
        decoded = self._decode(
            [
                record.value if 0 <= record.timestamp <= LATEST_ARRIVAL else None
                for record in records
            ]
        )
        prepared = PreparedBatch({}, dict(decoded.others), {})
        for block in decoded.blocks:
            self._prepare_block(block, records, prepared, known, marked=marked)
        for source_id, spans in prepared.readings.items():
            if len(spans) > 1:
                prepared.readings[source_id] = _in_order(spans)
        return prepared

    def _prepare_block(
        self,
        block: Block,
        records: Sequence[RawRecord],
        prepared: PreparedBatch,
        known: int,
        *,
        marked: bool,
    ) -> None:
        block, sources = _by_source(block)
        rows = block.rows.tolist()
        arrivals = np.array([records[row].timestamp for row in rows], dtype=np.int64)
        registered = list(self._registrations(block.source_ids, sources, arrivals, known))
        entries = [entry for entry, times in registered for _ in range(times)]
        if self._signatures is not None:
            note_signed(block, registered, self._signatures, self._share, prepared.signed)
        for at in possible_rejections(block, registered, arrivals, self._policy, self._share):
            refused = rejection_of(
                block.reading(at), entries[at], int(arrivals[at]), self._policy, self._share
            )
            if refused is not None:
                prepared.others[rows[at]] = RejectedReading(refused, block.source_ids[at])
                entries[at] = None
        contents = content_digests(block)
        if marked and self._registry.notices.version:
            for pattern, places in self._marked(block, entries, known).items():
                own_block = _part(block, pattern, places)
                own_entries = [entries[place] for place in places]
                own_contents = [contents[place] for place in places]
                self._assess(
                    own_block, own_entries, own_contents, sources[places], records, prepared
                )
                for place in places:
                    entries[place] = None
        self._assess(block, entries, contents, sources, records, prepared)

    def _assess(
        self,
        block: Block,
        entries: Sequence[SourceEntry | None],
        contents: list[bytes],
        sources: Integers,
        records: Sequence[RawRecord],
        prepared: PreparedBatch,
    ) -> None:
        """Assess the readings of a block that have an entry."""
        for assessed in assess_block(block, entries, self._forms):
            readings = AssessedBatch(block, assessed, contents, sources, records)
            own = [entries[place] for place in assessed.places]
            changes = [True, *map(is_not, own[1:], own)]
            starts = [at for at, change in enumerate(changes) if change]
            for start, end in zip(starts, [*starts[1:], len(own)], strict=True):
                entry = own[start]
                assert entry is not None  # noqa: S101 (those are left out)
                span = ReadingSpan(readings, entry, start, end)
                prepared.readings.setdefault(entry.id, []).append(span)

    def _marked(
        self, block: Block, entries: Sequence[SourceEntry | None], known: int
    ) -> dict[Pattern, list[int]]:
        """Find the readings that marks say something else of, by the pattern that they then have.

        Of several marks the first to arrive counts, and what the station itself has said stays.
        """
        patterns: dict[tuple[tuple[str | None, str | None, str | None], ...], Pattern] = {}
        found: dict[Pattern, list[int]] = {}
        period = block.pattern.period_s * 1000
        last: SourceEntry | None = None
        marks: tuple[Mark, ...] = ()
        for place, entry in enumerate(entries):
            if entry is None:
                continue
            if entry is not last:
                last, marks = entry, self._marks(entry, known)
            if not marks:
                continue
            start = int(block.measured_at[place])
            said = tuple(
                (mark.parameter, mark.state, mark.flag)
                for mark in marks
                if mark.covers(start, start + period)
            )
            if not said:
                continue
            pattern = patterns.get(said)
            if pattern is None:
                pattern = patterns[said] = as_marked(block.pattern, said)
            if pattern is not block.pattern:
                found.setdefault(pattern, []).append(place)
        return found

    def _marks(self, entry: SourceEntry, known: int) -> tuple[Mark, ...]:
        since = known - self._policy.max_lateness - self._policy.mark_deadline - DAY
        return tuple(
            mark
            for mark in self._registry.notices.marks(entry, known, since)
            if mark.id not in self._contradicted
        )

    def _registrations(
        self,
        source_ids: Sequence[str],
        sources: Integers,
        arrivals: Integers,
        known: int,
    ) -> Iterator[tuple[SourceEntry | None, int]]:
        """Find each reading's registration at its arrival, as runs of equal ones."""
        registry = self._registry
        starts = np.flatnonzero(np.diff(sources, prepend=-1))
        earliest = np.minimum.reduceat(arrivals, starts).tolist()
        bounds = [*starts.tolist(), len(source_ids)]
        for start, end, first in zip(bounds, bounds[1:], earliest, strict=False):
            name = source_ids[start]
            if registry.settled(name, first):
                yield registry.source(name, first, known), end - start
            else:
                for arrival in arrivals[start:end].tolist():
                    yield registry.source(name, arrival, known), 1


def as_marked(
    pattern: Pattern, said: Iterable[tuple[str | None, str | None, str | None]]
) -> Pattern:
    """Return the pattern as if the station had sent what marks say; the same one for no change."""
    state, flags = pattern.state, dict(pattern.flags)
    for parameter, new_state, flag in said:
        if new_state is not None and state == NORMAL:
            state = new_state
        for name in pattern.names if flag is not None else ():
            if parameter in (None, name) and flags.get(name, "N") == "N":
                flags[name] = flag or "N"
    if state == pattern.state and flags == pattern.flags:
        return pattern
    return Pattern(pattern.period_s, state, pattern.names, flags)


def _part(block: Block, pattern: Pattern, places: list[int]) -> Block:
    """Return some readings of a block under another pattern."""
    return Block(
        pattern,
        block.rows[places],
        [block.source_ids[place] for place in places],
        [block.device_serials[place] for place in places],
        block.measured_at[places],
        block.values[places],
    )


def _by_source(block: Block) -> tuple[Block, Integers]:
    """Sort the readings of a block by source, stable; number the source of each."""
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


def _in_order(spans: Sequence[ReadingSpan]) -> list[ReadingSpan]:
    """Cut the spans of one source so that they follow each other in the batch of records."""
    places = sorted(
        (span.readings.positions[at], number, at)
        for number, span in enumerate(spans)
        for at in range(span.start, span.end)
    )
    found = []
    for number, run in groupby(places, key=itemgetter(1)):
        own = [at for _, _, at in run]
        found.append(spans[number]._replace(start=own[0], end=own[-1] + 1))
    return found
