"""A day, month or year on the clock of a source: its bounds, its neighbours and its axis."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final, NamedTuple

from babel import dates

from emissions.portal.language import Language
from emissions.portal.time_chart import Tick
from streams.core.time.local_clock import clock, midnight, to_datetime

_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2100
_FOUR_HOURS: Final = 4
_LAST_WEEK: Final = 29


class SourcePeriod(NamedTuple):
    """Local days from ``first`` up to, not with, ``after``; ``since``, ``until``: ms UTC."""

    kind: str
    """days, months or years: the part of its address."""
    first: date
    after: date
    since: int
    until: int
    zone: str

    @property
    def segment(self) -> str:
        """Its name in an address: 2026-05-04, 2026-05 or 2026."""
        return self.first.isoformat()[: {"days": 10, "months": 7, "years": 4}[self.kind]]

    @property
    def before(self) -> SourcePeriod:
        """The period before it."""
        return _PERIODS[self.kind](self.first - timedelta(days=1), self.zone)

    @property
    def next(self) -> SourcePeriod:
        """The period after it."""
        return _PERIODS[self.kind](self.after, self.zone)

    @property
    def offset_s(self) -> int:
        """Local time minus UTC at its start, seconds."""
        return clock(self.zone).offset(self.since) // 1000

    @property
    def offset(self) -> str:
        """The same as text: UTC+05:00."""
        minutes = abs(self.offset_s) // 60
        sign = "-" if self.offset_s < 0 else "+"
        return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}"

    def ticks(self, language: Language) -> list[Tick]:
        """Return the marks of its axis of time."""
        if self.kind == "days":
            return _hours(self)
        if self.kind == "months":
            days = (self.first + timedelta(days=n) for n in range((self.after - self.first).days))
            return [
                Tick(midnight(self.zone, each), str(each.day) if each.day % 7 == 1 else "")
                for each in days
                if each.day % 7 == 1 or each.day == _LAST_WEEK
            ]
        return [
            Tick(
                midnight(self.zone, date(self.first.year, month, 1)),
                str(dates.format_date(date(self.first.year, month, 1), "LLL", locale=language))
                if month % 2 == 1
                else "",
            )
            for month in range(1, 13)
        ]


def day_of(day: date, zone: str) -> SourcePeriod:
    """Return a local calendar day."""
    return _made("days", day, day + timedelta(days=1), zone)


def month_of(day: date, zone: str) -> SourcePeriod:
    """Return the calendar month that a day lies in."""
    first = day.replace(day=1)
    return _made("months", first, (first + timedelta(days=32)).replace(day=1), zone)


def year_of(day: date, zone: str) -> SourcePeriod:
    """Return the calendar year that a day lies in."""
    return _made("years", date(day.year, 1, 1), date(day.year + 1, 1, 1), zone)


_PERIODS: Final = {"days": day_of, "months": month_of, "years": year_of}
_FORMS: Final = {"days": r"\d{4}-\d{2}-\d{2}", "months": r"\d{4}-\d{2}", "years": r"\d{4}"}


def parsed_period(kind: str, text: str, zone: str) -> SourcePeriod | None:
    """Parse the name of a period in an address; None for another text or an odd year."""
    if re.fullmatch(_FORMS[kind], text, re.ASCII) is None:
        return None
    try:
        day = date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return None
    if not _FIRST_YEAR <= day.year < _LAST_YEAR:
        return None
    return _PERIODS[kind](day, zone)


def _made(kind: str, first: date, after: date, zone: str) -> SourcePeriod:
    return SourcePeriod(kind, first, after, midnight(zone, first), midnight(zone, after), zone)


def _hours(period: SourcePeriod) -> list[Tick]:
    """Return the full hours on the local clock, every fourth one named, and the end of the day."""
    here, found, at = clock(period.zone), [], period.since
    while at < period.until:
        hour = to_datetime(at + here.offset(at)).hour
        if hour % 2 == 0:
            found.append(Tick(at, f"{hour:02}:00" if hour % _FOUR_HOURS == 0 else ""))
        at += 3_600_000
    return [*found, Tick(period.until, "24:00")]
