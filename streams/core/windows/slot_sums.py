"""Adds readings to the sums of many slots at once, exactly.

A sum of doubles is held as three doubles whose exact total it is: each addition passes its
rounding error on to the next. What is left beyond the third, or is too large to be added, is
handed back and kept as a list. So no order of arrival can change a mean; only the published
quotient is rounded, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from schemas.columns import Floats, Integers, Truths
from streams.core.numeric.double_double import two_sum

VALUE_ROWS: Final = slice(0, 3)
MEASURED_ROWS: Final = slice(3, 6)
LOW_ROW, HIGH_ROW, CARRIED_ROW, VALID_ROW = 6, 7, 8, 9
"""Rows of the sums of a slot: of the values (3), as measured (3), the least and the greatest
value, how many readings carry the series, how many of them count."""

ROWS: Final = 10

_LARGE: Final = 1e292
"""Values beyond it are kept by themselves: a sum of them may be beyond the doubles."""


def empty_sums(series: int) -> Floats:
    """Return the sums of no reading, float64[ROWS, series]."""
    return _empty_sums(series).copy()


@cache
def _empty_sums(series: int) -> Floats:
    sums: Floats = np.zeros((ROWS, series))
    sums[LOW_ROW], sums[HIGH_ROW] = np.inf, -np.inf
    return sums


class Overflow(NamedTuple):
    """A double that did not fit into a sum: its slot, its series, and which of the two sums."""

    slot: int
    series: int
    measured: bool
    value: float


def add_readings(
    sums: Floats,
    values: Floats,
    measured: Floats,
    carried: Truths,
    valid: Truths,
    sizes: Sequence[int],
) -> Iterator[Overflow]:
    """Add n readings to m slots in place; ``sizes[i]``, one at least, to the i-th.

    ``sums`` float64[m, ROWS, k]; ``sizes`` descending. The readings follow each other slot by slot:
    ``values`` and ``measured`` float64[n, k], 0 where they do not count; ``carried`` and ``valid``
    bool[n, k]. Yields what did not fit.
    """
    counts = np.array(sizes)
    firsts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    low = np.minimum.reduceat(np.where(valid, values, np.inf), firsts, axis=0)
    high = np.maximum.reduceat(np.where(valid, values, -np.inf), firsts, axis=0)
    np.minimum(sums[:, LOW_ROW], low, out=sums[:, LOW_ROW])
    np.maximum(sums[:, HIGH_ROW], high, out=sums[:, HIGH_ROW])
    sums[:, CARRIED_ROW] += np.add.reduceat(carried, firsts, axis=0, dtype=np.float64)
    sums[:, VALID_ROW] += np.add.reduceat(valid, firsts, axis=0, dtype=np.float64)
    numbers = np.stack((values, measured), axis=1)  # [n, 2, k]
    large = np.abs(numbers) > _LARGE
    if large.any():
        yield from _overflows(numbers, large, np.repeat(np.arange(len(counts)), counts))
        numbers[large] = 0.0
    held = sums[:, : MEASURED_ROWS.stop].reshape(len(sums), 2, 3, -1)  # a view
    more = len(counts)  # slots with another reading, the first of all
    for step in range(sizes[0]):
        while sizes[more - 1] <= step:
            more -= 1
        rest = numbers[firsts[:more] + step]
        for part in range(3):
            held[:more, :, part], rest = two_sum(held[:more, :, part], rest)
            left = rest != 0
            if not left.any():
                break
        else:
            yield from _overflows(rest, left, np.arange(more))


def _overflows(numbers: Floats, which: Truths, slots: Integers) -> Iterator[Overflow]:
    for at, measured, series in np.argwhere(which).tolist():
        yield Overflow(int(slots[at]), series, bool(measured), float(numbers[at, measured, series]))
