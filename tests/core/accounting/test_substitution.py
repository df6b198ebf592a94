"""Substitution of missing hours against values taken from the text by hand."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.accounting.substitution import AccountedHour, Code, Hour, substitute
from streams.core.time.interval import HOUR
from tests.support.generated import examples

MAXIMUM = 5000.0


def hours(*values: float | None) -> list[Hour]:
    return [Hour(at * HOUR, value) for at, value in enumerate(values)]


def missing(found: list[AccountedHour], start: int, end: int) -> set[tuple[float, Code]]:
    return {(each.value, each.code) for each in found[start:end]}


def test_a_short_period_of_an_available_monitor_is_the_mean_of_its_neighbours() -> None:
    found = substitute(hours(*[100.0] * 500, *[None] * 24, 300.0), MAXIMUM)
    assert missing(found, 500, 524) == {(200.0, Code.BEFORE_AND_AFTER)}
    assert found[523].availability_pct == pytest.approx(100 * 500 / 524)
    assert found[0].code is found[524].code is Code.MEASURED


def test_a_long_period_takes_the_ninetieth_percentile() -> None:
    ramp = [float(number) for number in range(1, 721)]
    found = substitute(hours(*ramp, *[None] * 25, 2.0), MAXIMUM)
    # 720 hours: the 648th smallest is not exceeded by 90 %; the neighbours' mean is 361
    assert missing(found, 720, 745) == {(648.0, Code.PERCENTILE_90)}


def test_the_mean_of_the_neighbours_counts_where_it_is_greater() -> None:
    found = substitute(hours(*[1.0] * 719, 900.0, *[None] * 25, 900.0), MAXIMUM)
    assert missing(found, 720, 745) == {(900.0, Code.PERCENTILE_90)}


@pytest.mark.parametrize(
    ("lost", "value", "code"),
    [
        (5, 100.0, Code.BEFORE_AND_AFTER),  # 95/100 are available
        (6, 100.0, Code.BEFORE_AND_AFTER),  # 94 %, 8 hours or less
        (9, 100.0, Code.PERCENTILE_95),  # 91 %, more than 8 hours
        (11, 777.0, Code.HIGHEST),  # 89 %
        (20, 777.0, Code.HIGHEST),  # 80 % exactly
        (21, MAXIMUM, Code.MAXIMUM_POTENTIAL),  # 79 %
    ],
)
def test_the_less_available_the_higher(lost: int, value: float, code: Code) -> None:
    known = [100.0] * (100 - lost)
    known[0] = 777.0
    found = substitute(hours(*known, *[None] * lost), MAXIMUM)
    assert missing(found, 100 - lost, 100) == {(value, code)}


def test_hours_older_than_three_years_are_not_looked_back_to() -> None:
    old = Hour(0, 4000.0)
    later = [Hour((30_000 + at) * HOUR, 10.0) for at in range(100)]
    lost = [Hour((30_100 + at) * HOUR, None) for at in range(15)]
    assert substitute([old, *later, *lost], MAXIMUM)[-1].value == 10.0
    assert substitute([Hour(29_000 * HOUR, 4000.0), *later, *lost], MAXIMUM)[-1].value == 4000.0


def test_nothing_known_is_the_maximum_potential() -> None:
    assert missing(substitute(hours(None, None), MAXIMUM), 0, 2) == {
        (MAXIMUM, Code.MAXIMUM_POTENTIAL)
    }


def test_an_hour_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="comes twice"):
        substitute([Hour(0, 1.0), Hour(0, None)], MAXIMUM)


@examples(100)
@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1000)), max_size=200),
    st.randoms(use_true_random=False),
)
def test_what_was_measured_stays_and_every_hour_has_a_value(
    values: list[float | None], random: Random
) -> None:
    given_hours = hours(*values)
    shuffled = sorted(given_hours, key=lambda _: random.random())
    found = substitute(shuffled, MAXIMUM)
    assert [each.start for each in found] == [each.start for each in given_hours]
    for hour, accounted in zip(given_hours, found, strict=True):
        measured = accounted.code is Code.MEASURED
        assert measured is (hour.value is not None)
        if measured:
            assert accounted.value == hour.value
        assert accounted.value <= MAXIMUM
