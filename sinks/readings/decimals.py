"""Store measured values as integers: what a device shows has few decimal places.

A double with ``k`` decimal places is stored as ``digits`` and ``scale = k``. The value is ``digits
/ 10^k``, one division of two exact doubles, so exactly the double that was sent. Any other value
(NaN, infinities, -0, results of computations) keeps its bits, with the scale `BITS`. Integers take
half the space of doubles.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 255
"""Scale of a value whose ``digits`` are the bits of its double."""

MAX_PLACES: Final = 9
"""Values with more decimal places keep their bits."""

_MAX_EXACT: Final = float(1 << 53)


def to_decimals(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Convert values to digits and scales, with the fewest decimal places.

    `from_decimals` returns the same bits.
    """
    digits = values.view(np.int64).copy()
    scales = np.full(values.shape, BITS, dtype=np.uint8)
    left = np.flatnonzero(np.isfinite(values) & ~((values == 0) & np.signbit(values)))
    for places in range(MAX_PLACES + 1):
        if not left.size:
            break
        power, wanted = 10.0**places, values[left]
        with np.errstate(over="ignore"):  # infinite is too large, too
            whole = np.rint(wanted * power)
        found = (np.abs(whole) <= _MAX_EXACT) & (whole / power == wanted)
        at = left[found]
        digits[at] = whole[found]
        scales[at] = places
        left = left[~found]
    return digits, scales


def from_decimals(digits: NDArray[np.int64], scales: NDArray[Any]) -> NDArray[np.float64]:
    """Convert digits and scales back, as the table's column ``value`` does."""
    powers = 10.0 ** np.where(scales == BITS, 0, scales).astype(np.float64)
    return np.where(scales == BITS, digits.view(np.float64), digits / powers)
