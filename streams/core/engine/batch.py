"""Readings of a batch that share a message pattern and a plan shape, assessed and in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from schemas.columns import Block, Integers, Truths
from streams.core.law.quality_codes import CODE_ABSENT, CODE_VALID, UNVERIFIED, ZEROED
from streams.core.quality.assess_columns import AssessedBlock
from streams.core.records.record import RawRecord
from streams.core.windows.pending_sums import Addends
from streams.core.windows.slot import SeriesSums

NORMAL: Final = "NORMAL"
"""The operating state in which time is due."""


class AssessedBatch:
    """Holds n readings of one pattern under plans of one shape, source by source.

    Lists have one item a reading: ``positions`` in the batch of records, ascending within a
    source; ``measured_at`` ms UTC; ``digests`` of the contents, by which duplicates are known.
    ``complete``: every pollutant of the source is sent and valid. ``regular``: complete, in normal
    operation, and measured where an interval begins. ``run_ends``: the place up to which readings
    are regular, of one source, and each of a later interval than the one before it.
    ``unverified``: no verification covers the device; None: of none of them. ``reaching``: a value
    reaches the level from which on it is noted (`PlanShape.levels`); None: of none of them.
    """

    def __init__(
        self,
        block: Block,
        assessed: AssessedBlock,
        digests: list[bytes],
        sources: Integers,
        records: Sequence[RawRecord],
    ) -> None:
        """Take ``sources``: the number of the source of each reading of the block, ascending."""
        places = assessed.places
        form = assessed.shape
        self.period_s = block.pattern.period_s
        self.state = block.pattern.state
        self.layout = form.key.layout
        self.positions: list[int] = block.rows[places].tolist()
        self.records = [records[position] for position in self.positions]
        self.device_serials = [block.device_serials[place] for place in places]
        self.digests = [digests[place] for place in places]
        measured_at = block.measured_at[places]
        self.measured_at: list[int] = measured_at.tolist()
        every = np.full(len(places), form.has_every_pollutant)
        complete: Truths = np.logical_and(assessed.pollutants.all(axis=1), every)
        self.complete: list[bool] = complete.tolist()
        regular: Truths = measured_at % (self.period_s * 1000) == 0
        regular &= complete
        if self.state != NORMAL:
            regular[:] = False
        self.regular: list[bool] = regular.tolist()
        goes_on = regular[1:] & (np.diff(measured_at) > 0) & (np.diff(sources[places]) == 0)
        breaks = np.append(np.flatnonzero(~goes_on) + 1, len(places))
        self.run_ends: list[int] = breaks[
            np.searchsorted(breaks, np.arange(len(places)), side="right")
        ].tolist()
        verified = assessed.verified
        self.unverified: list[bool] | None = None if verified.all() else (~verified).tolist()
        self.reaching: list[bool] | None = None
        levels = form.levels(assessed.rows)
        if levels.size:
            reaching: Truths = (assessed.values >= levels) & (assessed.codes == CODE_VALID)
            if reaching.any():
                self.reaching = [True in row for row in reaching.tolist()]
        self._assessed = assessed
        self._carried, self._valid = assessed.codes != CODE_ABSENT, assessed.codes == CODE_VALID
        self._has_codes: list[bool] = (
            (assessed.codes > CODE_VALID).any(axis=1)
            | assessed.zeroed.any(axis=1)
            | ~assessed.verified
        ).tolist()

    def valid_pollutants(self, at: int) -> list[str]:
        """List the pollutants of one reading that are sent and valid."""
        valid = self._assessed.pollutants[at].tolist()
        pollutants = self._assessed.shape.key.pollutants
        return [each.name for each, counts in zip(pollutants, valid, strict=True) if counts]

    def valid_value(self, at: int, key: str | None) -> float | None:
        """Return the value of one reading as measured in a series; None where none counts."""
        series = None if key is None else self.layout.position.get(key)
        if series is None or not self._valid[at, series]:
            return None
        return float(self._assessed.measured[at, series])

    def addends(self, places: list[int]) -> Addends:
        """Select the values of some readings for adding them to their sums."""
        assessed = self._assessed
        return Addends(
            assessed.values[places],
            assessed.measured[places],
            self._carried[places],
            self._valid[places],
        )

    def count_codes(self, places: list[int], piece: SeriesSums) -> None:
        """Count the quality codes of some readings in the sums they belong to."""
        has_codes = self._has_codes
        for at in places:
            if has_codes[at]:
                self._count_codes(at, piece)

    def _count_codes(self, at: int, piece: SeriesSums) -> None:
        assessed = self._assessed
        verified = bool(assessed.verified[at])
        zeroed = assessed.zeroed[at].tolist()
        for series, code in enumerate(assessed.codes[at].tolist()):
            if code > CODE_VALID:
                piece.count_code(series, assessed.names[code])
            elif code == CODE_VALID:
                if zeroed[series]:
                    piece.count_code(series, ZEROED)
                if not verified:
                    piece.count_code(series, UNVERIFIED)
