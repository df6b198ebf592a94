"""Moments of a registration: a date, or a time with an offset and whole seconds."""

from __future__ import annotations

import re

from streams.core.time import local_clock as calendar
from streams.registry.errors import Problem

_FRACTION = re.compile(r"[.,]\d*[1-9]")

BEGINNING = -(1 << 62)
FOREVER = 1 << 62


def check_moment(zone: str, text: str | None, path: str) -> int | None:
    """Parse a moment to milliseconds UTC; return None where it is absent."""
    if text is None:
        return None
    if _FRACTION.search(text):  # also what is finer than datetime can hold
        raise Problem(path, f"{text!r} is not in whole seconds")
    try:
        return calendar.parse_instant(zone, text)
    except ValueError as error:
        raise Problem(path, str(error)) from None


def check_period(
    zone: str, start: str | None, end: str | None, path: str, names: tuple[str, str]
) -> tuple[int, int]:
    """Return the half-open interval between two moments, open where one is missing."""
    first = check_moment(zone, start, f"{path}.{names[0]}")
    last = check_moment(zone, end, f"{path}.{names[1]}")
    if first is not None and last is not None and first >= last:
        raise Problem(f"{path}.{names[1]}", f"{end} is not later than {names[0]} {start}")
    return BEGINNING if first is None else first, FOREVER if last is None else last


def check_midnight(zone: str, text: str | None, path: str) -> None:
    """Refuse a moment that is no local midnight."""
    instant = check_moment(zone, text, path)
    if instant is None:
        return
    try:
        day = calendar.clock(zone).date(instant)
    except OverflowError:  # the last hours of the calendar, and no midnight
        day = None
    if day is None or instant != calendar.midnight(zone, day):
        raise Problem(
            path, f"{text} is not a midnight of {zone}, and a limit changes only at midnights"
        )
