"""Formats durations and times for sentences that people read."""

from __future__ import annotations

from typing import Final

from streams.core.time.local_clock import to_datetime, zone

_UNITS: Final = (("day", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


def duration_text(milliseconds: int) -> str:
    """Format a duration (ms) by its two largest units: ``24 days 7 h``, ``0.25 s``."""
    if milliseconds < 0:
        return f"-{duration_text(-milliseconds)}"
    if milliseconds < 1_000:
        return f"{milliseconds / 1000:g} s"
    parts: list[str] = []
    left = milliseconds
    for at, (name, size) in enumerate(_UNITS):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count:d} {name}{'s' if name == 'day' and count > 1 else ''}")
        if parts and (len(parts) == 2 or at == len(_UNITS) - 1 or not count):
            break
    return " ".join(parts)


def local_text(instant: int, zone_name: str) -> str:
    """Format an instant as ISO 8601 with the zone's offset; as a number beyond the calendar."""
    try:
        local = to_datetime(instant).astimezone(zone(zone_name))
    except (OverflowError, ValueError):
        return f"{instant} ms"
    fine = local.microsecond or instant % 1000
    return local.isoformat(timespec="milliseconds" if fine else "seconds")


def minute_text(instant: int, zone_name: str) -> str:
    """Format an instant as local day and minute, ``2026-05-04 00:20``, for a table."""
    return local_text(instant, zone_name)[:16].replace("T", " ")
