"""Readings of a batch that are of one pattern and one form, and what of them waits to be added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.core.assess import Assessed
from streams.core.columns import Block, Floats, Integers, Truths
from streams.core.gas_columns import ABSENT, VALID
from streams.core.log import RawRecord
from streams.core.quality import UNVERIFIED, ZEROED
from streams.core.slot import Piece
from streams.core.sums import add

NORMAL = "NORMAL"
"""The operating state in which time is due."""


class Group:
    """Readings of one pattern under plans of one form, n of them, source by source.

    ``positions`` in the batch, ascending within a source; ``records`` as they came;
    ``measured_at`` ms UTC, ``device_serials``, ``said`` digests of their contents; ``whole``:
    every pollutant of the source is sent and valid; ``plain``: whole, in normal operation, and
    measured where an interval begins; ``run_end``: how far the readings from one on are plain, of
    one source, and each of a later interval than the one before it.
    """

    def __init__(
        self,
        block: Block,
        assessed: Assessed,
        said: list[bytes],
        sources: Integers,
        records: Sequence[RawRecord],
    ) -> None:
        """``sources`` numbers the source of each reading of the block, ascending."""
        places = assessed.places
        form = assessed.form
        self.period_s = block.pattern.period_s
        self.state = block.pattern.state
        self.layout = form.structure.layout
        self.positions: list[int] = block.rows[places].tolist()
        self.records = [records[position] for position in self.positions]
        self.device_serials = [block.device_serials[place] for place in places]
        self.said = [said[place] for place in places]
        measured_at = block.measured_at[places]
        self.measured_at: list[int] = measured_at.tolist()
        every = np.full(len(places), form.has_every_pollutant)
        whole: Truths = np.logical_and(assessed.pollutants.all(axis=1), every)
        self.whole: list[bool] = whole.tolist()
        plain: Truths = measured_at % (self.period_s * 1000) == 0
        plain &= whole
        if self.state != NORMAL:
            plain[:] = False
        self.plain: list[bool] = plain.tolist()
        goes_on = plain[1:] & (np.diff(measured_at) > 0) & (np.diff(sources[places]) == 0)
        breaks = np.append(np.flatnonzero(~goes_on) + 1, len(places))
        self.run_end: list[int] = breaks[
            np.searchsorted(breaks, np.arange(len(places)), side="right")
        ].tolist()
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

    def take(self, start: int, end: int, piece: Piece) -> bool:
        """Have readings added to a piece of their layout; whether they are the first that wait."""
        first = not self._waiting
        self._waiting.setdefault(piece, []).extend(range(start, end))
        return first

    def hand_over(self) -> dict[Piece, list[int]]:
        """What waits, by piece; its marks are counted, its values are for the caller to add."""
        waiting, self._waiting = self._waiting, {}
        marked = self._marked
        for piece, places in waiting.items():
            for at in places:
                if marked[at]:
                    self._mark(at, piece)
        return waiting

    def columns(self, places: list[int]) -> tuple[Floats, Floats, Truths, Truths]:
        """Values, values as measured, what is carried and what is valid of some readings."""
        assessed = self._assessed
        return (
            assessed.values[places],
            assessed.measured[places],
            self._carried[places],
            self._valid[places],
        )

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


def add_up(groups: Sequence[Group]) -> None:
    """Add what waits in groups of one layout to its pieces, all of it at once."""
    places: dict[Piece, list[int]] = {}
    columns = []
    count = 0
    for group in groups:
        own: list[int] = []
        for piece, waiting in group.hand_over().items():
            start = count + len(own)
            places.setdefault(piece, []).extend(range(start, start + len(waiting)))
            own += waiting
        columns.append(group.columns(own))
        count += len(own)
    by_size = sorted(places.items(), key=lambda item: -len(item[1]))
    order = [at for _, waiting in by_size for at in waiting]
    values, measured, carried, valid = (
        (parts[0] if len(parts) == 1 else np.concatenate(parts))[order]
        for parts in zip(*columns, strict=True)
    )
    pieces = [piece for piece, _ in by_size]
    sums = np.stack([piece.sums for piece in pieces])
    sizes = [len(waiting) for _, waiting in by_size]
    for rest in add(sums, values, measured, carried, valid, sizes):
        pieces[rest.slot].keep(rest)
    for piece, summed in zip(pieces, sums, strict=True):
        piece.sums = summed
