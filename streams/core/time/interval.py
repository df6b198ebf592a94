"""Lengths of time, open ends, and half-open intervals ``[start, end)``; all milliseconds (UTC)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

SECOND = 1_000

MINUTE = 60_000

HOUR = 3_600_000

DAY = 86_400_000

SLOT = 10 * MINUTE
"""The greatest common part of the 20- and 30-minute windows."""

BEGINNING = -(1 << 62)

FOREVER = 1 << 62
"""Open ends of a validity, milliseconds."""

LATEST_ARRIVAL = 10_413_791_999_999
"""2299-12-31T23:59:59.999Z: the end of ClickHouse's DateTime64, milliseconds UTC. Python's
calendar ends with the year 9999. A record stamped later than that would set the clock of its
partition to a time that nothing can name, and for ever, because stream time never goes back."""

Interval = tuple[int, int]

NEVER: Interval = (0, 0)


def union_of(intervals: Iterable[Interval]) -> list[Interval]:
    """Unite half-open intervals: sorted, neither touching nor overlapping."""
    result: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def overlaps(intervals: list[tuple[int, int]], start: int, end: int) -> bool:
    """Tell whether sorted, disjoint intervals meet ``[start, end)``."""
    index = bisect_right(intervals, start, key=lambda item: item[0])
    if index and intervals[index - 1][1] > start:
        return True
    return index < len(intervals) and intervals[index][0] < end
