"""Sums many windows at once: counts, extremes and means, each mean rounded once.

The windows of a nation close together, so they are summed in columns. A mean is the quotient of
an exact sum; where double-doubles do not decide how it is rounded, or the sum needs more than
three doubles, the exact fraction is taken (`streams.core.numeric.exact_sum`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from schemas.columns import Floats, Integers, Truths
from streams.core.numeric.double_double import (
    DoubleDouble,
    divide,
    in_safe_range,
    round_to_double,
    two_sum,
    widened,
)
from streams.core.numeric.exact_sum import quotient
from streams.core.windows.slot import SeriesSums
from streams.core.windows.slot_sums import (
    CARRIED_ROW,
    HIGH_ROW,
    LOW_ROW,
    MEASURED_ROWS,
    VALID_ROW,
    VALUE_ROWS,
)


class WindowSums(NamedTuple):
    """Holds the total of one window, a number for each series of the layout.

    ``value`` and ``measured`` are means, without meaning where nothing is ``valid``; so are ``low``
    and ``high``. ``carried`` counts the readings that have the series.
    """

    carried: list[int]
    valid: list[int]
    low: list[float]
    high: list[float]
    value: list[float]
    measured: list[float]


def sum_windows(windows: Sequence[Sequence[SeriesSums]]) -> list[WindowSums]:
    """Total the slots of each window (one at least); all of one layout."""
    pieces = [piece for window in windows for piece in window]
    sums = np.stack([piece.sums for piece in pieces])
    starts = [0, *accumulate(map(len, windows))]
    firsts = np.array(starts[:-1])
    counts = np.add.reduceat(sums[:, CARRIED_ROW : VALID_ROW + 1], firsts, axis=0)
    low = np.minimum.reduceat(sums[:, LOW_ROW], firsts, axis=0) + 0.0
    high = np.maximum.reduceat(sums[:, HIGH_ROW], firsts, axis=0) + 0.0
    with np.errstate(all="ignore"):  # overflow and NaN are found below, not warned of
        means, sure = _means(sums, firsts, np.diff(starts), counts[:, 1])
    for at, piece in enumerate(pieces):
        if piece.overflow:
            sure[np.searchsorted(firsts, at, side="right") - 1] = False
    sure |= (counts[:, 1] == 0)[:, None, :]
    normalised = pieces[0].layout.normalised
    differ = np.zeros(sums.shape[2], dtype=np.bool_)
    differ[normalised] = True
    means[:, 1][:, ~differ] = means[:, 0][:, ~differ]
    sure[:, 1][:, ~differ] = True
    for window, which, series in np.argwhere(~sure).tolist():
        own = pieces[starts[window] : starts[window + 1]]
        parts = [part for piece in own for part in piece.partials(series, measured=bool(which))]
        means[window, which, series] = quotient(parts, int(counts[window, 1, series]))
    if not differ.all():
        means[:, 1][:, ~differ] = means[:, 0][:, ~differ]
    return [
        WindowSums(*each)
        for each in zip(
            counts[:, 0].astype(int).tolist(),
            counts[:, 1].astype(int).tolist(),
            low.tolist(),
            high.tolist(),
            means[:, 0].tolist(),
            means[:, 1].tolist(),
            strict=True,
        )
    ]


def _means(sums: Floats, firsts: Integers, sizes: Integers, valid: Floats) -> tuple[Floats, Truths]:
    """Compute means of both sums, [windows, 2, series], and where their rounding is certain."""
    shape = (len(firsts), 2, sums.shape[2])
    first, second, third = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    left: Truths = np.zeros(shape, dtype=np.bool_)
    parts = np.stack(
        (sums[:, VALUE_ROWS], sums[:, MEASURED_ROWS]), axis=1
    )  # [pieces, 2, 3, series]
    for step in range(int(sizes.max())):
        going = np.flatnonzero(sizes > step)
        everywhere = len(going) == len(firsts)
        at = firsts[going] + step
        held = (first, second, third) if everywhere else (first[going], second[going], third[going])
        for part in range(3):
            rest = parts[at, :, part]
            if part == 2 and not rest.any():
                continue
            a, rest = two_sum(held[0], rest)
            b, rest = two_sum(held[1], rest)
            c, rest = two_sum(held[2], rest)
            held = (a, b, c)
            left[going] |= rest != 0
        if everywhere:
            first, second, third = held
        else:
            first[going], second[going], third[going] = held
    total = _pair(first, second, third)
    count = np.broadcast_to(valid[:, None, :], shape)
    mean, sure = round_to_double(divide(total, widened(count)))
    usable = in_safe_range(total.high) & ~left
    return mean, sure & usable


def _pair(first: Floats, second: Floats, third: Floats) -> DoubleDouble:
    """Reduce three doubles to two; the loss is far below the bound of the error."""
    low = two_sum(second, third)
    high = two_sum(first, low.high)
    return two_sum(high.high, high.low + low.low)
