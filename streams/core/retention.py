"""Forgets what no reading can change any more, so that the state of a source stays bounded."""

from __future__ import annotations

from streams.core.calendar import DAY, HOUR
from streams.core.gap import long_silences
from streams.core.gap_judge import SOURCE
from streams.core.head import Head
from streams.core.hours import LONGEST_HOUR, Hours
from streams.core.run_judge import RunJudge
from streams.core.source import BEGINNING, FOREVER, Interval, SourceEntry, united

LONGEST_DAY = DAY + LONGEST_HOUR
"""A local day is at most this long; its mean needs all its slots until it is final."""


def kept_from(horizon: int) -> int:
    """Hours that start before this instant are forgotten, or are about to be."""
    return horizon - LONGEST_DAY - LONGEST_HOUR


def is_old(head: Head, hours: Hours, horizon: int) -> bool:
    """Whether `forget` may find anything to drop."""
    began = head.first is not None and head.first <= horizon - LONGEST_DAY
    return began or bool(hours.before(kept_from(horizon)))


def forget(
    entry: SourceEntry,
    head: Head,
    hours: Hours,
    runs: RunJudge,
    horizon: int,
    stream_time: int,
) -> bool:
    """Drop hours, runs and published findings before the horizon (stream time - max lateness).

    The state keeps a day more than the lateness, because a day's mean needs the whole day.
    Returns whether anything was dropped.
    """
    bound = horizon - LONGEST_DAY
    old = hours.before(kept_from(horizon))
    if old:
        until = entry.clock.end(old[-1], HOUR)
        runs.carry_over(entry, until)
        for start in old:
            hours.forget(start)
        head.forgotten = until
    dropped = runs.let_go(entry, bound) or bool(old)
    dropped |= _forget_conflicts(head, kept_from(horizon))
    for identity, standing in list(head.standing.items()):
        if standing.parameter is not None and standing.end is not None:
            known = head.carries.get(f"{standing.rule}|{standing.parameter}")
            carried = known is not None and known.start == standing.start
            if standing.end < bound and not carried:
                del head.standing[identity]
                dropped = True
    return _forget_silence(entry, head, bound, stream_time) or dropped


def _forget_conflicts(head: Head, bound: int) -> bool:
    """Drop conflicts before ``bound``, but for those inside an outage that is remembered."""
    outages = list(head.standing.values())
    kept = [
        span
        for span in head.conflicts
        if span[1] > bound or any(each.silent_in(*span) for each in outages)
    ]
    dropped = len(kept) < len(head.conflicts)
    head.conflicts[:] = kept
    return dropped


def _forget_silence(entry: SourceEntry, head: Head, bound: int, stream_time: int) -> bool:
    """Drop runs, stops and gaps before ``bound`` that no lasting silence needs any more."""
    if head.first is None:
        return False
    dropped = False
    needed = bound
    for parameter in entry.pollutants:
        runs = head.channels.setdefault(parameter, [])
        if not runs:
            if head.first >= bound:
                needed = min(needed, head.first)
                continue
            # Never valid since the first reading: remembered like a channel that fell silent.
            runs.append((head.first, head.first))
        dropped |= _drop_runs(runs, parameter, head, bound)
        start, end = runs[-1]
        moved = _silent_since(end, _cuts(entry, head, stream_time), bound)
        if moved > end:
            runs[-1] = (start, moved)
            head.trimmed.add(parameter)
            dropped = True
        needed = min(needed, runs[0][1] if parameter in head.trimmed else head.first)
    dropped |= _drop_runs(head.runs, SOURCE, head, needed)
    kept = [stop for stop in head.stops if stop[1] > needed]
    dropped |= len(kept) < len(head.stops)
    head.stops[:] = kept
    for identity, gap in list(head.gaps.items()):
        name = SOURCE if gap.parameter is None else gap.parameter
        remembered = head.runs if gap.parameter is None else head.channels.get(name, [])
        first = remembered[0][1] if name in head.trimmed and remembered else BEGINNING
        if gap.start < first:
            del head.gaps[identity]
            dropped = True
    if SOURCE in head.trimmed and head.runs:
        for identity, standing in list(head.standing.items()):
            if standing.parameter is None and standing.start < head.runs[0][1]:
                del head.standing[identity]
                dropped = True
    return dropped


def _drop_runs(runs: list[Interval], name: str, head: Head, bound: int) -> bool:
    """Drop runs whose following silence ended before ``bound``, and what lay before the first."""
    before = (len(runs), name in head.trimmed)
    while len(runs) >= 2 and runs[1][0] <= bound:
        del runs[0]
    if runs and runs[0][0] <= bound:
        head.trimmed.add(name)
    return before != (len(runs), name in head.trimmed)


def _cuts(entry: SourceEntry, head: Head, stream_time: int) -> list[Interval]:
    """What is cut out of a channel's silence, but for a silence of the source that lasts."""
    silent = [
        silence
        for silence in long_silences(head.runs, entry.gap_after, stream_time)
        if silence[1] < FOREVER
    ]
    return united([*entry.excused, *head.stops, *silent])


def _silent_since(start: int, cuts: list[Interval], bound: int) -> int:
    """Where the silence that lasts at ``bound`` began, once what was cut out is final."""
    return max([start, *(end for _, end in cuts if end <= bound)])
