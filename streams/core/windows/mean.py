"""Computes the mean of a series over a window from the slots inside it.

``value = sum(v_i * p_i) / sum(p_i)`` over the valid readings of periods ``p_i``; due time is the
window less excused time; the status compares valid with due time in integers. The limit is the
one in force at the window's start (EC art. 202 p. 5, 6; shares of EN 17255-1).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache, lru_cache
from typing import Final, NamedTuple

from streams.core.numeric.exact_sum import weighted_mean
from streams.core.records.findings import WindowMean
from streams.core.registry.enterprise import Limit
from streams.core.sources.series import MASS_FLOW, SeriesLayout
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import HOUR, Interval, union_of
from streams.core.time.window_kinds import ONE_HOUR, WHOLE_DAY, WINDOW_KINDS
from streams.core.windows.slot import SeriesSums, Slot
from streams.core.windows.window_sums import WindowSums, sum_windows

VALID = "VALID"
INSUFFICIENT = "INSUFFICIENT"
NOT_OPERATING = "NOT_OPERATING"

UNMADE: Final = tuple(None if kind == ONE_HOUR else MASS_FLOW for kind in range(len(WINDOW_KINDS)))
"""By kind of window the unit of which it has no means: mass flows that are computed have hours
alone, those that are reported every window."""

SHORTEST_DAY = 6 * HOUR
"""A day with less due time than this has no valid mean."""


_new = tuple.__new__
"""What a NamedTuple's own call does, in a third of its time."""


_NO_CODES: Final[dict[str, int]] = {}


class SeriesSummary(NamedTuple):
    """Sums up the readings of one series in one window; times in ms.

    ``value`` and ``raw_value`` are exact quotients rounded once, None where nothing is valid.
    """

    carried: int
    valid: int
    value: float | None
    raw_value: float | None
    valid_time: int
    low: float
    high: float
    time_by_code: dict[str, int]


class Window(NamedTuple):
    """Holds one window of one source, ``[start, end)`` in ms, and its slots in time order."""

    kind: int
    start: int
    end: int
    slots: list[Slot]

    @property
    def late(self) -> int:
        """Accepted readings of the window that arrived when it had closed."""
        return sum(slot.late[self.kind] for slot in self.slots)


def summarise(windows: Sequence[Window]) -> list[dict[str, SeriesSummary]]:
    """Summarise every series of each window, by key.

    Only readings of periods that divide the window count for it.
    """
    found: list[list[_LayoutSums]] = [[] for _ in windows]
    by_layout: dict[SeriesLayout, list[tuple[int, int, list[SeriesSums]]]] = {}
    for number, window in enumerate(windows):
        for (period, layout), pieces in _by_layout(window).items():
            by_layout.setdefault(layout, []).append((number, period, pieces))
    for layout, groups in by_layout.items():
        added = sum_windows([pieces for _, _, pieces in groups])
        for (number, period, pieces), total in zip(groups, added, strict=True):
            found[number].append(_LayoutSums(layout, period, pieces, total))
    return [
        _of_one_layout(parts[0]) if len(parts) == 1 else _of_several_layouts(parts)
        for parts in found
    ]


class _LayoutSums(NamedTuple):
    """The sums of one layout and one period (s) in the slots of one window, and their total."""

    layout: SeriesLayout
    period_s: int
    pieces: list[SeriesSums]
    total: WindowSums

    def codes(self, series: int) -> dict[str, int]:
        """Total the time (ms) of a series by quality code."""
        found: dict[str, int] = {}
        for piece in self.pieces:
            for code, times in piece.codes.get(series, {}).items() if piece.codes else ():
                found[code] = found.get(code, 0) + times * self.period_s * 1000
        return found

    def sums(self, series: int, *, measured: bool) -> tuple[int, list[float], int]:
        """Return the weight of a series, doubles whose exact sum is its sum, and their count."""
        parts = [
            part for piece in self.pieces for part in piece.partials(series, measured=measured)
        ]
        return self.period_s, parts, self.total.valid[series]


def _by_layout(window: Window) -> dict[tuple[int, SeriesLayout], list[SeriesSums]]:
    length = WINDOW_KINDS[window.kind].length // 1000
    found: dict[tuple[int, SeriesLayout], list[SeriesSums]] = {}
    for slot in window.slots:
        for piece in slot.series_sums:
            if length % piece.period_s == 0:
                found.setdefault((piece.period_s, piece.layout), []).append(piece)
    return found


def _of_one_layout(part: _LayoutSums) -> dict[str, SeriesSummary]:
    """Summarise a window whose readings share layout and period, as nearly all do."""
    layout, period = part.layout, part.period_s * 1000
    carried, valid, low, high, value, measured = part.total
    keys, marked = layout.keys, any(piece.codes for piece in part.pieces)
    found = {}
    for at in layout.sorted:
        if carried[at]:
            counts = valid[at]
            found[keys[at]] = _new(
                SeriesSummary,
                (
                    carried[at],
                    counts,
                    value[at] if counts else None,
                    measured[at] if counts else None,
                    counts * period,
                    low[at],
                    high[at],
                    part.codes(at) if marked else _NO_CODES,
                ),
            )
    return found


