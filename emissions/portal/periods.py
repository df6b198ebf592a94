"""Days and months on the clock of the nation, as spans of moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from emissions.portal.rendering import NATION_CLOCK
from streams.core.time.local_clock import midnight, to_datetime, zone


class Period(NamedTuple):
    """A day or month that begins on a date; ``start`` inside, ``end`` outside, UTC."""

    begins: date
    start: datetime
    end: datetime


def local_date(moment: datetime) -> date:
    """Return the date of a moment in Almaty; one without an offset is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(zone(NATION_CLOCK)).date()


def day_period(day: date) -> Period:
    """Return a calendar day in Almaty."""
    return _period(day, day + timedelta(days=1))


def month_period(day: date) -> Period:
    """Return the calendar month in Almaty that a date lies in."""
    first = day.replace(day=1)
    return _period(first, _next_month(first))


def months_until(day: date, number: int) -> list[Period]:
    """Return so many months, the earliest first; the last is the one that a date lies in."""
    found = [month_period(day)]
    while len(found) < number:
        found.insert(0, month_period(found[0].begins - timedelta(days=1)))
    return found


def parsed_month(text: str, latest: date) -> date | None:
    """Return the first day of a month ``YYYY-MM``; None for another text and one to come."""
    if len(text) != 7:
        return None
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return found if date(2000, 1, 1) <= found <= latest else None


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _period(first: date, after: date) -> Period:
    return Period(
        first,
        to_datetime(midnight(NATION_CLOCK, first)),
        to_datetime(midnight(NATION_CLOCK, after)),
    )
