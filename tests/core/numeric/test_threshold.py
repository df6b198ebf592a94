"""A decimal factor of a limit is met exactly, as fractions decide."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.numeric.threshold import Threshold

factors = st.one_of(
    st.integers(1, 1000),
    st.decimals(min_value="0.001", max_value=1000, allow_nan=False, allow_infinity=False),
)
limits = st.one_of(
    st.sampled_from([0.1, 0.3, 500.0, 5e-324, 2.2250738585072014e-308, 1.7e308]),
    st.floats(min_value=0, max_value=1e308, allow_nan=False),
)


def exactly_met(value: float, factor: int | Decimal, limit: float, *, above: bool) -> bool:
    edge = Fraction(factor) * Fraction(limit)
    return Fraction(value) > edge if above else Fraction(value) >= edge


@given(factor=factors, limit=limits, above=st.booleans(), steps=st.integers(-3, 3))
@example(factor=Decimal("1.2"), limit=500.0, above=False, steps=0)
@example(factor=Decimal("1.1"), limit=0.1, above=True, steps=0)
@example(factor=4, limit=1.7e308, above=False, steps=0)
def test_values_around_the_edge_are_decided_as_fractions_decide(
    factor: int | Decimal, limit: float, above: bool, steps: int
) -> None:
    value = min(float(factor) * limit, 1.7976931348623157e308)
    for _ in range(abs(steps)):
        value = math.nextafter(value, math.inf if steps > 0 else -math.inf)
    value = min(value, 1.7976931348623157e308)
    threshold = Threshold(factor, above=above)
    assert threshold.met(value, limit) == exactly_met(value, factor, limit, above=above)


@given(factor=factors, limit=limits, above=st.booleans(), value=st.floats(allow_nan=False))
def test_a_value_below_the_floor_never_meets_the_limit(
    factor: int | Decimal, limit: float, above: bool, value: float
) -> None:
    threshold = Threshold(factor, above=above)
    for near in (value, math.nextafter(threshold.floor * limit, -math.inf)):
        if near < threshold.floor * limit:
            assert not threshold.met(near, limit)


@given(factor=factors, limit=limits, above=st.booleans())
def test_the_least_value_meets_the_limit_and_the_one_below_it_does_not(
    factor: int | Decimal, limit: float, above: bool
) -> None:
    least = Threshold(factor, above=above).least(limit)
    if least < math.inf:
        assert exactly_met(least, factor, limit, above=above)
    below = math.nextafter(least, -math.inf)
    assert not exactly_met(below, factor, limit, above=above)


@pytest.mark.parametrize(
    ("factor", "limit", "value", "at_least", "above"),
    [
        ("1.2", 500.0, 600.0, True, False),
        ("1.2", 0.5, 0.6, False, False),  # the double 0.6 is a little less than six tenths
        ("1.1", 0.1, 0.11, False, False),  # 0.1 is a little more than a tenth
        ("1.1", 0.1, math.nextafter(0.11, 1.0), True, True),
        ("2", 0.1, 0.2, True, False),
    ],
)
def test_known_edges(factor: str, limit: float, value: float, at_least: bool, above: bool) -> None:
    assert Threshold(Decimal(factor), above=False).met(value, limit) is at_least
    assert Threshold(Decimal(factor), above=True).met(value, limit) is above
