"""What the readings of a series add up to, exactly, for all series of many slots at once.

A sum of doubles is held as three doubles whose exact total it is (each addition passes its
rounding error on to the next); what is left beyond the third, or is too large to be added, is
handed back and kept as a list. So no order of arrival can change a mean: only the published
quotient is rounded, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from streams.core.columns import Floats, Truths
from streams.core.extended import two_sum

SUM: Final = slice(0, 3)
MEASURED: Final = slice(3, 6)
LOW, HIGH, COUNT, VALID = 6, 7, 8, 9
"""Rows of the sums of a slot: of the values (3), as measured (3), the least and the greatest
value, how many readings carry the series, how many of them count."""

ROWS: Final = 10

_LARGE: Final = 1e292
"""Values beyond it are kept by themselves: a sum of them may be beyond the doubles."""


def nothing(series: int) -> Floats:
    """The sums of no reading, float64[ROWS, series]."""
    sums: Floats = np.zeros((ROWS, series))
    sums[LOW], sums[HIGH] = np.inf, -np.inf
    return sums


class Rest(NamedTuple):
    """A double that did not fit into a sum: of which slot and series, and which of both sums."""

    slot: int
    series: int
    measured: bool
    value: float


def add(
    sums: Floats, values: Floats, measured: Floats, carried: Truths, valid: Truths
) -> Iterator[Rest]:
    """Add one reading to each of m slots, in place.

    ``sums`` float64[m, ROWS, k]; ``values`` and ``measured`` float64[m, k], 0 where they do not
    count; ``carried`` and ``valid`` bool[m, k].
    """
    low = np.where(valid, values, np.inf)
    np.minimum(sums[:, LOW], low, out=sums[:, LOW])
    np.maximum(sums[:, HIGH], np.where(valid, values, -np.inf), out=sums[:, HIGH])
    sums[:, COUNT] += carried
    sums[:, VALID] += valid
    for rows, numbers in ((SUM, values), (MEASURED, measured)):
        large = np.abs(numbers) > _LARGE
        if large.any():
            yield from _rests(numbers, large, rows)
            numbers = np.where(large, 0.0, numbers)
        for row in range(rows.start, rows.stop):
            sums[:, row], numbers = two_sum(sums[:, row], numbers)
        left = numbers != 0
        if left.any():
            yield from _rests(numbers, left, rows)


def _rests(numbers: Floats, which: Truths, rows: slice) -> Iterator[Rest]:
    for slot, series in np.argwhere(which).tolist():
        yield Rest(slot, series, rows == MEASURED, float(numbers[slot, series]))
