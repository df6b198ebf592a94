"""Measured values as whole numbers: what a device shows has few decimal places.

A double that is a number of ``k`` places is stored as ``digits`` and ``scale = k``; it is then
``digits / 10^k``, one division of two exact doubles, so exactly the double that came. Any other
(NaN, infinities, -0, computed values) keeps its bits: ``scale`` is `BITS`. Whole numbers take half
the space that their doubles take.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 255
"""Scale of a value whose ``digits`` are the bits of its double."""

PLACES: Final = 9
"""More decimal places are not looked for."""

_EXACT: Final = float(1 << 53)


def digits_of(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Digits and scales of values, the fewest places that do.

    Bit for bit: `value_of` of the two is the values again.
    """
    digits = values.view(np.int64).copy()
    scales = np.full(values.shape, BITS, dtype=np.uint8)
    left = np.flatnonzero(np.isfinite(values) & ~((values == 0) & np.signbit(values)))
    for places in range(PLACES + 1):
        if not left.size:
            break
        power, wanted = 10.0**places, values[left]
        with np.errstate(over="ignore"):  # infinite is too large, too
            whole = np.rint(wanted * power)
        found = (np.abs(whole) <= _EXACT) & (whole / power == wanted)
        at = left[found]
        digits[at] = whole[found]
        scales[at] = places
        left = left[~found]
    return digits, scales


def value_of(digits: NDArray[np.int64], scales: NDArray[Any]) -> NDArray[np.float64]:
    """The values again: what the column ``value`` of the table computes."""
    powers = 10.0 ** np.where(scales == BITS, 0, scales).astype(np.float64)
    return np.where(scales == BITS, digits.view(np.float64), digits / powers)
