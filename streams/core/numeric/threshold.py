"""Where a decimal factor times a limit lies between the doubles, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import inf, nextafter


class Threshold:
    """Compares doubles with ``factor`` times a limit as exact numbers.

    ``factor`` is the decimal that somebody wrote: 1.2 is six fifths and not the double beside it.
    Per limit the smallest double that meets it is computed once, so that a comparison of two
    doubles decides. ``floor`` is the largest double that is at most ``factor``: no value below
    ``floor * limit``, as doubles multiply, meets the limit.
    """

    def __init__(self, factor: int | Decimal, *, above: bool) -> None:
        self._factor = Fraction(factor)
        self._above = above
        nearest = float(self._factor)
        self.floor = nearest if Fraction(nearest) <= self._factor else nextafter(nearest, 0.0)
        self.least = lru_cache(maxsize=4096)(self._least)
        """The smallest double that meets a limit, ``inf`` where none does."""

    def met(self, value: float, limit: float) -> bool:
        """Whether a value is at least (or above) the factor times the limit."""
        return value >= self.least(limit)

    def _least(self, limit: float) -> float:
        edge = self._factor * Fraction(limit)
        try:
            nearest = float(edge)
        except OverflowError:
            return inf
        exact = Fraction(nearest)
        met = exact > edge if self._above else exact >= edge
        return nearest if met else nextafter(nearest, inf)
