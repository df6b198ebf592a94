"""The readings of a batch before they are taken in: decoded, judged by themselves, in columns.

Everything here looks at one reading at a time, so it can be done for a whole batch before the
first of its readings is applied. What is taken in waits until a sum is needed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from streams.core.assess import Assessed, assess_block
from streams.core.columns import Block, Decoded, Integers, Truths
from streams.core.form import Forms
from streams.core.gas_columns import ABSENT, VALID
from streams.core.log import RawRecord
from streams.core.policy import Policy
from streams.core.quality import LATEST_ARRIVAL, UNVERIFIED, ZEROED, Refusal, refusal
from streams.core.reading import Rejected, Tick
from streams.core.registry_history import RegistryHistory
from streams.core.slot import Piece, digests
from streams.core.source import SourceEntry
from streams.core.sums import add

LONGEST_PERIOD_S = 3600
NORMAL = "NORMAL"
"""The operating state in which time is due."""

_FAR = 1 << 60
"""Beyond any time that is compared, and far from the end of 64 bits."""

_position = itemgetter(0)  # of an arrival
_new = tuple.__new__
"""What a NamedTuple's own call does, in a third of its time."""


class Group:
    """Readings of one pattern under plans of one form, n of them, in the order of the batch.

    ``measured_at`` ms UTC, ``device_serials``, ``said`` digests of their contents; ``whole``:
    every pollutant of the source is sent and valid; ``plain``: whole, in normal operation, and
    measured where an interval begins.
    """

    def __init__(self, block: Block, assessed: Assessed, said: list[bytes]) -> None:
        places = assessed.places
        form = assessed.form
        self.period_s = block.pattern.period_s
        self.state = block.pattern.state
        self.device_serials = [block.device_serials[place] for place in places]
        self.layout = form.structure.layout
        measured_at = block.measured_at[places]
        self.measured_at: list[int] = measured_at.tolist()
        self.said = [said[place] for place in places]
        every = np.full(len(places), form.has_every_pollutant)
        whole: Truths = np.logical_and(assessed.pollutants.all(axis=1), every)
        self.whole: list[bool] = whole.tolist()
        aligned = measured_at % (self.period_s * 1000) == 0
        self.plain: list[bool] = (
            (whole & aligned).tolist() if self.state == NORMAL else [False] * len(places)
        )
        self._assessed = assessed
        self._carried, self._valid = assessed.codes != ABSENT, assessed.codes == VALID
        self._marked: list[bool] = (
            (assessed.codes > VALID).any(axis=1) | assessed.zeroed.any(axis=1) | ~assessed.verified
        ).tolist()
        self._waiting: dict[Piece, list[int]] = {}

    def valid_pollutants(self, at: int) -> list[str]:
        """The pollutants of one reading that are sent and valid."""
        valid = self._assessed.pollutants[at].tolist()
        pollutants = self._assessed.form.structure.pollutants
        return [each.name for each, counts in zip(pollutants, valid, strict=True) if counts]

    def take(self, places: list[int], piece: Piece) -> bool:
        """Have readings added to a piece of their layout; whether they are the first that wait."""
        first = not self._waiting
        waiting = self._waiting.get(piece)
        if waiting is None:
            self._waiting[piece] = places
        else:
            waiting += places
        return first

    def settle(self) -> None:
        """Add what waits to its pieces."""
        waiting = sorted(self._waiting.items(), key=lambda item: -len(item[1]))
        self._waiting = {}
        pieces = [piece for piece, _ in waiting]
        readings = [at for _, places in waiting for at in places]
        sums = np.stack([piece.sums for piece in pieces])
        assessed = self._assessed
        for rest in add(
            sums,
            assessed.values[readings],
            assessed.measured[readings],
            self._carried[readings],
            self._valid[readings],
            [len(places) for _, places in waiting],
        ):
            pieces[rest.slot].keep(rest)
        for piece, own in zip(pieces, sums, strict=True):
            piece.sums = own
        marked = self._marked
        for piece, places in waiting:
            for at in places:
                if marked[at]:
                    self._mark(at, piece)

    def _mark(self, at: int, piece: Piece) -> None:
        assessed = self._assessed
        verified = bool(assessed.verified[at])
        zeroed = assessed.zeroed[at].tolist()
        for series, code in enumerate(assessed.codes[at].tolist()):
            if code > VALID:
                piece.mark(series, assessed.names[code])
            elif code == VALID:
                if zeroed[series]:
                    piece.mark(series, ZEROED)
                if not verified:
                    piece.mark(series, UNVERIFIED)


