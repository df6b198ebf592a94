"""What the chart of an explanation shows: a line, its limit, and the times that are shaded."""

from __future__ import annotations

from typing import Final

import msgspec

from streams.core.explanation.building import Building
from streams.core.explanation.windows import limit_of
from streams.core.law.quality_codes import EXCUSED as EXCUSED_CODE
from streams.core.sources.series import CONCENTRATION
from streams.core.time.interval import HOUR

GAP: Final = "gap"
INVALID: Final = "invalid"
EXCUSED: Final = "excused"
STOPPED: Final = "stopped"

MOST_POINTS: Final = 720
"""More values than this are drawn as the means of 20 minutes, or of 30 or 60."""


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A value over ``[start, end)`` (ms UTC); ``counts``: it is valid."""

    start: int
    end: int
    value: float
    counts: bool = True


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A time that is shaded, ``[start, end)`` (ms UTC), and why."""

    kind: str
    start: int
    end: int


class Chart(msgspec.Struct, frozen=True):
    """A series around the interval ``[start, end)`` (ms UTC) that is explained.

    ``window`` names the means that are drawn, '' for readings; ``factor`` times the limit is the
    second line that the rules look at.
    """

    parameter: str
    unit: str
    zone: str
    start: int
    end: int
    since: int
    until: int
    window: str
    points: tuple[Point, ...]
    limit: float | None
    factor: int
    spans: tuple[Span, ...]


def chart_of(
    building: Building, parameter: str | None, unit: str | None, start: int, end: int
) -> Chart | None:
    """Collect what a chart shows; None where there is nothing to draw."""
    entry = building.entry
    if entry is None:
        return None
    name = parameter or next(iter(entry.pollutants), None)
    plans = entry.plan(start)
    if name is None or name not in plans:
        return None
    series = next((each for each in plans[name].series if each.unit == unit), plans[name].series[0])
    pad = min(max((end - start) // 8, HOUR // 2), 6 * HOUR)
    since, until = start - pad, end + pad
    points, spans, window = [], [], ""
    for message in building.readings.within(since, until):
        found = building.readings.assessed(message)
        if found is None:
            continue
        reading = message.reading
        own = next((each for each in found[1].series if each[0].key == series.key), None)
        if reading.state != "NORMAL":
            spans.append(Span(STOPPED, reading.measured_at, reading.ends_at))
        elif own is None or own[3] not in (None, EXCUSED_CODE):
            spans.append(Span(INVALID, reading.measured_at, reading.ends_at))
        if own is not None and own[3] is None:
            points.append(Point(reading.measured_at, reading.ends_at, own[2]))
    if len(points) > MOST_POINTS:
        window = "1h" if series.unit == "g/s" else "20min"
        last = {
            each.start: each
            for each in building.rerun.means
            if (each.parameter, each.unit, each.window) == (name, series.unit, window)
        }
        points = [
            Point(each.start, each.end, each.value, each.status == "VALID")
            for _, each in sorted(last.items())
            if each.value is not None and each.end > since and each.start < until
        ]
    spans += [Span(EXCUSED, max(a, since), min(b, until)) for a, b in entry.excused
              if a < until and b > since]  # fmt: skip
    gaps = {each.id: each for each in sorted(building.facts.gaps, key=lambda each: each.revision)}
    for each in gaps.values():
        last_ms = until if each.end is None else each.end
        silent = each.parameter in (None, name) and each.status != "WITHDRAWN"
        if silent and each.start < until and last_ms > since:
            spans.append(Span(GAP, max(each.start, since), min(last_ms, until)))
    limit = limit_of(entry, name, series.unit, start)
    return Chart(
        name, series.unit, entry.zone, start, end, since, until, window,
        tuple(sorted(points, key=lambda each: each.start)), None if limit is None else limit.value,
        2 if series.unit == CONCENTRATION else 1, _joined(spans),
    )  # fmt: skip


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    """Join spans of one kind that touch, in the order of kind and time."""
    found: list[Span] = []
    for each in sorted(spans, key=lambda span: (span.kind, span.start)):
        if found and found[-1].kind == each.kind and each.start <= found[-1].end:
            last = found[-1]
            found[-1] = Span(last.kind, last.start, max(last.end, each.end))
        else:
            found.append(each)
    return tuple(found)
