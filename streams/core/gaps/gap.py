"""Computes gaps: silence of a source, or of one channel while the source transmits and operates.

Final gaps are a function of the set of accepted readings alone; while a silence lasts, it is
compared with stream time. Coverage is kept as runs: intervals of readings at most 20 minutes apart
are merged, which loses nothing because no gap is shorter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from streams.core.time.interval import FOREVER, MINUTE, Interval, union_of

MERGE_DISTANCE = 20 * MINUTE
"""Silence up to this long is never a gap (``gap_after`` is at least 20 minutes)."""


class GapInterval(NamedTuple):
    """What remains of a silence when excused time is cut out, ms; ``end`` None: it goes on."""

    start: int
    end: int | None


def add_coverage(runs: list[Interval], start: int, end: int) -> bool:
    """Add an interval to the runs in place; False if it only extended the last one in order."""
    if runs and runs[-1][0] <= start <= runs[-1][1] + MERGE_DISTANCE:
        if end > runs[-1][1]:
            runs[-1] = (runs[-1][0], end)
        return False
    if not runs or start > runs[-1][1]:
        runs.append((start, end))
        return True
    low = bisect_left(runs, start - MERGE_DISTANCE, key=lambda run: run[1])
    high = low
    while high < len(runs) and runs[high][0] <= end + MERGE_DISTANCE:
        start, end = min(start, runs[high][0]), max(end, runs[high][1])
        high += 1
    runs[low:high] = [(start, end)]
    return True


def silences(base: int | None, runs: Sequence[Interval]) -> list[tuple[int, int | None]]:
    """List the times between the runs, the last without end; ``base`` ends a run before."""
    ends = [end for _, end in runs]
    starts: list[int | None] = [start for start, _ in runs]
    if base is not None:
        ends.insert(0, base)
    else:
        starts = starts[1:]
    return list(zip(ends, [*starts, None], strict=True)) if ends else []


def gaps_in(
    silence: tuple[int, int | None],
    cuts: Sequence[Interval],
    gap_after: int,
    grace: int,
    stream_time: int,
) -> list[GapInterval]:
    """List the gaps in one silence: it and each remaining part must exceed ``gap_after`` (ms)."""
    start, end = silence
    until = stream_time if end is None else end
    if until - start <= gap_after + (grace if end is None else 0):
        return []
    found = []
    for a, b in _cut(start, until, cuts):
        if b - a > gap_after:
            goes_on = end is None and b == until and not _inside(cuts, until)
            found.append(GapInterval(a, None if goes_on else b))
    return found


def _cut(start: int, end: int, cuts: Sequence[Interval]) -> list[Interval]:
    remaining = []
    at = start
    for a, b in cuts:
        if b <= at:
            continue
        if a >= end:
            break
        if a > at:
            remaining.append((at, a))
        at = max(at, b)
    if at < end:
        remaining.append((at, end))
    return remaining


def _inside(cuts: Sequence[Interval], instant: int) -> bool:
    return any(a <= instant < b for a, b in cuts)


def source_gaps(
    base: int | None,
    observed_from: int,
    runs: Sequence[Interval],
    excused: Sequence[Interval],
    gap_after: int,
    grace: int,
    stream_time: int,
) -> list[GapInterval]:
    """List the gaps of a source; a reading is taken to have ended at ``base``.

    None begins before ``observed_from``: silence is no evidence until the log is observed.
    """
    if base is not None and base > stream_time:
        return []
    return [
        piece
        for start, end in silences(base, runs)
        for piece in gaps_in(
            (max(start, observed_from), end), excused, gap_after, grace, stream_time
        )
    ]


def long_silences(runs: Sequence[Interval], gap_after: int, stream_time: int) -> list[Interval]:
    """List the silences of the source in which no channel is missed, each whole."""
    return [
        (start, FOREVER if end is None else end)
        for start, end in silences(None, runs)
        if (stream_time if end is None else end) - start > gap_after
    ]


def channel_gaps(
    base: int | None,
    runs: Sequence[Interval],
    excused: Sequence[Interval],
    stops: Sequence[Interval],
    silent: Sequence[Interval],
    gap_after: int,
    grace: int,
    stream_time: int,
) -> list[GapInterval]:
    """List the gaps of one channel; stoppages and long silences of the source are cut out."""
    cuts = union_of([*excused, *stops, *silent])
    return [
        piece
        for silence in silences(base, runs)
        for piece in gaps_in(silence, cuts, gap_after, grace, stream_time)
    ]


def next_change(
    start: int, cuts: Sequence[Interval], gap_after: int, grace: int, stream_time: int
) -> int:
    """Return the first later stream time at which a lasting silence may change its gaps."""
    times = [start + gap_after + grace + 1]
    last = start
    for a, b in cuts:
        if b > start:
            times += [a, b + gap_after + 1]
            last = max(last, b if b <= stream_time else last)
    times.append(last + gap_after + 1)
    return min((time for time in times if time > stream_time), default=FOREVER)