class Arrival(NamedTuple):
    """A reading that is not refused by what it says itself: where it is, and its source.

    ``position`` in the batch, ``at`` in its group; ``entry`` as registered when it arrived.
    """

    position: int
    group: Group
    at: int
    entry: SourceEntry


class Refused(NamedTuple):
    """A reading that goes to the dead letters whatever came before it."""

    refusal: Refusal
    source_id: str


class Prepared(NamedTuple):
    """A batch, judged record by record: readings by source, in order, and all else by position."""

    readings: dict[str, list[Arrival]]
    others: dict[int, Refused | Rejected | Tick]

    def between(self, start: int, end: int) -> dict[str, list[Arrival]]:
        """The readings at the positions ``[start, end)``."""
        found = {}
        for source_id, arrivals in self.readings.items():
            first = bisect_left(arrivals, start, key=_position)
            last = bisect_left(arrivals, end, key=_position)
            if first < last:
                found[source_id] = arrivals[first:last]
        return found


class Intake:
    """Prepares batches, and adds up what was taken in when asked to."""

    def __init__(
        self,
        decode: Callable[[Sequence[bytes | None]], Decoded],
        registry: RegistryHistory,
        policy: Policy,
    ) -> None:
        self._decode = decode
        self._registry = registry
        self._policy = policy
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
        for arrivals in prepared.readings.values():
            arrivals.sort(key=_position)
        return prepared

    def take(self, group: Group, places: list[int], piece: Piece) -> None:
        """Have readings added up later."""
        if group.take(places, piece):
            self._waiting.append(group)

    def settle(self) -> None:
        """Add up what was taken in so far."""
        if self._waiting:
            for group in self._waiting:
                group.settle()
            self._waiting.clear()

    def _block(self, block: Block, records: Sequence[RawRecord], prepared: Prepared) -> None:
        rows = block.rows.tolist()
        arrivals = [records[row].timestamp for row in rows]
        entries = list(map(self._registry.source, block.source_ids, arrivals))
        for at in self._suspects(block, entries, np.array(arrivals, dtype=np.int64)):
            refused = refusal(block.reading(at), entries[at], arrivals[at], self._policy)
            if refused is not None:
                prepared.others[rows[at]] = Refused(refused, block.source_ids[at])
                entries[at] = None
        said = digests(block)
        readings = prepared.readings
        for assessed in assess_block(block, entries, self._forms):
            group = Group(block, assessed, said)
            for at, place in enumerate(assessed.places):
                arrival = _new(Arrival, (rows[place], group, at, entries[place]))
                source_id = block.source_ids[place]
                own = readings.get(source_id)
                if own is None:
                    readings[source_id] = [arrival]
                else:
                    own.append(arrival)

    def _suspects(
        self, block: Block, entries: Sequence[SourceEntry | None], arrivals: Integers
    ) -> list[int]:
        """Readings that may have to be refused; all others are fine."""
        period_s = block.pattern.period_s
        if not 0 < period_s <= LONGEST_PERIOD_S:
            return list(range(len(entries)))
        commissioned = np.array(
            [
                _FAR
                if entry is None or entry.test or entry.cadence_s != period_s
                else entry.commissioned
                for entry in entries
            ],
            dtype=np.int64,
        )
        measured_at = np.clip(block.measured_at, -_FAR, _FAR - 1)
        late = arrivals - (measured_at + period_s * 1000)
        suspect = (
            (measured_at < commissioned)
            | (late < -self._policy.future)
            | (late > self._policy.max_lateness)
        )
        found: list[int] = np.flatnonzero(suspect).tolist()
        return found
