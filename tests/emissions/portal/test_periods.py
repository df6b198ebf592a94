"""Days and months of the nation's clock."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.portal.periods import (
    day_period,
    local_date,
    month_period,
    months_until,
    parsed_month,
)
from tests.emissions.portal.nation import utc

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(DAYS, st.integers(1, 30))
def test_months_follow_each_other_without_a_hole(day: date, number: int) -> None:
    found = months_until(day, number)
    assert len(found) == number
    assert found[-1] == month_period(day)
    for before, after in itertools.pairwise(found):
        assert before.end == after.start
        assert (before.begins.year, before.begins.month) < (after.begins.year, after.begins.month)


@given(DAYS)
def test_a_day_holds_what_has_its_date(day: date) -> None:
    period = day_period(day)
    assert local_date(period.start) == day
    assert local_date(period.end - timedelta(milliseconds=1)) == day
    assert local_date(period.end) == day + timedelta(days=1)


def test_a_moment_without_an_offset_is_utc() -> None:
    assert local_date(utc(2026, 5, 5, 19)) == date(2026, 5, 6)
    assert local_date(datetime(2026, 5, 5, 18, 59, tzinfo=UTC)) == date(2026, 5, 5)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-05", date(2026, 5, 1)),
        ("2026-06", date(2026, 6, 1)),
        ("2026-07", None),
        ("2026-13", None),
        ("1999-12", None),
        ("2026-5", None),
        ("202605x", None),
        ("", None),
    ],
)
def test_a_month_is_read_or_refused(text: str, found: date | None) -> None:
    assert parsed_month(text, date(2026, 6, 15)) == found
