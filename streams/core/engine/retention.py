"""Evicts state that no reading can change any more, so that a source's state stays bounded."""

from __future__ import annotations

from streams.core.gaps.gap import long_silences
from streams.core.judging.runs import RunJudge
from streams.core.judging.silence import SOURCE_ITSELF
from streams.core.sources.source import SourceEntry
from streams.core.state.hours import LONGEST_HOUR, Hours
from streams.core.state.source_state import SourceState
from streams.core.time.interval import BEGINNING, DAY, FOREVER, HOUR, Interval, union_of

LONGEST_DAY = DAY + LONGEST_HOUR
"""A local day is at most this long; its mean needs all its slots until it is final."""


def retained_from(horizon: int) -> int:
    """Return the start (ms) before which hours are evicted, or are about to be."""
    return horizon - LONGEST_DAY - LONGEST_HOUR


def retained_for(max_lateness: int) -> int:
    """Return how long (ms) after its end a day is such that none of its readings is accepted."""
    return max_lateness + LONGEST_DAY + LONGEST_HOUR


def has_expired(state: SourceState, hours: Hours, horizon: int) -> bool:
    """Tell whether `evict` may find anything to drop."""
    began = state.first_reading is not None and state.first_reading <= horizon - LONGEST_DAY
    return began or bool(hours.starts_before(retained_from(horizon)))


def evict(
    entry: SourceEntry,
    state: SourceState,
    hours: Hours,
    runs: RunJudge,
    horizon: int,
    stream_time: int,
) -> bool:
    """Drop hours, runs and published findings before the horizon (stream time - max lateness).

    A day more than the lateness is kept, because a day's mean needs the whole day. Tells whether
    anything was dropped.
    """
    bound = horizon - LONGEST_DAY
    old = hours.starts_before(retained_from(horizon))
    if old:
        until = entry.clock.end(old[-1], HOUR)
        runs.carry_over(entry, until, stream_time)
        for start in old:
            hours.evict(start)
        state.evicted_until = until
    dropped = runs.forget(entry, bound, stream_time) or bool(old)
    dropped |= _evict_conflicts(state, retained_from(horizon))
    dropped |= _evict_devices(entry, state, horizon)
    for identity, standing in list(state.violations.items()):
        of_run = standing.parameter is not None and standing.end is not None
        if of_run and (standing.end or 0) < bound and not runs.carries(entry, standing):
            del state.violations[identity]
            dropped = True
    dropped |= _evict_findings(state, bound)
    return _evict_silence(entry, state, bound, stream_time) or dropped


def _evict_findings(state: SourceState, bound: int) -> bool:
    """Drop findings whose interval ended before ``bound``: nothing may change them any more."""
    over = [
        identity
        for identity, known in state.published_findings.items()
        if known.end is not None and known.end < bound
    ]
    for identity in over:
        del state.published_findings[identity]
    return bool(over)


def _evict_conflicts(state: SourceState, bound: int) -> bool:
    """Drop conflicts before ``bound``, except those on which something hangs that is kept."""
    outages = list(state.violations.values())
    kept = [
        span
        for span in state.conflicts
        if span[1] > bound
        or any(each.is_outage_in(*span) for each in outages)
        or any(each.rests_on(*span) for each in state.device_uses.values())
    ]
    dropped = len(kept) < len(state.conflicts)
    state.conflicts[:] = kept
    return dropped


def _evict_devices(entry: SourceEntry, state: SourceState, horizon: int) -> bool:
    """Drop the uses of devices that no reading can prolong any more."""
    finished = [
        key
        for key, use in state.device_uses.items()
        if use.end < horizon and entry.unverified_since(use.serial, horizon) != use.since
    ]
    for key in finished:
        del state.device_uses[key]
    return bool(finished)


def _evict_silence(entry: SourceEntry, state: SourceState, bound: int, stream_time: int) -> bool:
    """Drop runs, stoppages and gaps before ``bound`` that no lasting silence needs."""
    if state.first_reading is None:
        return False
    dropped = False
    needed = bound
    for parameter in entry.pollutants:
        runs = state.covered_channels.setdefault(parameter, [])
        if not runs:
            if state.first_reading >= bound:
                needed = min(needed, state.first_reading)
                continue
            # Never valid since the first reading: kept like a channel that fell silent.
            runs.append((state.first_reading, state.first_reading))
        dropped |= _drop_runs(runs, parameter, state, bound)
        start, end = runs[-1]
        moved = _silent_since(end, _cuts(entry, state, stream_time), bound)
        if moved > end:
            runs[-1] = (start, moved)
            state.truncated.add(parameter)
            dropped = True
        needed = min(needed, runs[0][1] if parameter in state.truncated else state.first_reading)
    dropped |= _drop_runs(state.covered, SOURCE_ITSELF, state, needed)
    kept = [stop for stop in state.stoppages if stop[1] > needed]
    dropped |= len(kept) < len(state.stoppages)
    state.stoppages[:] = kept
    for identity, gap in list(state.gaps.items()):
        name = SOURCE_ITSELF if gap.parameter is None else gap.parameter
        remembered = (
            state.covered if gap.parameter is None else state.covered_channels.get(name, [])
        )
        first = remembered[0][1] if name in state.truncated and remembered else BEGINNING
        if gap.start < first:
            del state.gaps[identity]
            dropped = True
    if SOURCE_ITSELF in state.truncated and state.covered:
        for identity, standing in list(state.violations.items()):
            if standing.parameter is None and standing.start < state.covered[0][1]:
                del state.violations[identity]
                dropped = True
    return dropped


def _drop_runs(runs: list[Interval], name: str, state: SourceState, bound: int) -> bool:
    """Drop runs whose following silence ended before ``bound``; note what was truncated."""
    before = (len(runs), name in state.truncated)
    while len(runs) >= 2 and runs[1][0] <= bound:
        del runs[0]
    if runs and runs[0][0] <= bound:
        state.truncated.add(name)
    return before != (len(runs), name in state.truncated)


def _cuts(entry: SourceEntry, state: SourceState, stream_time: int) -> list[Interval]:
    """List what is cut out of a channel's silence, except a lasting silence of the source."""
    silent = [
        silence
        for silence in long_silences(state.covered, entry.gap_after, stream_time)
        if silence[1] < FOREVER
    ]
    return union_of([*entry.excused, *state.stoppages, *silent])


def _silent_since(start: int, cuts: list[Interval], bound: int) -> int:
    """Return where the silence at ``bound`` began, once what was cut out is final."""
    return max([start, *(end for _, end in cuts if end <= bound)])