def _of_several_layouts(parts: list[_LayoutSums]) -> dict[str, SeriesSummary]:
    """Summarise a window in which layout or period changed, or without readings."""
    keys = sorted({key for part in parts for key in part.layout.keys})
    found = {}
    for key in keys:
        own = [(part, at) for part in parts if (at := part.layout.position.get(key)) is not None]
        own = sorted(own, key=lambda item: item[0].period_s)
        carried = sum(part.total.carried[at] for part, at in own)
        if not carried:
            continue
        time_by_code: dict[str, int] = {}
        for part, at in own:
            for code, time in part.codes(at).items():
                time_by_code[code] = time_by_code.get(code, 0) + time
        found[key] = SeriesSummary(
            carried,
            sum(part.total.valid[at] for part, at in own),
            weighted_mean([part.sums(at, measured=False) for part, at in own]),
            weighted_mean([part.sums(at, measured=True) for part, at in own]),
            sum(part.total.valid[at] * part.period_s * 1000 for part, at in own),
            min(part.total.low[at] for part, at in own),
            max(part.total.high[at] for part, at in own),
            time_by_code,
        )
    return found


def excused_time(window: Interval, entry: SourceEntry, stops: list[Interval]) -> int:
    """Total the time of a window (ms) that is not due: stoppages and excused periods."""
    start, end = window
    both = [
        (max(start, a), min(end, b))
        for intervals in (stops, entry.excused)
        for a, b in intervals
        if a < end and b > start
    ]
    return sum(b - a for a, b in union_of(both))


def status_of(kind: int, valid_time: int, due: int) -> str:
    """Compare valid with due time (ms): VALID, INSUFFICIENT or NOT_OPERATING."""
    if due < 1000:
        return NOT_OPERATING
    above, below = WINDOW_KINDS[kind].share
    if valid_time * below < due * above or (kind == WHOLE_DAY and due < SHORTEST_DAY):
        return INSUFFICIENT
    return VALID


def validated(value: float | None, limit: Limit | None) -> float | None:
    """Subtract the confidence interval: ``max(0, value - pct * L / 100)``; None without one."""
    if value is None or limit is None or limit.confidence_interval_pct is None:
        return None
    above, below = _interval(limit.confidence_interval_pct, limit.value)
    number, part = value.as_integer_ratio()
    return max(0.0, (number * below - above * part) / (part * below))


@cache
def _interval(percent: float, limit: float) -> tuple[int, int]:
    return (Fraction(percent) * Fraction(limit) / 100).as_integer_ratio()


class WindowHeader(NamedTuple):
    """Holds what all means of one window of one source have in common; times in ms."""

    source_id: str
    kind: int
    start: int
    end: int
    due: int
    excused_s: int
    rule_set: str
    revision: int
    final: bool
    stream_time: int


def header_of(
    window: Window,
    entry: SourceEntry,
    stops: list[Interval],
    rule_set: str,
    stream_time: int,
    max_lateness: int,
) -> WindowHeader:
    """Compute the header of a window: due time by stoppages and registry, revision, finality."""
    length = window.end - window.start
    due = length - excused_time((window.start, window.end), entry, stops)
    return WindowHeader(
        entry.id,
        window.kind,
        window.start,
        window.end,
        due,
        length // 1000 - due // 1000,
        rule_set,
        1 + window.late,
        stream_time > window.end + max_lateness,
        stream_time,
    )


@lru_cache(maxsize=65_536)
def parameter_and_unit(key: str) -> tuple[str, str]:
    """Split the key of a series into parameter and unit."""
    parameter, unit = key.split("|", 1)
    return parameter, unit


def mean_of(
    frame: WindowHeader, name: tuple[str, str], summary: SeriesSummary, limit: Limit | None
) -> WindowMean:
    """Build the record of one mean; ``limit`` is the one in force at the window's start."""
    source_id, kind, start, end, due, excused_s, rule_set, revision, final, stream_time = frame
    carried, valid, value, raw_value, valid_time, low, high, time_by_code = summary
    return WindowMean(  # by position: one is made for every series of the nation, and names cost
        source_id,
        name[0],
        name[1],
        WINDOW_KINDS[kind].name,
        start,
        end,
        value,
        raw_value,
        None if limit is None else validated(value, limit),
        low if valid else None,
        high if valid else None,
        carried,
        valid_time // 1000,
        due // 1000,
        excused_s,
        status_of(kind, valid_time, due),
        {code: time // 1000 for code, time in sorted(time_by_code.items())} if time_by_code else {},
        None if limit is None else limit.value,
        rule_set,
        revision,
        final,
        stream_time,
    )
