"""The sums of many windows at once: counts, extremes and means, each mean rounded once.

The windows of a nation close together, so they are added up in columns. A mean is the quotient
of an exact sum; where twice the digits of a double do not decide how it is rounded, or the sum
needs more than three doubles, the exact fraction is taken (`streams.core.exact`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np

from streams.core.columns import Floats, Integers, Truths
from streams.core.exact import quotient
from streams.core.extended import Extended, exact, ordinary, over, rounded, two_sum
from streams.core.slot import Piece
from streams.core.sums import COUNT, HIGH, LOW, MEASURED, SUM, VALID

_FEW: Final = 6
"""Below so many windows one sum after the other is faster."""


class Totals(NamedTuple):
    """What the pieces of one window add up to, a number for each series of their layout.

    ``value`` and ``measured`` are means, without meaning where nothing is ``valid``; ``low`` and
    ``high`` too. ``carried`` counts the readings that carry a series.
    """

    carried: list[int]
    valid: list[int]
    low: list[float]
    high: list[float]
    value: list[float]
    measured: list[float]


def totals(windows: Sequence[Sequence[Piece]]) -> list[Totals]:
    """Add up the pieces of each window (one at least); all of one layout."""
    pieces = [piece for window in windows for piece in window]
    sums = np.stack([piece.sums for piece in pieces])
    starts = [0, *accumulate(map(len, windows))]
    firsts = np.array(starts[:-1])
    counts = np.add.reduceat(sums[:, COUNT : VALID + 1], firsts, axis=0)
    low = np.minimum.reduceat(sums[:, LOW], firsts, axis=0) + 0.0
    high = np.maximum.reduceat(sums[:, HIGH], firsts, axis=0) + 0.0
    shape = (len(windows), 2, sums.shape[2])
    if len(windows) >= _FEW:
        with np.errstate(all="ignore"):  # what is out of the ordinary is looked for, not warned of
            means, sure = _means(sums, firsts, np.diff(starts), counts[:, 1])
    else:
        means, sure = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    for at, piece in enumerate(pieces):
        if piece.rests:
            sure[np.searchsorted(firsts, at, side="right") - 1] = False
    sure |= (counts[:, 1] == 0)[:, None, :]
    normalised = pieces[0].layout.normalised
    differ = np.zeros(sums.shape[2], dtype=np.bool_)
    differ[normalised] = True
    means[:, 1][:, ~differ] = means[:, 0][:, ~differ]
    sure[:, 1][:, ~differ] = True
    for window, which, series in np.argwhere(~sure).tolist():
        own = pieces[starts[window] : starts[window + 1]]
        parts = [part for piece in own for part in piece.parts(series, measured=bool(which))]
        means[window, which, series] = quotient(parts, int(counts[window, 1, series]))
    if not differ.all():
        means[:, 1][:, ~differ] = means[:, 0][:, ~differ]
    return [
        Totals(*each)
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
    """Means of the values and as measured, [windows, 2, series], and which are certain."""
    shape = (len(firsts), 2, sums.shape[2])
    first, second, third = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    left: Truths = np.zeros(shape, dtype=np.bool_)
    parts = np.stack((sums[:, SUM], sums[:, MEASURED]), axis=1)  # [pieces, 2, 3, series]
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
    mean, sure = rounded(over(total, exact(count)))
    usable = ordinary(total.high) & ~left
    return mean, sure & usable


def _pair(first: Floats, second: Floats, third: Floats) -> Extended:
    """Three doubles as two; what is lost is far below the bound of the error."""
    low = two_sum(second, third)
    high = two_sum(first, low.high)
    return two_sum(high.high, high.low + low.low)
