"""Keeps where two readings of one interval contradict each other: no fine may rest on the first.

Which of two readings came first must not decide a case (specification, Cases: CONFLICTING_DATA).
So a violation with a contested interval inside says so and is not automatic, except that of a day
which stands without what is contested: if all of it counted as the highest value of the day and
were in truth 0, the mean would still meet the rule and enough of the day would still be valid.

A contested interval lies where the interval index lies (specification, Time), so in every window
that either reading may be measured in. Kept are spans from the first to the last such interval of
adjacent slots: bounded, and never less than what is contested.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter

from streams.core.time.interval import SLOT, Interval

_end = itemgetter(1)


def contested(conflicts: Sequence[Interval], start: int, end: int) -> bool:
    """Tell whether a contested interval meets ``[start, end)`` (ms)."""
    at = bisect_right(conflicts, start, key=_end)
    return start < end and at < len(conflicts) and conflicts[at][0] < end


def contested_time(conflicts: Sequence[Interval], start: int, end: int) -> int:
    """Total the contested time in ``[start, end)``, ms; never less than the intervals take."""
    at, found = bisect_right(conflicts, start, key=_end), 0
    while at < len(conflicts) and conflicts[at][0] < end:
        first, last = conflicts[at]
        found += min(last, end) - max(first, start)
        at += 1
    return found


def add_conflict(conflicts: list[Interval], interval: Interval, slot: Interval) -> bool:
    """Add a contested interval inside ``slot``; tells whether more is contested than before."""
    before = conflicts[:]
    start, end = slot[0] - SLOT, slot[1] + SLOT
    near = [span for span in conflicts if span[1] > start and span[0] < end]
    joined = [*near, interval]
    kept = [span for span in conflicts if span not in near]
    kept.append((min(first for first, _ in joined), max(last for _, last in joined)))
    conflicts[:] = sorted(kept)
    return conflicts != before
