"""Terms of days: what is counted, and where they end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.law.calendar import WEEKENDS, WorkCalendar
from streams.rules.calendar import load_calendar, parse_calendar

KZ = load_calendar("KZ")


def days(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize(
    ("event", "count", "last"),
    [
        ("2026-03-03", 3, "2026-03-06"),  # Tuesday to Friday
        ("2026-03-05", 2, "2026-03-10"),  # 8 March is a Sunday: Monday is off
        ("2026-03-20", 1, "2026-03-26"),  # Nauryz 21 to 23, moved to the 24th and 25th
        ("2026-12-31", 1, "2027-01-05"),  # 1 January, a weekend, the 2nd moved to Monday
        ("2024-05-03", 1, "2024-05-04"),  # a Saturday that is worked for 8 May
        ("2024-05-06", 1, "2024-05-10"),  # 7, 8 and 9 May are off
        ("2025-01-04", 1, "2025-01-05"),  # a Sunday that is worked for 3 January
        ("2026-03-03", 0, "2026-03-03"),
    ],
)
def test_the_day_of_the_event_is_not_counted_nor_days_off(
    event: str, count: int, last: str
) -> None:
    found = KZ.nth_working_day(date.fromisoformat(event), count)
    assert found == date.fromisoformat(last)


def test_an_end_on_a_day_off_moves() -> None:
    assert KZ.moved_to_work(date(2026, 3, 21)) == date(2026, 3, 26)
    assert KZ.moved_to_work(date(2026, 3, 26)) == date(2026, 3, 26)


def test_a_year_without_data_has_its_weekends_off() -> None:
    assert [day.isoweekday() for day in days(2035) if not KZ.is_working(day)].count(6) == 52
    assert all(WEEKENDS.is_working(day) == (day.isoweekday() < 6) for day in days(2035))


OTHER = {
    2021: (
        "01-01 01-04 01-07 03-08 03-22 03-23 03-24 05-03 05-07 05-10 07-05 07-06 07-20 08-30 "
        "12-01 12-16 12-17",
        "07-03",
    ),
    2022: (
        "01-03 01-04 01-07 03-07 03-08 03-21 03-22 03-23 05-02 05-09 05-10 07-06 08-29 08-30 "
        "10-24 10-25 12-16",
        "03-05 08-27 10-22",
    ),
    2023: (
        "01-02 01-03 03-08 03-21 03-22 03-23 05-01 05-08 05-09 06-28 07-06 07-07 08-30 10-25 12-18",
        "07-01",
    ),
    2024: (
        "01-01 01-02 03-08 03-21 03-22 03-25 05-01 05-07 05-08 05-09 07-08 08-30 10-25 12-16",
        "05-04",
    ),
    2025: (
        "01-01 01-02 01-03 01-07 03-10 03-21 03-24 03-25 05-01 05-07 05-09 06-06 07-07 09-01 "
        "10-27 12-16",
        "01-05",
    ),
    2026: (
        "01-01 01-02 01-07 03-09 03-23 03-24 03-25 05-01 05-07 05-11 05-27 07-06 10-26 12-16",
        "",
    ),
    2027: (
        "01-01 01-04 01-07 03-08 03-15 03-22 03-23 03-24 05-03 05-07 05-10 07-06 10-25 12-16",
        "",
    ),
}
"""Weekdays off and weekend days worked, as the package holidays 0.109 tells them for KZ.

Written down, because that package cannot be locked: it asks for python-dateutil below 3.
"""


@pytest.mark.parametrize("year", OTHER)
def test_a_library_of_holidays_says_the_same(year: int) -> None:
    off, worked = (
        {date.fromisoformat(f"{year}-{day}") for day in told.split()} for told in OTHER[year]
    )
    for day in days(year):
        expected = day in worked or (day.isoweekday() < 6 and day not in off)
        assert KZ.is_working(day) == expected, day


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("off: {2025-03-09: x}, worked: []", "2025-03-09 is no day of 2026"),
        ("off: {2026-03-08: x}, worked: []", "2026-03-08 is a day of rest anyway"),
        ("off: {}, worked: [2026-03-10]", "2026-03-10 is no day of rest"),
        ("off: {}", "missing required field `worked`"),
    ],
)
def test_a_calendar_that_says_nonsense_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_calendar(f"country: KZ\nrest: [6, 7]\nyears: {{2026: {{source: s, {text}}}}}")


def test_a_country_without_a_file_has_weekends_off() -> None:
    assert load_calendar("XX") == WorkCalendar()


@given(st.dates(date(2023, 12, 1), date(2027, 2, 1)), st.dates(date(2023, 12, 1), date(2027, 2, 1)))
def test_working_days_are_those_that_are_counted_one_by_one(day: date, last: date) -> None:
    first, end = sorted((day, last))
    counted = sum(
        KZ.is_working(first + timedelta(days=number)) for number in range(1, (end - first).days + 1)
    )
    assert KZ.working_days(first, end) == counted
    assert KZ.working_days(end, first) == -counted
