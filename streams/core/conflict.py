"""Where two readings of one interval said different things: no fine may rest on the first of them.

Which of two voices came first must not decide a case (specification, Cases: CONFLICTING_DATA). So
a violation with a contested interval inside says so and is not automatic, but for that of a day
which stands without what is contested: if all of it counted as the highest value of the day and
were in truth 0, the mean would still meet the rule and enough of the day would still be valid.

A contested interval lies where the interval index lies (specification, Time), so in every window
that one of both readings may be measured in. Kept are spans from the first to the last of such
intervals in slots that follow each other: bounded, and never less than what is contested.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter

from streams.core.calendar import SLOT
from streams.core.source import Interval

_end = itemgetter(1)


def contested(conflicts: Sequence[Interval], start: int, end: int) -> bool:
    """Whether a contested interval meets ``[start, end)``."""
    at = bisect_right(conflicts, start, key=_end)
    return at < len(conflicts) and conflicts[at][0] < end


def contested_time(conflicts: Sequence[Interval], start: int, end: int) -> int:
    """How much of ``[start, end)`` is contested, ms; never less than what the intervals take."""
    at, found = bisect_right(conflicts, start, key=_end), 0
    while at < len(conflicts) and conflicts[at][0] < end:
        first, last = conflicts[at]
        found += min(last, end) - max(first, start)
        at += 1
    return found


def note(conflicts: list[Interval], interval: Interval, slot: Interval) -> bool:
    """Take in a contested interval inside ``slot``; whether anything more is contested by it."""
    before = conflicts[:]
    start, end = slot[0] - SLOT, slot[1] + SLOT
    near = [span for span in conflicts if span[1] > start and span[0] < end]
    joined = [*near, interval]
    kept = [span for span in conflicts if span not in near]
    kept.append((min(first for first, _ in joined), max(last for _, last in joined)))
    conflicts[:] = sorted(kept)
    return conflicts != before
