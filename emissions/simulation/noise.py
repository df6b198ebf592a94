"""Draw reproducible random numbers: each is a function of a key and a position only.

The noise of a channel at a minute does not depend on the chunk, the order or the process, so the
same seed gives the same bytes everywhere. Only integer operations and the four IEEE operations are
used: they are exact on every platform, ``sin`` and ``exp`` are not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB


def key_of(*parts: object) -> int:
    """Hash the text of the parts to a 64-bit key."""
    text = "|".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


class Draw:
    """Draw a sequence from one key (splitmix64), for plans and fleets."""

    def __init__(self, *parts: object) -> None:
        self._state = key_of(*parts)

    def below(self, end: int) -> int:
        """Draw an integer in ``[0, end)``."""
        self._state = (self._state + _GOLDEN) & _MASK
        return (_mix(self._state) * end) >> 64

    def between(self, low: int, high: int) -> int:
        """Draw an integer in ``[low, high]``."""
        return low + self.below(high - low + 1)

    def real(self, low: float, high: float) -> float:
        """Draw a number in ``[low, high)``, to a thousandth of the span."""
        return low + (high - low) * self.below(1000) / 1000

    def pick(self, items: Sequence[Item]) -> Item:
        """Draw one of the items."""
        return items[self.below(len(items))]


def white(keys: Keys, positions: Ints) -> Floats:
    """Draw independent noise in ``[-1, 1)``, one row per key, one column per position."""
    z = keys[:, None] + positions.astype(np.uint64)[None, :] * np.uint64(_GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
    z ^= z >> np.uint64(31)
    noise: Floats = (z >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0
    return noise


def slow(keys: Keys, minutes: Ints, step: int) -> Floats:
    """Draw smooth noise in ``[-1, 1)`` that reaches the next value after ``step`` minutes."""
    cells = minutes // step
    first = int(cells.min())
    knots = white(keys, np.arange(first, int(cells.max()) + 2, dtype=np.int64))
    at = cells - first
    part = (minutes - cells * step) / step
    weight = part * part * (3.0 - 2.0 * part)
    start = knots[:, at]
    return start + (knots[:, at + 1] - start) * weight
