"""Reads the official days of a country from ``calendars/<country>.yaml``."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import resources

import msgspec
import yaml

from streams.core.law.calendar import WEEKENDS, WorkCalendar


class _Year(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    off: dict[date, str]
    worked: list[date]


class _Calendar(msgspec.Struct, forbid_unknown_fields=True):
    country: str
    rest: list[int]
    years: dict[int, _Year]


def parse_calendar(text: str) -> WorkCalendar:
    """Parse a calendar file; raises ValueError with a sentence for one that cannot be used."""
    written = yaml.load(text, yaml.BaseLoader)  # noqa: S506 (texts alone: dates are keys)
    found = msgspec.convert(written, _Calendar, strict=False)
    for number, year in found.years.items():
        for day in (*year.off, *year.worked):
            if day.year != number:
                raise ValueError(f"{day} is no day of {number}")
        for day in year.off:
            if day.isoweekday() in found.rest:
                raise ValueError(f"{day} is a day of rest anyway")
        for day in year.worked:
            if day.isoweekday() not in found.rest:
                raise ValueError(f"{day} is no day of rest, so it is worked anyway")
    return WorkCalendar(
        frozenset(found.rest),
        frozenset(day for year in found.years.values() for day in year.off),
        frozenset(day for year in found.years.values() for day in year.worked),
    )


@cache
def load_calendar(country: str) -> WorkCalendar:
    """Return the official days of a country by its code; without a file Saturdays and Sundays."""
    text = calendar_text(country)
    return WEEKENDS if text is None else parse_calendar(text)


def calendar_text(country: str) -> str | None:
    """Return the file of the official days of a country by its code, None where it has none."""
    name = f"{country.lower()}.yaml"
    file = resources.files("streams").joinpath("rules", "calendars", name)
    return file.read_text(encoding="utf-8") if file.is_file() else None
