"""Draws a series of means over time as SVG that fits every width without a script.

Places along the time are percentages and text keeps its size, so one drawing serves a phone and a
desk. Times without a valid mean have patterns of their own: it can be read without colours and on
paper. Classes take their colours from the style of the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import ceil, floor, log10
from typing import Final, NamedTuple

from markupsafe import Markup, escape

_HEIGHT, _TOP, _BOTTOM = 226, 24, 196
_PLOT: Final = _BOTTOM - _TOP

PATTERNS: Final = Markup(
    '<svg class="unseen" aria-hidden="true" width="0" height="0"><defs>'
    '<pattern id="p-gap" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<path class="hatch" d="M0 8L8 0"/></pattern>'
    '<pattern id="p-insufficient" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<path class="hatch" d="M0 0L8 8M0 8L8 0"/></pattern>'
    '<pattern id="p-stopped" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<circle class="dot" cx="4" cy="4" r="1.5"/></pattern></defs></svg>'
)
"""Once a page: what the charts on it fill times without a valid mean with."""


class Point(NamedTuple):
    """A mean over ``[start, end)`` (ms UTC) and its limit; ``counts``: it is valid.

    ``above``: what the law compares it with is reached; ``left_out``: some values do not count.
    """

    start: int
    end: int
    value: float | None
    limit: float | None
    counts: bool = True
    above: bool = False
    left_out: bool = False


class Span(NamedTuple):
    """A time without a valid mean, ``[start, end)`` (ms UTC): gap, insufficient or stopped."""

    kind: str
    start: int
    end: int


class Tick(NamedTuple):
    """A moment on the axis of time, and what stands under it; '' for nothing."""

    at: int
    label: str


class TimeChart(NamedTuple):
    """A chart of ``[since, until)`` (ms UTC); ``factor``: the second line, in limits.

    ``decimal`` stands between whole numbers and their decimals in the language of the page.
    """

    name: str
    title: str
    description: str
    since: int
    until: int
    points: Sequence[Point]
    spans: Sequence[Span]
    ticks: Sequence[Tick]
    factor: int = 1
    decimal: str = "."


def draw(chart: TimeChart) -> Markup:
    """Draw a chart; ``name`` makes its ids unique on a page, the same chart is the same text."""
    low, high, step = _scale(chart)

    def y(value: float) -> float:
        return (high - value) / (high - low) * _PLOT

    def x(at: int) -> str:
        share = (at - chart.since) / (chart.until - chart.since)
        return f"{_short(min(max(share, 0.0), 1.0) * 100, 2)}%"

    def rectangle(kind: str, start: int, end: int, top: float, height: float) -> str:
        begins, ends = max(start, chart.since), min(end, chart.until)
        width = max(ends - begins, 0) / (chart.until - chart.since) * 100
        return (
            f'<rect{kind} x="{x(begins)}" y="{_short(top)}" width="{_short(width, 2)}%" '
            f'height="{_short(height)}"/>'
        )

    parts = [
        f'<svg class="chart" role="img" aria-labelledby="{chart.name}-t {chart.name}-d" '
        f'width="100%" height="{_HEIGHT}"><title id="{chart.name}-t">{escape(chart.title)}</title>'
        f'<desc id="{chart.name}-d">{escape(chart.description)}</desc>'
    ]
    parts += [
        rectangle(f' fill="url(#p-{span.kind})"', span.start, span.end, _TOP, _PLOT)
        for span in chart.spans
    ]
    for number in range(round((high - low) / step) + 1):
        value = low + number * step
        at = _short(_TOP + y(value))
        said = _short(0.0 if abs(value) < step / 1e6 else value, 6)
        said = said.replace(".", chart.decimal)
        parts.append(f'<line class="grid" x2="100%" y1="{at}" y2="{at}"/>')
        parts.append(f'<text x="2" y="{at}" dy="-3">{said}</text>')
    parts += [
        rectangle(' class="left"', point.start, point.end, _BOTTOM - 4, 4)
        for point in _runs(chart.points, "left_out")
    ]
    for run in _runs(chart.points, "above"):
        parts.append(rectangle(' class="over"', run.start, run.end, _TOP - 6, 5))
        parts.append(
            f'<text class="over" x="{x((run.start + run.end) // 2)}" y="{_TOP - 9}" '
            f'text-anchor="middle">▲</text>'
        )
    parts.append(
        f'<svg y="{_TOP}" width="100%" height="{_PLOT}" viewBox="0 0 10000 {_PLOT}" '
        'preserveAspectRatio="none">'
    )
    place = _Place(chart, y)
    parts += [
        f'<path class="{name}" d="{path}"/>'
        for name, path in (
            ("limit", place.limits(1)),
            ("factor", place.limits(chart.factor) if chart.factor > 1 else ""),
            ("unsure", place.line(counts=False)),
            ("line", place.line(counts=True)),
        )
        if path
    ]
    parts.append("</svg>")
    for tick in chart.ticks:
        share = (tick.at - chart.since) / (chart.until - chart.since)
        anchor = "start" if share < 0.03 else "end" if share > 0.97 else "middle"
        parts.append(
            f'<line class="axis" x1="{x(tick.at)}" x2="{x(tick.at)}" y1="{_BOTTOM}" '
            f'y2="{_BOTTOM + 5}"/>'
        )
        if tick.label:
            parts.append(
                f'<text x="{x(tick.at)}" y="{_BOTTOM + 20}" text-anchor="{anchor}">'
                f"{escape(tick.label)}</text>"
            )
    parts.append(f'<line class="axis" x2="100%" y1="{_BOTTOM}" y2="{_BOTTOM}"/></svg>')
    return Markup("".join(parts))  # noqa: S704 (every text is escaped above)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Join spans of one kind that touch or overlap, in the order of kind and time."""
    found: list[Span] = []
    for each in sorted(spans):
        if found and found[-1].kind == each.kind and each.start <= found[-1].end:
            found[-1] = found[-1]._replace(end=max(found[-1].end, each.end))
        else:
            found.append(each)
    return found


