"""Exact totals of doubles as bytes: integers over powers of two, one form for one number.

A list of doubles with the same sum has many forms, and grows where a sum is beyond the doubles. A
total that is kept for a year must have one, whatever the order in which it was added up.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from streams.core.numeric.exact_sum import compact


class Dyadic(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The number ``integer / 2**shift``; ``integer`` (signed, big-endian) is odd, or 0."""

    integer: bytes = b""
    shift: int = 0

    def __add__(self, other: Dyadic) -> Dyadic:
        """Add exactly."""
        if not self.integer:
            return other
        if not other.integer:
            return self
        shift = max(self.shift, other.shift)
        total = (_number(self) << shift - self.shift) + (_number(other) << shift - other.shift)
        return _dyadic(total, shift)

    def __sub__(self, other: Dyadic) -> Dyadic:
        """Subtract exactly."""
        return self + _dyadic(-_number(other), other.shift)

    @property
    def ratio(self) -> tuple[int, int]:
        """The number as two integers, the second above 0."""
        number, shift = _number(self), self.shift
        return (number, 1 << shift) if shift >= 0 else (number << -shift, 1)

    @property
    def fraction(self) -> Fraction:
        """The number as a fraction."""
        return Fraction(*self.ratio)


def exact_product(parts: Iterable[float], factor: int) -> Dyadic:
    """Return ``factor`` times the exact sum of doubles."""
    total, shift = 0, 0
    for part in compact(list(parts)):
        number, below = part.as_integer_ratio()
        more = below.bit_length() - 1
        if more > shift:
            total, shift = total << more - shift, more
        total += number << shift - more
    return _dyadic(total * factor, shift)


def _number(dyadic: Dyadic) -> int:
    return int.from_bytes(dyadic.integer, signed=True)


def _dyadic(number: int, shift: int) -> Dyadic:
    """Return ``number / 2**shift`` in its one form; shifts may be below 0."""
    if not number:
        return Dyadic()
    zeros = (number & -number).bit_length() - 1
    number >>= zeros
    return Dyadic(number.to_bytes(number.bit_length() // 8 + 1, signed=True), shift - zeros)
