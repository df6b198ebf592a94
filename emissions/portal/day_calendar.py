"""Lays out the days of a year as months of weeks, each day with what its means say."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from emissions.portal.queries.source_gaps import GapRow
from emissions.portal.queries.source_means import DayRow
from emissions.portal.series import moment
from streams.core.time.local_clock import clock, from_datetime

NEAR: Final = 0.8
"""A day mean of at least so much of its limit is near it; a matter of the eye, not of the law."""


class DayMark(StrEnum):
    """What the means of a day say, the gravest first."""

    ABOVE = "above"
    NEAR = "near"
    WITHIN = "within"
    INSUFFICIENT = "insufficient"
    STOPPED = "stopped"
    SILENT = "silent"
    NOTHING = "nothing"


class CalendarDay(NamedTuple):
    """A day; ``worst`` is the greatest valid day mean over its limit."""

    day: date
    mark: DayMark
    worst: float | None


class CalendarMonth(NamedTuple):
    """A month: weeks from Monday to Sunday, None outside the month."""

    first: date
    weeks: list[list[CalendarDay | None]]


def mark_of(row: DayRow | None, *, silent: bool) -> DayMark:
    """Say what the means of a day say; ``silent``: a gap of the source lies in the day."""
    if row is None:
        return DayMark.SILENT if silent else DayMark.NOTHING
    if row.days_above or row.halves_above or row.hours_above:
        return DayMark.ABOVE
    if row.valid or (row.valid_parts and not row.insufficient and not row.stopped):
        near = row.worst is not None and row.worst >= NEAR
        return DayMark.NEAR if near else DayMark.WITHIN
    if row.stopped and not row.insufficient:
        return DayMark.STOPPED
    return DayMark.INSUFFICIENT


def silent_days(gaps: Iterable[GapRow], zone: str, first: date, last: date) -> frozenset[date]:
    """Return the local days from ``first`` to ``last`` that a gap of the whole source touches."""
    here, found = clock(zone), set()
    for gap in gaps:
        if gap.parameter:
            continue
        day = max(first, here.date(from_datetime(moment(gap.start))))
        until = last
        if gap.end is not None:
            until = min(last, here.date(from_datetime(moment(gap.end)) - 1))
        while day <= until:
            found.add(day)
            day += timedelta(days=1)
    return frozenset(found)


def days_of(rows: Iterable[DayRow], silent: frozenset[date]) -> dict[date, CalendarDay]:
    """Return the days that have means or a silence, each with its mark."""
    by_day: Mapping[date, DayRow] = {row.day: row for row in rows}
    return {
        day: CalendarDay(
            day, mark_of(by_day.get(day), silent=day in silent),
            by_day[day].worst if day in by_day else None,
        )
        for day in sorted({*by_day, *silent})
    }  # fmt: skip


def months_of(year: int, days: Mapping[date, CalendarDay]) -> list[CalendarMonth]:
    """Lay out the twelve months of a year."""
    found = []
    for month in range(1, 13):
        weeks = [
            [
                days.get(day, CalendarDay(day, DayMark.NOTHING, None))
                if day.month == month
                else None
                for day in week
            ]
            for week in calendar.Calendar().monthdatescalendar(year, month)
        ]
        found.append(CalendarMonth(date(year, month, 1), weeks))
    return found
