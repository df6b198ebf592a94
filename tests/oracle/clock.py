"""Local days and windows, and moments as people write them. Times are integer ms UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
LENGTHS = {"20min": 20 * MINUTE, "30min": 30 * MINUTE, "1h": HOUR, "day": 24 * HOUR}
GRACE = {"20min": 5 * MINUTE, "30min": 5 * MINUTE, "1h": 5 * MINUTE, "day": 20 * MINUTE}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(moment: datetime) -> int:
    """Milliseconds of a moment that has an offset."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


@cache
def midnight(zone: ZoneInfo, day: date) -> int:
    """First instant of a local day (of the later one where the clock skips midnight)."""
    return instant(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC))


def moment(text: str, zone: ZoneInfo) -> int:
    """A date is the local midnight, a time has an offset."""
    if len(text) == len("2026-01-01"):
        return midnight(zone, date.fromisoformat(text))
    return timestamp(text)


def timestamp(text: str) -> int:
    """A time with an offset; 24:00 is the end of its day."""
    ends_day = text[10:13] == "T24"
    parsed = datetime.fromisoformat(text.replace("T24", "T00", 1) if ends_day else text)
    parsed += timedelta(days=ends_day)
    if parsed.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return instant(parsed)


def written(time: int) -> str:
    """ISO 8601 UTC; a fraction of a second only where there is one."""
    at = EPOCH + timedelta(milliseconds=time)
    plain = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{plain}.{time % SECOND:03d}Z" if time % SECOND else f"{plain}Z"


@cache
def offset(zone: ZoneInfo, time: int) -> int:
    """Milliseconds by which the local clock is ahead of UTC."""
    shift = (EPOCH + timedelta(milliseconds=time)).astimezone(zone).utcoffset()
    assert shift is not None
    return shift // timedelta(milliseconds=1)


def local_day(zone: ZoneInfo, time: int) -> date:
    """The calendar day on the local clock."""
    return (EPOCH + timedelta(milliseconds=time)).astimezone(zone).date()


def window(zone: ZoneInfo, name: str, time: int) -> tuple[int, int]:
    """The window that contains a time: ``[start, end)``.

    A window starts where local time is a multiple of its length; so where the clock is moved
    inside a window by less than that, the window lasts until the next such moment.
    """
    if name == "day":
        day = local_day(zone, time)
        return midnight(zone, day), midnight(zone, day + timedelta(days=1))
    length = LENGTHS[name]
    shift = offset(zone, time)
    start = time - (time + shift) % length
    if offset(zone, start) != shift:
        before = _change(zone, start, time) - 1
        start = before - (before + offset(zone, before)) % length
    end = time - (time + shift) % length + length
    if offset(zone, end) != shift:
        after = _change(zone, time, end)
        end = after + -(after + offset(zone, after)) % length
    return start, end


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """The first instant of the offset that holds at ``high`` but not at ``low``."""
    while high - low > 1:
        middle = (low + high) // 2
        if offset(zone, middle) == offset(zone, high):
            high = middle
        else:
            low = middle
    return high


def midnights(zone: ZoneInfo, after: int, until: int) -> list[int]:
    """Every local midnight in ``(after, until]``."""
    day, last = local_day(zone, after), local_day(zone, until)
    found = []
    while day <= last:
        at = midnight(zone, day)
        if after < at <= until:
            found.append(at)
        day += timedelta(days=1)
    return found