class _Place:
    """Paths in a box of 10000 by the height of the plot."""

    def __init__(self, chart: TimeChart, y: Callable[[float], float]) -> None:
        self._chart = chart
        self._y = y

    def _x(self, at: int) -> str:
        share = (at - self._chart.since) / (self._chart.until - self._chart.since)
        return _short(min(max(share, 0.0), 1.0) * 10_000)

    def _at(self, value: float) -> str:
        return _short(self._y(value))

    def line(self, *, counts: bool) -> str:
        """Draw each value over its time; values that follow each other are joined."""
        found, before = [], None
        for point in self._chart.points:
            if point.value is None or point.counts is not counts:
                continue
            move = "L" if before == point.start else "M"
            found.append(f"{move}{self._x(point.start)} {self._at(point.value)}")
            found.append(f"H{self._x(point.end)}")
            before = point.end
        return "".join(found)

    def limits(self, factor: int) -> str:
        """Draw the limit over the whole time; it changes where that of a mean differs."""
        known = [(point.start, point.limit) for point in self._chart.points if point.limit]
        if not known:
            return ""
        found = [f"M0 {self._at(known[0][1] * factor)}"]
        for (_, before), (start, limit) in pairwise(known):
            if limit != before:
                found.append(f"H{self._x(start)}V{self._at(limit * factor)}")
        return "".join([*found, "H10000"])


def _runs(points: Iterable[Point], name: str) -> list[Point]:
    """Join the points that have a mark and follow each other."""
    found: list[Point] = []
    for point in points:
        if not getattr(point, name):
            continue
        if found and found[-1].end == point.start:
            found[-1] = found[-1]._replace(end=point.end)
        else:
            found.append(point)
    return found


def _scale(chart: TimeChart) -> tuple[float, float, float]:
    values = [0.0, *(each.value for each in chart.points if each.value is not None)]
    values += [each.limit * chart.factor for each in chart.points if each.limit]
    lowest, highest = min(values), max(values)
    step = _nice((highest - lowest) * 1.05 / 5 or 1.0)
    low = floor(lowest / step) * step
    high = max(ceil(highest * 1.02 / step) * step, low + step)
    return low, high, step


def _nice(step: float) -> float:
    """Round a step up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10(step))
    return next(each * power for each in (1.0, 2.0, 5.0, 10.0) if each * power >= step * 0.999)


def _short(value: float, digits: int = 1) -> str:
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
