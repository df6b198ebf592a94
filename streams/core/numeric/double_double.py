"""Computes on columns of double-doubles, and tells where their precision is enough.

A number is a pair of arrays ``(high, low)`` whose exact sum it is, ``|low|`` at most half a unit in
the last place of ``high``. A result counts as rounded once only where every number within the bound
of the error rounds to the same double (Ziv's test, ACM TOMS 17, 1991); the few others are left to
exact fractions. Sum and product without error: T. J. Dekker, Numerische Mathematik 18, 1971.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from schemas.columns import Floats, Truths

_SPLITTER: Final = 134_217_729.0  # 2**27 + 1
_ERROR: Final = 2.0**-88
"""Bound of the relative error of a few dozen operations; one of them errs by less than 2**-100."""

SMALLEST_SAFE: Final = 1e-70
LARGEST_SAFE: Final = 1e70
"""Between these magnitudes (or 0) no operation here over- or underflows."""


class DoubleDouble(NamedTuple):
    """A column of numbers: the nearest doubles, and what is missing to the numbers."""

    high: Floats
    low: Floats


def two_sum(a: Floats, b: Floats) -> DoubleDouble:
    """Add without error, in any order of magnitude."""
    total = a + b
    part = total - a
    return DoubleDouble(total, (a - (total - part)) + (b - part))


def _fast_two_sum(a: Floats, b: Floats) -> DoubleDouble:
    """Add without error where ``|a| >= |b|``."""
    total = a + b
    return DoubleDouble(total, b - (total - a))


def _halves(a: Floats) -> tuple[Floats, Floats]:
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def two_product(a: Floats, b: Floats) -> DoubleDouble:
    """Multiply without error magnitudes from `SMALLEST_SAFE` to `LARGEST_SAFE`, or 0."""
    product = a * b
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    low = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return DoubleDouble(product, low)


def multiply(a: DoubleDouble, b: DoubleDouble) -> DoubleDouble:
    """Multiply two columns."""
    product = two_product(a.high, b.high)
    return _fast_two_sum(product.high, product.low + (a.high * b.low + a.low * b.high))


def subtract(a: DoubleDouble, b: DoubleDouble) -> DoubleDouble:
    """Subtract ``b`` from ``a``.

    Unless both are exact the error is relative to them, not to what is left: where that is a small
    share of them, whoever subtracts leaves it to exact fractions.
    """
    high = two_sum(a.high, -b.high)
    tail = two_sum(a.low, -b.low)
    total = _fast_two_sum(high.high, high.low + tail.high)
    return _fast_two_sum(total.high, total.low + tail.low)


def divide(a: DoubleDouble, b: DoubleDouble) -> DoubleDouble:
    """Divide ``a`` by ``b``: long division in three steps."""
    first = a.high / b.high
    rest = subtract(a, multiply(b, DoubleDouble(first, np.zeros_like(first))))
    second = rest.high / b.high
    rest = subtract(rest, multiply(b, DoubleDouble(second, np.zeros_like(second))))
    total = _fast_two_sum(first, second)
    return _fast_two_sum(total.high, total.low + rest.high / b.high)


def widened(value: Floats) -> DoubleDouble:
    """Widen doubles, exactly."""
    return DoubleDouble(value, np.zeros_like(value))


def round_to_double(number: DoubleDouble) -> tuple[Floats, Truths]:
    """Round to the nearest doubles, and tell where they are certain to be the nearest."""
    error = np.abs(number.high) * _ERROR
    nearest = number.high + number.low
    sure = (number.high + (number.low + error) == nearest) & (
        number.high + (number.low - error) == nearest
    )
    return nearest + 0.0, sure


def in_safe_range(value: Floats) -> Truths:
    """Tell where a value is 0 or of a magnitude that these operations can take."""
    size = np.abs(value)
    found: Truths = (value == 0) | ((size >= SMALLEST_SAFE) & (size <= LARGEST_SAFE))
    return found
