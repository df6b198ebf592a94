"""What operators tell: outages in time excuse, marks in time mark (section 14)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import yaml

from tests.oracle import clock, quality
from tests.oracle.input_reading import Row
from tests.oracle.registry_reading import Source

PLANNED_DAYS = 30
UNPLANNED = 2 * clock.HOUR
MARK_DEADLINE = 24 * clock.HOUR
MEDIAN = 30 * 24 * clock.HOUR


@dataclass(frozen=True)
class Notice:
    """One notice about a source and ``[start, end)``; what it takes back by its id."""

    id: str
    kind: str
    bin: str
    source_id: str
    parameter: str | None
    start: int
    end: int
    state: str | None
    flag: str | None
    arrival: int
    withdraws: str | None


def read(path: Path, until: int) -> list[Notice]:
    """The notices of a file that have arrived, in the order of arrival."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    found = [
        Notice(
            id=entry["id"],
            kind=entry["kind"],
            bin=entry["bin"],
            source_id=entry["source_id"],
            parameter=entry.get("parameter"),
            start=clock.timestamp(entry["from"]) if "from" in entry else 0,
            end=clock.timestamp(entry["to"]) if "to" in entry else 0,
            state=entry.get("state"),
            flag=entry.get("flag"),
            arrival=clock.timestamp(entry["arrived_at"]),
            withdraws=entry.get("withdraws"),
        )
        for entry in document["notices"]
    ]
    return sorted((each for each in found if each.arrival <= until), key=lambda each: each.arrival)


def told(
    source: Source, rows: list[Row], notices: Iterable[Notice], until: int
) -> tuple[Source, list[Row]]:
    """A source with the outages that excuse it, and its accepted rows as they are marked."""
    mine = [each for each in notices if (each.bin, each.source_id) == (source.bin, source.id)]
    outages = [
        (notice.start, notice.end)
        for notice in mine
        if notice.kind in ("PLANNED_OUTAGE", "UNPLANNED_OUTAGE")
        and _in_time(notice, source.zone, notice.arrival)
        and not any(
            other.withdraws == notice.id and _in_time(notice, source.zone, other.arrival)
            for other in mine
        )
    ]
    about = tuple((notice.start, notice.end) for notice in mine if notice.kind != "EXCEEDANCE")
    excused = replace(source, excused=(*source.excused, *outages), told=about)
    marks = [
        notice
        for notice in mine
        if notice.kind == "MARK" and not _denied(notice, excused, rows, until)
    ]
    return (
        excused,
        [_marked(row, marks, mine) for row in rows],
    )


def _denied(mark: Notice, source: Source, rows: list[Row], until: int) -> bool:
    """The flow says that the source did operate: the mean of the interval is half or more of the
    median of the hours of the 30 days before. Seen when the interval is over, and again when no
    late reading can change it."""
    seen = max(mark.arrival, mark.end + clock.GRACE["1h"])
    if mark.end + quality.LATENESS <= until:
        seen = max(seen, mark.end + quality.LATENESS)
    if (mark.state is None and mark.flag != "F") or seen > until:
        return False
    parameter = "FLOW" if "FLOW" in source.channels else "VELOCITY"
    inside: list[Fraction] = []
    hours: dict[tuple[int, int], list[Fraction]] = {}
    for row in rows:
        value = quality.measured(row, source, parameter)
        if value is None or row.arrival is None or row.arrival > seen:
            continue
        hour = clock.window(source.zone, "1h", row.start)
        if hour[1] + clock.GRACE["1h"] <= seen and mark.start - MEDIAN <= hour[0] < mark.start:
            hours.setdefault(hour, []).append(Fraction(value))
        if mark.start < row.end and row.start < mark.end:
            inside.append(Fraction(value))
    if not inside or not hours:
        return False
    usual = median(sum(values, Fraction(0)) / len(values) for values in hours.values())
    return 2 * sum(inside) / len(inside) >= usual


def _in_time(outage: Notice, zone: ZoneInfo, arrival: int) -> bool:
    """Planned: by the end of the local day 30 days before that of its start; else in 2 hours."""
    if outage.kind == "UNPLANNED_OUTAGE":
        return arrival <= outage.start + UNPLANNED
    day = clock.local_day(zone, outage.start) - timedelta(days=PLANNED_DAYS)
    return arrival <= clock.midnight(zone, day + timedelta(days=1))


def _marked(row: Row, marks: list[Notice], mine: list[Notice]) -> Row:
    """A row with the state and the flags of the marks that came in its time."""
    deadline = row.end + MARK_DEADLINE
    state, flags = row.state, dict(row.flags)
    for mark in marks:
        back = any(other.withdraws == mark.id and other.arrival <= deadline for other in mine)
        touched = mark.start < row.end and row.start < mark.end
        if back or not touched or mark.arrival > deadline:
            continue
        if mark.state is not None:
            state = mark.state
        elif mark.flag is not None:
            for parameter in (mark.parameter,) if mark.parameter else row.values:
                flags[parameter] = mark.flag
    if (state, flags) == (row.state, row.flags):
        return row
    return replace(row, state=state, flags=flags)
