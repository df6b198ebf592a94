"""Sums without rounding: no order shows in them, and the quotient is rounded once."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.numeric.exact_sum import (
    MAX_PARTIALS,
    compact,
    exact_total,
    quotient,
    weighted_mean,
)

doubles = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [5e-324, -5e-324, 2.2e-308, 1.7e308, -1.7e308, 1e16, 1.0, -1.0, 0.1, -0.0, 2.0**53 + 2]
)
HUGE = 1.7976931348623157e308


def exact(parts: list[float]) -> Fraction:
    """The sum by the definition."""
    return sum(map(Fraction, parts), Fraction())


def rounded(value: Fraction) -> float:
    """The nearest double, by the division of integers."""
    return value.numerator / value.denominator


@given(st.lists(doubles, max_size=30))
def test_a_compact_sum_is_the_same_sum(parts: list[float]) -> None:
    assert exact(compact(list(parts))) == exact(parts) == exact_total(parts)


@given(st.lists(st.floats(-3e3, 3e3), min_size=MAX_PARTIALS + 1, max_size=200))
def test_a_compact_sum_of_measured_values_is_short(parts: list[float]) -> None:
    assert len(compact(parts)) <= 40  # at most the exponents of doubles apart by 53 bits
    assert len(compact([round(part, 2) for part in parts])) <= 3


@given(st.lists(doubles, max_size=12), st.data())
def test_batches_and_order_do_not_show(parts: list[float], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(parts))
    cut = data.draw(st.integers(0, len(parts)))
    carried = compact([*compact(shuffled[:cut]), *shuffled[cut:]])
    assert exact_total(carried) == exact_total(parts)


@given(st.lists(doubles, min_size=1, max_size=30), st.integers(1, 10_000))
@example([5e-324], 2)
@example([5e-324], 3)
@example([HUGE, HUGE], 2)
@example([HUGE, HUGE, -HUGE, 5e-324], 7)
@example([1.0, 1e100, 1.0, -1e100], 2)
def test_the_quotient_is_rounded_once(parts: list[float], count: int) -> None:
    count = max(count, len(parts))  # a mean is never beyond its values
    assert quotient(parts, count) == rounded(exact(parts) / count)


def test_a_sum_beyond_the_doubles_still_has_its_mean() -> None:
    parts = [HUGE] * 9
    assert compact(parts) == parts
    assert quotient(parts, 9) == HUGE


groups = st.tuples(st.sampled_from([60, 600, 1200]), st.lists(st.floats(-1e9, 1e9), max_size=8))


@given(st.lists(groups, max_size=4))
def test_a_mean_weighs_values_by_their_time(found: list[tuple[int, list[float]]]) -> None:
    mean = weighted_mean([(weight, parts, len(parts)) for weight, parts in found])
    below = sum(weight * len(parts) for weight, parts in found)
    if not below:
        assert mean is None
    else:
        above = sum((weight * exact(parts) for weight, parts in found), Fraction())
        assert mean == rounded(above / below)


@pytest.mark.parametrize("count", [3, 7, 30])
def test_equal_values_have_themselves_as_mean(count: int) -> None:
    assert weighted_mean([(60, [0.1] * count, count)]) == 0.1
