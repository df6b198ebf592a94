"""Which readings an explanation needs: those of the interval, and those beside it that matter."""

from __future__ import annotations

from typing import Final

from streams.core.judging.day_tally import COUNTED_UNITS
from streams.core.records.findings import Violation
from streams.core.sources.series import ANNUAL_MASS
from streams.core.time.interval import HOUR, Interval

MARGIN: Final = 2 * HOUR
"""Before and after: the longest window but the day, and the longest period of a reading."""


def spans_of(violation: Violation) -> list[Interval]:
    """Return from when until when (ms) the readings of a source matter for a violation.

    Of a device outside its verification the first and the last one do; of a year none, its hours
    are added up, and none where windows were counted over a year or longer.
    """
    start, end = violation.start, violation.end
    if violation.unit in (ANNUAL_MASS, *COUNTED_UNITS):
        return []
    if violation.unit is None and violation.device_serial is not None:
        last = [] if end is None else [readings_of(end, end, end)]
        return [readings_of(start, start, start), *last]
    return [readings_of(start, end, violation.detected_at)]


def readings_of(start: int, end: int | None, seen_at: int) -> Interval:
    """Return from when until when (ms) a reading may matter; ``seen_at`` stands for an open end.

    A silence needs the last reading before it besides, however long ago that was.
    """
    return start - MARGIN, (seen_at if end is None else end) + MARGIN
