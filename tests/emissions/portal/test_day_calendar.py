"""What the square of a day says, and where it lies."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from emissions.portal.day_calendar import DayMark, days_of, mark_of, months_of, silent_days
from tests.emissions.portal.source_rows import day_row, gap

DAY = date(2026, 6, 14)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, DayMark.WITHIN),
        ({"worst": 0.8}, DayMark.NEAR),
        ({"days_above": 1}, DayMark.ABOVE),
        ({"halves_above": 1}, DayMark.ABOVE),
        ({"hours_above": 1}, DayMark.ABOVE),
        ({"valid": 0, "insufficient": 1}, DayMark.INSUFFICIENT),
        ({"valid": 0, "stopped": 1}, DayMark.STOPPED),
        ({"valid": 0}, DayMark.WITHIN),  # the day goes on: its parts are valid
        ({"valid": 0, "valid_parts": 0}, DayMark.INSUFFICIENT),
    ],
)
def test_a_day_is_marked_by_the_gravest_of_its_means(
    given: dict[str, Any], expected: DayMark
) -> None:
    assert mark_of(day_row(**given), silent=True) is expected


def test_a_day_without_means_was_silent_only_in_a_gap_of_the_source() -> None:
    gaps = [gap(0, 24 * 60 + 1), gap(3 * 24 * 60, None), gap(-9 * 24 * 60, 0, "SO2")]
    silent = silent_days(gaps, "Asia/Almaty", date(2026, 1, 1), DAY + timedelta(days=4))
    assert silent == {DAY + timedelta(days=n) for n in (0, 1, 3, 4)}
    assert mark_of(None, silent=True) is DayMark.SILENT
    assert mark_of(None, silent=False) is DayMark.NOTHING


def test_a_year_has_each_of_its_days_once() -> None:
    days = days_of([day_row()], frozenset({DAY + timedelta(days=1)}))
    months = months_of(2026, days)
    found = [day for month in months for week in month.weeks for day in week if day is not None]
    assert [each.day for each in found] == [
        date(2026, 1, 1) + timedelta(days=n) for n in range(365)
    ]
    marked = {each.day: each.mark for each in found if each.mark is not DayMark.NOTHING}
    assert marked == {DAY: DayMark.WITHIN, DAY + timedelta(days=1): DayMark.SILENT}
    assert all(len(week) == 7 for month in months for week in month.weeks)
