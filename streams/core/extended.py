"""Arithmetic on columns with twice the digits of a double, and how to know when that is enough.

A number is a pair of arrays ``(high, low)`` whose exact sum it is, ``|low|`` at most half a unit
in the last place of ``high``. A result counts as rounded once only where every number within the
bound of the error rounds to the same double (Ziv's test, ACM TOMS 17, 1991); the few others are
for exact fractions. Sum and product without error: T. J. Dekker, Numerische Mathematik 18, 1971.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.core.columns import Floats, Truths

_SPLITTER: Final = 134_217_729.0  # 2**27 + 1
_ERROR: Final = 2.0**-88
"""Bound of the relative error of a few dozen operations; one of them errs by less than 2**-100."""

SMALLEST: Final = 1e-70
LARGEST: Final = 1e70
"""Between these magnitudes (or 0) no operation here over- or underflows."""


class Extended(NamedTuple):
    """A column of numbers: their doubles, and what is missing to the number."""

    high: Floats
    low: Floats


def two_sum(a: Floats, b: Floats) -> Extended:
    """``a + b`` without error, in any order of magnitude."""
    total = a + b
    part = total - a
    return Extended(total, (a - (total - part)) + (b - part))


def _quick(a: Floats, b: Floats) -> Extended:
    """``a + b`` without error where ``|a| >= |b|``."""
    total = a + b
    return Extended(total, b - (total - a))


def _halves(a: Floats) -> tuple[Floats, Floats]:
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def two_product(a: Floats, b: Floats) -> Extended:
    """``a * b`` without error, for magnitudes between `SMALLEST` and `LARGEST`, or 0."""
    product = a * b
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    low = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return Extended(product, low)


def times(a: Extended, b: Extended) -> Extended:
    """The product of two columns."""
    product = two_product(a.high, b.high)
    return _quick(product.high, product.low + (a.high * b.low + a.low * b.high))


def minus(a: Extended, b: Extended) -> Extended:
    """The difference of two columns."""
    high = two_sum(a.high, -b.high)
    tail = two_sum(a.low, -b.low)
    total = _quick(high.high, high.low + tail.high)
    return _quick(total.high, total.low + tail.low)


def over(a: Extended, b: Extended) -> Extended:
    """The quotient of two columns, long division in three steps."""
    first = a.high / b.high
    rest = minus(a, times(b, Extended(first, np.zeros_like(first))))
    second = rest.high / b.high
    rest = minus(rest, times(b, Extended(second, np.zeros_like(second))))
    total = _quick(first, second)
    return _quick(total.high, total.low + rest.high / b.high)


def exact(value: Floats) -> Extended:
    """Doubles as they are."""
    return Extended(value, np.zeros_like(value))


def rounded(number: Extended) -> tuple[Floats, Truths]:
    """The nearest doubles, and where they are certain to be the nearest."""
    error = np.abs(number.high) * _ERROR
    nearest = number.high + number.low
    sure = (number.high + (number.low + error) == nearest) & (
        number.high + (number.low - error) == nearest
    )
    return nearest + 0.0, sure


def ordinary(value: Floats) -> Truths:
    """Whether a value is 0 or of a magnitude that these operations can take."""
    size = np.abs(value)
    found: Truths = (value == 0) | ((size >= SMALLEST) & (size <= LARGEST))
    return found
