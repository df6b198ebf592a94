"""Mass of readings in grams, exactly: the sum of g/s times period over those that are valid."""

from __future__ import annotations

from typing import Final

import msgspec

from streams.core.numeric.dyadic import Dyadic
from streams.core.sources.series import MAX_DOUBLE

GRAMS: Final = 1_000_000
"""In a tonne."""


class Mass(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Mass of valid readings: grams exactly, and how many readings count unverified."""

    grams: Dyadic = Dyadic()
    unverified: int = 0

    def __add__(self, other: Mass) -> Mass:
        """Add exactly."""
        return Mass(self.grams + other.grams, self.unverified + other.unverified)

    def __sub__(self, other: Mass) -> Mass:
        """Subtract exactly."""
        return Mass(self.grams - other.grams, self.unverified - other.unverified)

    @property
    def tonnes(self) -> float:
        """The mass in t, rounded once; the largest double where it is beyond them."""
        number, part = self.grams.ratio
        try:
            return number / (GRAMS * part)
        except OverflowError:  # no chimney: a channel without a range told it
            return MAX_DOUBLE if number > 0 else -MAX_DOUBLE


NO_MASS: Final = Mass()
