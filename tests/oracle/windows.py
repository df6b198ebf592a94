"""Means of every series over every closed window (section 7)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle import clock, normalise, quality
from tests.oracle.input_reading import Row
from tests.oracle.registry_reading import Limit, Source

Interval = tuple[int, int]
SHARE = {"20min": (2, 3), "30min": (2, 3), "1h": (3, 4), "day": (3, 4)}


@dataclass(frozen=True)
class Mean:
    """One row of means.csv, with the exact sum and what the rules ask."""

    source_id: str
    parameter: str
    unit: str
    window: str
    start: int
    end: int
    value: float | None
    weighted: Fraction
    valid_s: int
    due_s: int
    status: str
    limit: Limit | None
    revision: int | None
    """None where readings were counted anew for what operators told."""
    unverified: bool
    highest: float = 0.0
    """The highest valid value, at least 0."""


def means(source: Source, rows: list[Row], until: int) -> list[Mean]:
    """All means of a source whose windows are closed at ``until``."""
    cells: dict[tuple[str, str, str, int, int], list[tuple[Row, float | None]]] = defaultdict(list)
    arrivals: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row in rows:
        for name, length in clock.LENGTHS.items():
            if length % (source.cadence * clock.SECOND):
                continue
            start, end = clock.window(source.zone, name, row.start)
            arrivals[name, start].append(_arrival(row))
            if end + clock.GRACE[name] > until:
                continue
            for parameter, unit, value in series(row, source, name):
                cells[parameter, unit, name, start, end].append((row, value))
    away = union([*stops(rows), *source.excused])
    stopped = [row for row in rows if row.state != "NORMAL"]
    found = []
    for (parameter, unit, name, start, end), readings in cells.items():
        grace = clock.GRACE[name]
        reaching = [_arrival(row) for row in stopped if row.start < start < row.end]
        touching = arrivals[name, start] + reaching
        late = sum(arrival >= end + grace for arrival in touching)
        idle_ms = sum(stop - begin for begin, stop in cut_to(away, start, end))
        due = end - start - idle_ms
        valid = [(row, value) for row, value in readings if value is not None]
        weighted = sum((Fraction(value) * row.period for row, value in valid), Fraction(0))
        valid_s = sum(row.period for row, _ in valid)
        found.append(
            Mean(
                source_id=source.id,
                parameter=parameter,
                unit=unit,
                window=name,
                start=start,
                end=end,
                value=float(weighted / valid_s) if valid_s else None,
                weighted=weighted,
                valid_s=valid_s,
                due_s=due // clock.SECOND,
                status=status_of(name, valid_s * clock.SECOND, due),
                limit=_limit(source, parameter, unit, name, start),
                revision=None if told_of(source, start, end) else 1 + late,
                unverified=any(quality.unverified(row, source) for row, _ in valid),
                highest=max([0.0, *(value for _, value in valid)]),
            )
        )
    return found


def _limit(source: Source, parameter: str, unit: str, name: str, start: int) -> Limit | None:
    """The one in force at the start; of a reported mass flow where its hour is judged."""
    reported = source.channels[parameter].reports if unit == "g/s" else None
    if reported is None:
        return source.limit(parameter, unit, start)
    if name != "1h" or source.reporter(reported) is None:
        return None
    return source.limit(reported, "g/s", start)


def told_of(source: Source, start: int, end: int) -> bool:
    """A notice is about a reading of a window, or about one that reaches into it."""
    near = source.cadence * clock.SECOND
    return any(begin - near < end and start < over + near for begin, over in source.told)


def _arrival(row: Row) -> int:
    assert row.arrival is not None
    return row.arrival


def series(row: Row, source: Source, name: str) -> list[tuple[str, str, float | None]]:
    """(parameter, unit, valid value or None) of every series a reading feeds in a window."""
    fed: list[tuple[str, str, float | None]] = []
    for parameter in row.values:
        channel = source.channels.get(parameter)
        if channel is None:
            continue  # UNKNOWN_PARAMETER
        if channel.reports is not None:
            fed.append((parameter, channel.unit, quality.measured(row, source, parameter)))
            continue
        concentration = source.limit(parameter, "mg/m3", row.start)
        mass = source.limit(parameter, "g/s", row.start)
        if concentration is not None:
            value = normalise.concentration(row, source, concentration)
            fed.append((parameter, "mg/m3", value))
        if name == "1h" and has_mass(row, source, parameter):
            fed.append((parameter, "g/s", normalise.mass_flow(row, source, parameter)))
        if concentration is None and (mass is None or source.reporter(parameter) is not None):
            fed.append((parameter, channel.unit, quality.measured(row, source, parameter)))
    return fed


def has_mass(row: Row, source: Source, parameter: str) -> bool:
    """A reading feeds a mass flow: by a limit in g/s, or by one in mg/m3 where flow is measured."""
    if source.reporter(parameter) is not None:
        return False  # that one's hours are the mass flow
    if source.limit(parameter, "g/s", row.start) is not None:
        return True
    if source.limit(parameter, "mg/m3", row.start) is None:
        return False
    return source.measures_flow and source.channels[parameter].conditions.o2_pct is None


def status_of(name: str, valid: int, due: int) -> str:
    if due // clock.SECOND == 0:
        return "NOT_OPERATING"
    part, whole = SHARE[name]
    if valid * whole < due * part or (name == "day" and due < 6 * clock.HOUR):
        return "INSUFFICIENT"
    return "VALID"


def stops(rows: list[Row]) -> list[Interval]:
    """Intervals that readings report as not normal operation."""
    return [(row.start, row.end) for row in rows if row.state != "NORMAL"]


def union(intervals: list[Interval]) -> list[Interval]:
    """The same time as disjoint intervals in order."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif start < end:
            joined.append((start, end))
    return joined


def cut_to(intervals: list[Interval], start: int, end: int) -> list[Interval]:
    """The parts of intervals inside ``[start, end)``."""
    return [
        (max(begin, start), min(stop, end))
        for begin, stop in intervals
        if begin < end and start < stop
    ]


def without(whole: Interval, holes: list[Interval]) -> list[Interval]:
    """What is left of an interval when others are cut out."""
    pieces, at = [], whole[0]
    for start, end in union(cut_to(holes, *whole)):
        if at < start:
            pieces.append((at, start))
        at = max(at, end)
    if at < whole[1]:
        pieces.append((at, whole[1]))
    return pieces
