"""Twice the digits of a double: exact where it says so, and sure of a rounding only where it is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import nextafter, ulp

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.numeric.double_double import (
    LARGEST_SAFE,
    SMALLEST_SAFE,
    DoubleDouble,
    divide,
    in_safe_range,
    multiply,
    round_to_double,
    subtract,
    two_product,
    two_sum,
    widened,
)
from tests.support.generated import examples

ERROR = Fraction(1, 2**100)
"""Relative, of one operation."""
BOUND = Fraction(1, 2**88)
"""Relative, within which a sure rounding stands."""

signs = st.sampled_from((1.0, -1.0))
finite = st.floats(-1e300, 1e300) | st.sampled_from([5e-324, -5e-324, 2.0**53, 1.0, -0.0, 0.1])
sized = st.floats(SMALLEST_SAFE, LARGEST_SAFE) | st.floats(0.5, 2000.0)
common = st.sampled_from([1.0, nextafter(1.0, 2.0), nextafter(2.0, 1.0), 0.1, 2.0**27 + 1, 273.15])
usual = st.builds(lambda size, sign: size * sign, sized | common, signs)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[float, float]:
    """A number of two doubles, the second at most half a unit in the last place of the first."""
    high = draw(usual)
    share = draw(st.floats(-0.5, 0.5) | st.sampled_from([0.0, 0.5, -0.5, 2.0**-40]))
    low = share * ulp(high)
    total = high + low
    return total, float(Fraction(high) + Fraction(low) - Fraction(total))


def column(numbers: Sequence[tuple[float, float]]) -> DoubleDouble:
    """Numbers as a column."""
    both = np.array(numbers, dtype=np.float64)
    return DoubleDouble(both[:, 0].copy(), both[:, 1].copy())


def fractions(number: DoubleDouble) -> list[Fraction]:
    """The exact values of a column."""
    return [
        Fraction(high) + Fraction(low)
        for high, low in zip(number.high.tolist(), number.low.tolist(), strict=True)
    ]


def agrees(number: DoubleDouble, expected: Sequence[Fraction]) -> bool:
    """Whether a column has expected values but for the error of an operation."""
    found = fractions(number)
    return all(abs(a - b) <= abs(b) * ERROR for a, b in zip(found, expected, strict=True))


@examples(40)
@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=20))
def test_a_sum_has_no_error(numbers: list[tuple[float, float]]) -> None:
    a, b = np.array(numbers).T
    found = two_sum(a, b)
    assert found.high.tolist() == (a + b).tolist()
    assert fractions(found) == [Fraction(x) + Fraction(y) for x, y in numbers]


@examples(40)
@given(st.lists(st.tuples(usual | st.just(0.0), usual), min_size=1, max_size=20))
def test_a_product_has_no_error(numbers: list[tuple[float, float]]) -> None:
    a, b = np.array(numbers).T
    found = two_product(a, b)
    assert found.high.tolist() == (a * b).tolist()
    assert fractions(found) == [Fraction(x) * Fraction(y) for x, y in numbers]


@examples(40)
@given(st.lists(st.tuples(pairs(), pairs()), min_size=1, max_size=20))
def test_operations_err_by_less_than_a_hundredth_binary_digit(
    numbers: list[tuple[tuple[float, float], tuple[float, float]]],
) -> None:
    a, b = column([x for x, _ in numbers]), column([y for _, y in numbers])
    both = list(zip(fractions(a), fractions(b), strict=True))
    assert agrees(multiply(a, b), [x * y for x, y in both])
    assert agrees(subtract(a, b), [x - y for x, y in both])
    assert agrees(divide(a, b), [x / y for x, y in both])


@given(pairs(), st.integers(-3, 3), st.integers(-3, 3))
def test_a_difference_of_nearly_equal_numbers_keeps_its_digits(
    number: tuple[float, float], steps: int, low_steps: int
) -> None:
    high, low = number
    near = high + steps * ulp(high)
    near_low = low + low_steps * ulp(low) if abs(low) < 0.4 * ulp(near) else low
    a, b = column([(high, low)]), column([(near, near_low)])
    assert agrees(subtract(a, b), [fractions(a)[0] - fractions(b)[0]])


@st.composite
def near_ties(draw: st.DrawFn) -> tuple[float, float]:
    """A number on, or next to, the middle of two doubles or an end of where they are even."""
    high = draw(usual | st.integers(-200, 200).map(lambda power: 2.0**power))
    half = ulp(high) / 2 * draw(signs)
    if half * high < 0 and abs(nextafter(high, 0.0) - high) < ulp(high):
        half /= 2  # below a power of two the doubles are twice as near
    away = draw(st.integers(25, 60)) * draw(signs)
    share = draw(st.sampled_from([0.0, 2.0 ** -abs(away), -(2.0 ** -abs(away))]))
    return high, half * (1.0 + share)


@given(near_ties() | pairs(), st.fractions(-1, 1), st.sampled_from([0, 1, -1]))
def test_a_sure_rounding_stands_whatever_the_error_was(
    number: tuple[float, float], part: Fraction, whole: int
) -> None:
    column_ = column([number])
    nearest, sure = round_to_double(column_)
    if sure[0]:
        exactly = fractions(column_)[0]
        for share in (part, Fraction(whole)):
            assert float(exactly + abs(exactly) * BOUND * share * Fraction(99, 100)) == nearest[0]


@given(usual, st.floats(-0.49, 0.49) | st.sampled_from([0.0, 0.499999, -0.499999, 1e-30]))
def test_a_rounding_far_from_the_middle_of_two_doubles_is_sure(high: float, share: float) -> None:
    low = share * abs(nextafter(high, 0.0) - high)
    nearest, sure = round_to_double(column([(high, low)]))
    assert sure[0]
    assert nearest[0] == high


@given(usual, st.sampled_from([0.0, float("inf"), float("-inf")]))
def test_the_middle_of_two_doubles_is_never_sure(high: float, towards: float) -> None:
    assert not round_to_double(column([(high, (nextafter(high, towards) - high) / 2)]))[1][0]


def test_nought_is_sure_and_has_no_sign() -> None:
    nearest, sure = round_to_double(column([(0.0, 0.0), (-0.0, 0.0), (-0.0, -0.0)]))
    assert sure.all()
    assert [str(each) for each in nearest.tolist()] == ["0.0"] * 3


@given(
    st.lists(
        st.tuples(usual, st.lists(usual, max_size=3), usual, st.floats(1e-3, 1e3)),
        min_size=1,
        max_size=10,
    )
)
def test_a_sure_quotient_is_the_exact_one_rounded_once(
    numbers: list[tuple[float, list[float], float, float]],
) -> None:
    for first, more, subtracted, below in numbers:
        number, expected = widened(np.array([first])), Fraction(first)
        for other in more:
            scaled = nextafter(abs(other) ** 0.01, 0.0)
            number, expected = (
                multiply(number, widened(np.array([scaled]))),
                expected * Fraction(scaled),
            )
        number = subtract(number, widened(np.array([subtracted])))
        left = expected - Fraction(subtracted)
        if more and abs(left) < abs(Fraction(subtracted)) / 1024:
            continue  # the last digits of a product are gone (`subtract`)
        expected = left / Fraction(below)
        nearest, sure = round_to_double(divide(number, widened(np.array([below]))))
        if sure[0] and (expected == 0 or abs(expected) > Fraction(SMALLEST_SAFE)):
            assert nearest[0] == float(expected)


@given(
    st.integers(2**53, 2**54 - 1),
    st.integers(1, 2**20),
    st.sampled_from([Fraction(0), *(Fraction(s, 2**k) for k in range(28, 42) for s in (1, -1))]),
    st.integers(-100, 100),
)
@example(2**53 + 1, 3, Fraction(0), 0)
def test_quotients_on_and_beside_a_tie(odd: int, below: int, beside: Fraction, power: int) -> None:
    """The quotient has 54 digits and ends in one, or is the least bit more or less."""
    above = ((odd | 1) * below + beside) * Fraction(2) ** power
    high = float(above)
    low = float(above - Fraction(high))
    number = DoubleDouble(np.array([high]), np.array([low]))
    really = fractions(number)[0] / below
    nearest, sure = round_to_double(divide(number, widened(np.array([float(below)]))))
    assert not sure[0] or nearest[0] == float(really)
    if really == above / below and beside == 0:
        assert not sure[0]  # a tie is for exact fractions


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, True),
        (-0.0, True),
        (SMALLEST_SAFE, True),
        (-SMALLEST_SAFE, True),
        (nextafter(SMALLEST_SAFE, 0.0), False),
        (-nextafter(SMALLEST_SAFE, 0.0), False),
        (5e-324, False),
        (LARGEST_SAFE, True),
        (-LARGEST_SAFE, True),
        (nextafter(LARGEST_SAFE, 1e300), False),
        (1e300, False),
        (float("inf"), False),
        (float("-inf"), False),
        (float("nan"), False),
    ],
)
def test_what_is_ordinary(value: float, expected: bool) -> None:
    assert in_safe_range(np.array([value])).tolist() == [expected]
