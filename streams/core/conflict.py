"""Where two readings of one interval said different things: no fine may rest on the first of them.

Which of two voices came first must not decide a case, nor hide one, so a violation with a
conflicting duplicate inside is not automatic (specification, Rules and Cases: CONFLICTING_DATA).
It lies where the interval lies of which both speak (specification, Time: the interval index), so
in every window that one of them may be measured in. Kept are spans from the first to the last of
such intervals in slots that follow each other: enough to tell whether one lies in a window, in a
run of windows or in a silence, in bounded space.
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


def note(conflicts: list[Interval], interval: Interval, slot: Interval) -> bool:
    """Take in a contested interval inside ``slot``; whether the slot had none so far."""
    new = not contested(conflicts, *slot)
    start, end = slot[0] - SLOT, slot[1] + SLOT
    near = [span for span in conflicts if span[1] > start and span[0] < end]
    joined = [*near, interval]
    kept = [span for span in conflicts if span not in near]
    kept.append((min(first for first, _ in joined), max(last for _, last in joined)))
    conflicts[:] = sorted(kept)
    return new
