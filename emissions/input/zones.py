"""Time zones of the pinned data, and the instants that a local time can mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from emissions.input.cells import milliseconds
from streams.core.time.local_clock import zone

_FIXED: Final = re.compile(r"(?:UTC)?([+-]\d\d?(?::?\d\d)?)|UTC|GMT|Z")


def fixed_zone(name: str) -> tzinfo | None:
    """Return the zone of ``+05:00``, ``UTC+5`` or ``UTC``; None if the text is no fixed offset."""
    match = _FIXED.fullmatch(name)
    if match is None:
        return None
    if match[1] is None:
        return UTC
    sign, digits = match[1][0], match[1][1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    size = timedelta(hours=int(hours), minutes=int(minutes))
    if size > timedelta(hours=18) or int(minutes) > 59:
        return None
    return timezone(-size if sign == "-" else size)


def zone_of(name: str) -> tzinfo:
    """Return a zone of the pinned IANA data, or a fixed offset (``+05:00``); raise ValueError.

    Never uses the host's data: an old host still has Almaty six hours ahead of UTC.
    """
    return fixed_zone(name) or zone(name)


def instants_of(moment: datetime, at: tzinfo) -> tuple[int, int] | None:
    """Return both instants (ms UTC) of a local time, equal where it is unambiguous.

    None where the local time was skipped when clocks were put forward.
    """
    first, second = moment.replace(tzinfo=at), moment.replace(tzinfo=at, fold=1)
    earlier, later = first.utcoffset(), second.utcoffset()
    assert earlier is not None  # noqa: S101  an aware time has one
    assert later is not None  # noqa: S101
    if earlier < later:
        return None
    return milliseconds(first), milliseconds(second)
