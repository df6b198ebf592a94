"""The mean of a series over a window, from the slots inside it.

``value = sum(v_i * p_i) / sum(p_i)`` over the valid readings; due time is the window less the
time that is excused; the status compares valid with due time in integers. A limit is the one
in force at the window's start (EC art. 202 p. 5, 6; shares of EN 17255-1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from streams.core.calendar import HOUR
from streams.core.exact import weighted_mean
from streams.core.findings import WindowMean
from streams.core.registration import Limit
from streams.core.slot import Slot, Tally
from streams.core.source import KINDS, WHOLE_DAY, Interval, SourceEntry, united

VALID = "VALID"
INSUFFICIENT = "INSUFFICIENT"
NOT_OPERATING = "NOT_OPERATING"

SHORTEST_DAY = 6 * HOUR
"""A day with less due time than this has no valid mean."""


class Summary(NamedTuple):
    """What the tallies of one series in one window add up to; times in milliseconds."""

    carried: int
    valid: int
    groups: list[tuple[int, list[float], int]]
    raw_groups: list[tuple[int, list[float], int]]
    valid_time: int
    low: float
    high: float
    time_by_code: dict[str, int]


class Window(NamedTuple):
    """One window of one source with its slots in the order of time."""

    kind: int
    start: int
    end: int
    slots: list[Slot]

    @property
    def late(self) -> int:
        """Accepted readings of the window that arrived at or after its closing."""
        return sum(slot.late[self.kind] for slot in self.slots)


def series_of(window: Window) -> dict[str, dict[int, list[Tally]]]:
    """Tallies of a window by series key and period; only periods that divide the window."""
    length = KINDS[window.kind].length // 1000
    found: dict[str, dict[int, list[Tally]]] = {}
    for slot in window.slots:
        for period, tallies in slot.tallies.items():
            if length % period:
                continue
            for key, tally in tallies.items():
                found.setdefault(key, {}).setdefault(period, []).append(tally)
    return found


def summarise(tallies: Mapping[int, Iterable[Tally]]) -> Summary:
    """Add up the tallies of one series, given by period (s)."""
    count = valid = valid_time = 0
    low, high = float("inf"), float("-inf")
    groups, raw_groups = [], []
    time_by_code: dict[str, int] = {}
    for period, items in sorted(tallies.items()):
        parts: list[float] = []
        raw: list[float] = []
        counted = 0
        for tally in items:
            tally.add_up()
            count += tally.count
            counted += tally.valid
            parts += tally.parts
            raw += tally.raw
            low, high = min(low, tally.low), max(high, tally.high)
            for code, times in tally.codes.items():
                time_by_code[code] = time_by_code.get(code, 0) + times * period * 1000
        valid += counted
        valid_time += counted * period * 1000
        groups.append((period, parts, counted))
        raw_groups.append((period, raw or parts, counted))
    return Summary(count, valid, groups, raw_groups, valid_time, low, high, time_by_code)


def excused_time(window: Interval, entry: SourceEntry, stops: list[Interval]) -> int:
    """Time of a window (ms) that is not due: stops by the readings and periods by the registry."""
    start, end = window
    both = [
        (max(start, a), min(end, b))
        for intervals in (stops, entry.excused)
        for a, b in intervals
        if a < end and b > start
    ]
    return sum(b - a for a, b in united(both))


def status_of(kind: int, valid_time: int, due: int) -> str:
    """VALID, INSUFFICIENT or NOT_OPERATING; times in milliseconds."""
    if due < 1000:
        return NOT_OPERATING
    above, below = KINDS[kind].share
    if valid_time * below < due * above or (kind == WHOLE_DAY and due < SHORTEST_DAY):
        return INSUFFICIENT
    return VALID


def validated(value: float | None, limit: Limit | None) -> float | None:
    """``max(0, value - confidence_interval_pct * L / 100)``; None without an interval."""
    if value is None or limit is None or limit.confidence_interval_pct is None:
        return None
    above, below = _interval(limit.confidence_interval_pct, limit.value)
    number, part = value.as_integer_ratio()
    return max(0.0, (number * below - above * part) / (part * below))


@cache
def _interval(percent: float, limit: float) -> tuple[int, int]:
    return (Fraction(percent) * Fraction(limit) / 100).as_integer_ratio()


def mean_of(
    window: Window,
    key: str,
    summary: Summary,
    source_id: str,
    limit: Limit | None,
    excused: int,
    rule_set: str,
    stream_time: int,
    max_lateness: int,
) -> WindowMean:
    """The record of one mean.

    ``limit`` is the one in force at the window's start, ``excused`` its excused time in
    milliseconds.
    """
    parameter, unit = key.split("|", 1)
    length = window.end - window.start
    due = length - excused
    value = weighted_mean(summary.groups)
    return WindowMean(
        source_id=source_id,
        parameter=parameter,
        unit=unit,
        window=KINDS[window.kind].name,
        start=window.start,
        end=window.end,
        value=value,
        raw_value=value if value is None else weighted_mean(summary.raw_groups),
        validated_value=validated(value, limit),
        min=summary.low if summary.valid else None,
        max=summary.high if summary.valid else None,
        count=summary.carried,
        valid_s=summary.valid_time // 1000,
        due_s=due // 1000,
        excused_s=length // 1000 - due // 1000,
        status=status_of(window.kind, summary.valid_time, due),
        seconds_by_code={code: time // 1000 for code, time in sorted(summary.time_by_code.items())},
        limit=None if limit is None else limit.value,
        rule_set=rule_set,
        revision=1 + window.late,
        final=stream_time > window.end + max_lateness,
        stream_time=stream_time,
    )
