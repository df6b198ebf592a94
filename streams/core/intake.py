"""The readings of a batch before they are taken in: decoded, judged by themselves, in columns.

Everything here looks at one reading at a time, so it can be done for a whole batch before the
first of its readings is applied. What is taken in waits until a sum is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from streams.core.assess import Assessed, assess_block
from streams.core.columns import Block, Decoded, Integers
from streams.core.form import Forms
from streams.core.gas_columns import ABSENT, VALID
from streams.core.log import RawRecord
from streams.core.policy import Policy
from streams.core.quality import UNVERIFIED, ZEROED, Refusal, arrival_refusal, refusal
from streams.core.reading import Rejected, Tick
from streams.core.registry_history import RegistryHistory
from streams.core.slot import Piece, digests
from streams.core.source import SourceEntry
from streams.core.sums import add

LONGEST_PERIOD_S = 3600
_FAR = 1 << 60
"""Beyond any time that is compared, and far from the end of 64 bits."""


class Group:
    """Readings of one pattern under plans of one form, n of them, in the order of the batch.

    ``measured_at`` ms UTC, ``device_serials``, ``said`` digests of their contents; ``whole``:
    every pollutant of the source is sent and valid.
    """

    def __init__(self, block: Block, assessed: Assessed, said: list[bytes]) -> None:
        places = assessed.places
        form = assessed.form
        self.period_s = block.pattern.period_s
        self.state = block.pattern.state
        self.device_serials = [block.device_serials[place] for place in places]
        self.layout = form.structure.layout
        self.measured_at: list[int] = block.measured_at[places].tolist()
        self.said = [said[place] for place in places]
        valid = assessed.pollutants
        every = np.full(len(places), form.has_every_pollutant)
        self.whole: list[bool] = (valid.all(axis=1) & every).tolist()
        self._assessed = assessed
        self._carried, self._valid = assessed.codes != ABSENT, assessed.codes == VALID
        self._marked: list[bool] = (
            (assessed.codes > VALID).any(axis=1) | assessed.zeroed.any(axis=1) | ~assessed.verified
        ).tolist()
        self._waiting: list[int] = []
        self._pieces: list[Piece] = []

    def valid_pollutants(self, at: int) -> list[str]:
        """The pollutants of one reading that are sent and valid."""
        valid = self._assessed.pollutants[at].tolist()
        pollutants = self._assessed.form.structure.pollutants
        return [each.name for each, counts in zip(pollutants, valid, strict=True) if counts]

    def take(self, at: int, piece: Piece) -> bool:
        """Have a reading added to a piece of its layout; whether it is the first that waits."""
        self._waiting.append(at)
        self._pieces.append(piece)
        return len(self._waiting) == 1

    def settle(self) -> None:
        """Add what waits to its pieces."""
        number: dict[Piece, int] = {}
        rounds: list[tuple[list[int], list[int]]] = []  # pieces and readings, each piece once
        depth: list[int] = []
        for at, piece in zip(self._waiting, self._pieces, strict=True):
            index = number.setdefault(piece, len(number))
            if index == len(depth):
                depth.append(0)
            else:
                depth[index] += 1
            if depth[index] == len(rounds):
                rounds.append(([], []))
            rounds[depth[index]][0].append(index)
            rounds[depth[index]][1].append(at)
            if self._marked[at]:
                self._mark(at, piece)
        pieces = list(number)
        sums = np.stack([piece.sums for piece in pieces])
        values, measured = self._assessed.values, self._assessed.measured
        for number_of_round, (those, readings) in enumerate(rounds):
            part = sums[those] if number_of_round else sums  # in the first they are in order
            for rest in add(
                part, values[readings], measured[readings], self._carried[readings],
                self._valid[readings],
            ):  # fmt: skip
                pieces[those[rest.slot]].keep(rest)
            if number_of_round:
                sums[those] = part
        for piece, own in zip(pieces, sums, strict=True):
            piece.sums = own
        self._waiting.clear()
        self._pieces.clear()

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


class Arrived(NamedTuple):
    """A reading that is not refused by what it says itself: where it is, and its source."""

    group: Group
    at: int
    entry: SourceEntry


class Refused(NamedTuple):
    """A reading that goes to the dead letters whatever came before it."""

    refusal: Refusal
    source_id: str


Item = Arrived | Refused | Rejected | Tick


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

    def prepare(self, records: Sequence[RawRecord]) -> list[Item]:
        """What each record is, judged by itself.

        A record without a time of arrival is not looked into: it comes out as `Rejected`.
        """
        values = [
            record.value if arrival_refusal(record.timestamp) is None else None
            for record in records
        ]
        decoded = self._decode(values)
        items: dict[int, Item] = dict(decoded.others)
        for block in decoded.blocks:
            self._block(block, records, items)
        return [items[at] for at in range(len(records))]

    def take(self, group: Group, at: int, piece: Piece) -> None:
        """Have a reading added up later."""
        if group.take(at, piece):
            self._waiting.append(group)

    def settle(self) -> None:
        """Add up what was taken in so far."""
        if self._waiting:
            for group in self._waiting:
                group.settle()
            self._waiting.clear()

    def _block(self, block: Block, records: Sequence[RawRecord], items: dict[int, Item]) -> None:
        rows = block.rows.tolist()
        arrivals = [records[row].timestamp for row in rows]
        source = self._registry.source
        entries = [
            source(name, arrival) for name, arrival in zip(block.source_ids, arrivals, strict=True)
        ]
        for at in self._suspects(block, entries, np.array(arrivals, dtype=np.int64)):
            refused = refusal(block.reading(at), entries[at], arrivals[at], self._policy)
            if refused is not None:
                items[rows[at]] = Refused(refused, block.source_ids[at])
                entries[at] = None
        said = digests(block)
        for assessed in assess_block(block, entries, self._forms):
            group = Group(block, assessed, said)
            for at, place in enumerate(assessed.places):
                entry = entries[place]
                assert entry is not None  # noqa: S101 (those are left out)
                items[rows[place]] = Arrived(group, at, entry)

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
