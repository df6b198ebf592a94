"""The mean of a series over a window, from the slots inside it.

``value = sum(v_i * p_i) / sum(p_i)`` over the valid readings; due time is the window less the
time that is excused; the status compares valid with due time in integers. A limit is the one
in force at the window's start (EC art. 202 p. 5, 6; shares of EN 17255-1).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache, lru_cache
from typing import Final, NamedTuple

from streams.core.calendar import HOUR
from streams.core.exact import weighted_mean
from streams.core.findings import WindowMean
from streams.core.registration import Limit
from streams.core.slot import Piece, Slot
from streams.core.source import KINDS, WHOLE_DAY, Interval, Layout, SourceEntry, united
from streams.core.totals import Totals, totals

VALID = "VALID"
INSUFFICIENT = "INSUFFICIENT"
NOT_OPERATING = "NOT_OPERATING"

SHORTEST_DAY = 6 * HOUR
"""A day with less due time than this has no valid mean."""


_new = tuple.__new__
"""What a NamedTuple's own call does, in a third of its time."""


_NO_CODES: Final[dict[str, int]] = {}


class Summary(NamedTuple):
    """What the readings of one series in one window add up to; times in milliseconds.

    ``value`` and ``raw_value`` are the exact quotients rounded once, None where nothing is valid.
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
    """One window of one source with its slots in the order of time."""

    kind: int
    start: int
    end: int
    slots: list[Slot]

    @property
    def late(self) -> int:
        """Accepted readings of the window that arrived at or after its closing."""
        return sum(slot.late[self.kind] for slot in self.slots)


def summaries(windows: Sequence[Window]) -> list[dict[str, Summary]]:
    """What every series of each window adds up to, by key.

    Only periods that divide a window count for it.
    """
    found: list[list[_Part]] = [[] for _ in windows]
    by_layout: dict[Layout, list[tuple[int, int, list[Piece]]]] = {}
    for number, window in enumerate(windows):
        for (period, layout), pieces in _alike(window).items():
            by_layout.setdefault(layout, []).append((number, period, pieces))
    for layout, groups in by_layout.items():
        added = totals([pieces for _, _, pieces in groups])
        for (number, period, pieces), total in zip(groups, added, strict=True):
            found[number].append(_Part(layout, period, pieces, total))
    return [_only(parts[0]) if len(parts) == 1 else _joined(parts) for parts in found]


class _Part(NamedTuple):
    """The pieces of one layout and one period (s) in one window, and what they add up to."""

    layout: Layout
    period_s: int
    pieces: list[Piece]
    total: Totals

    def codes(self, series: int) -> dict[str, int]:
        """Time (ms) by quality code."""
        found: dict[str, int] = {}
        for piece in self.pieces:
            for code, times in piece.codes.get(series, {}).items() if piece.codes else ():
                found[code] = found.get(code, 0) + times * self.period_s * 1000
        return found

    def sums(self, series: int, *, measured: bool) -> tuple[int, list[float], int]:
        """Weight, doubles whose exact sum is that of the values, and their count."""
        parts = [part for piece in self.pieces for part in piece.parts(series, measured=measured)]
        return self.period_s, parts, self.total.valid[series]


def _alike(window: Window) -> dict[tuple[int, Layout], list[Piece]]:
    length = KINDS[window.kind].length // 1000
    found: dict[tuple[int, Layout], list[Piece]] = {}
    for slot in window.slots:
        for piece in slot.pieces:
            if length % piece.period_s == 0:
                found.setdefault((piece.period_s, piece.layout), []).append(piece)
    return found


def _only(part: _Part) -> dict[str, Summary]:
    """A window whose readings are all of one layout and one period, as nearly every one."""
    layout, period = part.layout, part.period_s * 1000
    carried, valid, low, high, value, measured = part.total
    keys, marked = layout.keys, any(piece.codes for piece in part.pieces)
    found = {}
    for at in layout.sorted:
        if carried[at]:
            counts = valid[at]
            found[keys[at]] = _new(
                Summary,
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


def _joined(parts: list[_Part]) -> dict[str, Summary]:
    """A window in which the layout or the period changed, or one without readings."""
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
        found[key] = Summary(
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


class Frame(NamedTuple):
    """What all means of one window of one source have in common; times in milliseconds."""

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


def frame_of(
    window: Window,
    entry: SourceEntry,
    stops: list[Interval],
    rule_set: str,
    stream_time: int,
    max_lateness: int,
) -> Frame:
    """The frame of a window, with what is due in it by the readings' stops and the registry."""
    length = window.end - window.start
    due = length - excused_time((window.start, window.end), entry, stops)
    return Frame(
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
def name_of(key: str) -> tuple[str, str]:
    """Parameter and unit of a series by its key."""
    parameter, unit = key.split("|", 1)
    return parameter, unit


def mean_of(
    frame: Frame, name: tuple[str, str], summary: Summary, limit: Limit | None
) -> WindowMean:
    """The record of one mean; ``limit`` is the one in force at the window's start."""
    source_id, kind, start, end, due, excused_s, rule_set, revision, final, stream_time = frame
    carried, valid, value, raw_value, valid_time, low, high, time_by_code = summary
    return WindowMean(  # by position: one is made for every series of the nation, and names cost
        source_id,
        name[0],
        name[1],
        KINDS[kind].name,
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
