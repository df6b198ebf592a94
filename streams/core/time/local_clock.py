"""Converts between instants (ms UTC) and a source's local clock: midnights, slots, windows.

Zones come from the pinned ``tzdata`` package and never from the host, because the length of a legal
day depends on them (Kazakhstan became UTC+5 as a whole on 2024-03-01, one local day had 25 hours in
most of it).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from streams.core.time.interval import DAY, SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@cache
def zone(name: str) -> ZoneInfo:
    """Load the IANA zone ``name`` of the pinned data; raises ValueError with a sentence."""
    parts = name.split("/")
    if all(re.fullmatch(r"[A-Za-z0-9_+-]+", part) for part in parts):
        file = resources.files("tzdata").joinpath("zoneinfo", *parts)
        if file.is_file():
            with file.open("rb") as data:
                return ZoneInfo.from_file(data, key=name)
    raise ValueError(f"{name!r} is not a time zone of the IANA data")


def from_datetime(value: datetime) -> int:
    """Convert an aware datetime to ms UTC, exactly."""
    return (value - _EPOCH) // _MILLISECOND


def to_datetime(instant: int) -> datetime:
    """Convert an instant to an aware UTC datetime."""
    return _EPOCH + timedelta(milliseconds=instant)


def iso(instant: int) -> str:
    """Format an instant as ISO 8601 in UTC, with milliseconds only where there are some."""
    text = to_datetime(instant).replace(tzinfo=None)
    return text.isoformat(timespec="milliseconds" if instant % SECOND else "seconds") + "Z"


@cache
def midnight(zone_name: str, day: date) -> int:
    """Return the instant at which a local calendar day begins."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone(zone_name))
    return from_datetime(local.astimezone(UTC))


def parse_instant(zone_name: str, text: str) -> int:
    """Parse a date (its local midnight), or a time with an offset and whole seconds, to ms UTC.

    Raises ValueError with a sentence for anything else.
    """
    try:
        if _DATE.fullmatch(text):
            instant = midnight(zone_name, _parsed(text).date())
        else:
            instant = _exact_moment(text)
        # An offset can lead out of the years 1 to 9999.
        to_datetime(instant).astimezone(zone(zone_name))
    except OverflowError:
        raise ValueError(f"{text!r} is outside the calendar") from None
    return instant


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a date nor a time") from None


def _exact_moment(text: str) -> int:
    value = _parsed(text)
    if value.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    if value.microsecond:
        raise ValueError(f"{text!r} is not in whole seconds")
    return from_datetime(value)


class LocalClock:
    """Cuts the time of one zone into windows and days; local time is a multiple at each start."""

    def __init__(self, zone_name: str) -> None:
        self.zone_name = zone_name
        self._zone = zone(zone_name)
        self._offset_of_day: dict[int, int | None] = {}

    def offset(self, instant: int) -> int:
        """Return local time minus UTC at ``instant``, ms."""
        day = instant // DAY
        try:
            known = self._offset_of_day[day]
        except KeyError:
            first, last = self._exact(day * DAY), self._exact(day * DAY + DAY - 1)
            known = self._offset_of_day[day] = first if first == last else None
        return self._exact(instant) if known is None else known

    def _exact(self, instant: int) -> int:
        shift = to_datetime(instant).astimezone(self._zone).utcoffset()
        assert shift is not None  # noqa: S101 (an aware datetime always has one)
        return shift // _MILLISECOND

    def start(self, instant: int, length: int) -> int:
        """Return the start of the window of ``length`` (below a day) around ``instant``."""
        offset = self.offset(instant)
        candidate = instant - (instant + offset) % length
        if self.offset(candidate) == offset:
            return candidate
        changed = self._transition(candidate, instant)
        # Only a change that is no multiple of the length leaves a window that began before it.
        return candidate if candidate == changed else self.start(changed - 1, length)

    def end(self, start: int, length: int) -> int:
        """Return the end of the window of ``length`` from ``start``: where the next one starts."""
        candidate = start + length
        if self.offset(candidate) == self.offset(start):
            return candidate
        changed = self._transition(start, candidate)
        return changed + -(changed + self.offset(changed)) % length

    def _transition(self, before: int, after: int) -> int:
        """Find the first instant in ``(before, after]`` with the offset of ``after``."""
        offset = self.offset(after)
        while after - before > 1:
            middle = (before + after) // 2
            if self.offset(middle) == offset:
                after = middle
            else:
                before = middle
        return after

    def date(self, instant: int) -> date:
        """Return the local calendar date at ``instant``."""
        return to_datetime(instant + self.offset(instant)).date()

    def day(self, instant: int) -> tuple[int, int]:
        """Return start and end of the local calendar day around ``instant``."""
        today = self.date(instant)
        return (
            midnight(self.zone_name, today),
            midnight(self.zone_name, today + timedelta(days=1)),
        )


@cache
def clock(zone_name: str) -> LocalClock:
    """Return the one clock of a zone, so that its sources share a cache."""
    return LocalClock(zone_name)
