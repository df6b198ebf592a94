"""Draws the chart of an explanation as SVG: the same chart gives the same bytes.

A line of what was measured, the limit and its multiple, and the times that do not count, each with
a pattern of its own, so that it can be read without colours and on paper.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape
from math import ceil, floor, log10
from typing import Final

from streams.core.explanation.chart import EXCUSED, GAP, INVALID, STOPPED, Chart, Point
from streams.core.explanation.words import number_text
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import from_datetime, to_datetime, zone

_WIDTH, _HEIGHT = 960, 424
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 900, 40, 320

_STEPS: Final = (
    5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR,
    12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 61 * DAY, 122 * DAY,
)  # fmt: skip
_MOST_TICKS: Final = 12

LABELS: Final = {
    "en": {
        "explained": "explained interval", "line": "measured", "limit": "limit L",
        GAP: "no data", INVALID: "not valid", EXCUSED: "excused", STOPPED: "not in operation",
        "clock": "local time", "means": "means of",
    },
    "ru": {
        "explained": "объясняемый интервал", "line": "измерено", "limit": "норматив L",
        GAP: "нет данных", INVALID: "негодные", EXCUSED: "освобождено", STOPPED: "не работает",
        "clock": "местное время", "means": "средние за",
    },
    "kk": {
        "explained": "түсіндірілетін аралық", "line": "өлшенген", "limit": "норматив L",
        GAP: "дерек жоқ", INVALID: "жарамсыз", EXCUSED: "босатылған", STOPPED: "жұмыс істемейді",
        "clock": "жергілікті уақыт", "means": "орташа мәні",
    },
}  # fmt: skip

STYLE: Final = """
.chart text{font:12px system-ui,sans-serif;fill:var(--ink)}
.chart path{fill:none}
.chart .axis{stroke:var(--ink);stroke-width:1}
.chart .grid{stroke:var(--rule);stroke-width:1}
.chart .line{stroke:var(--line);stroke-width:2;stroke-linejoin:round}
.chart .limit{stroke:var(--limit);stroke-width:1.5}
.chart .factor{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:7 4}
.chart .explained{fill:var(--mark)}
.chart .edge{stroke:var(--ink);stroke-dasharray:2 3}
.chart .gap{fill:url(#p-gap)}.chart .invalid{fill:url(#p-invalid)}
.chart .excused{fill:url(#p-excused)}.chart .stopped{fill:url(#p-stopped)}
.chart .hatch{stroke:var(--shade);stroke-width:1.5}
.chart .dot{fill:var(--shade)}
"""
"""Rules of the page that the chart needs; colours are variables of the page."""

_PATTERNS: Final = (
    '<defs><pattern id="p-gap" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<path class="hatch" d="M0 8L8 0"/></pattern>'
    '<pattern id="p-invalid" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<path class="hatch" d="M0 0L8 8M0 8L8 0"/></pattern>'
    '<pattern id="p-excused" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<path class="hatch" d="M0 4H8"/></pattern>'
    '<pattern id="p-stopped" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<circle class="dot" cx="4" cy="4" r="1.5"/></pattern></defs>'
)


def svg_of(chart: Chart, language: str) -> str:
    """Draw a chart; its classes take their colours from `STYLE` and the page."""
    return _Drawing(chart, LABELS[language]).svg()


class _Drawing:
    def __init__(self, chart: Chart, labels: dict[str, str]) -> None:
        self._chart = chart
        self._labels = labels
        values = [0.0, *(each.value for each in chart.points)]
        if chart.limit is not None:
            values.append(chart.limit * chart.factor)
        lowest, highest = min(values), max(values) * 1.08
        self._step = _nice((highest - lowest) / 6 or 1.0)
        self._low = floor(lowest / self._step) * self._step
        self._high = ceil(highest / self._step) * self._step
        if self._high <= self._low:
            self._high = self._low + self._step

    def svg(self) -> str:
        chart, labels = self._chart, self._labels
        title = f"{chart.parameter}, {chart.unit}"
        if chart.window:
            title += f" ({labels['means']} {chart.window})"
        parts = [
            f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-labelledby="chart-title">',
            f'<title id="chart-title">{escape(title)}</title>{_PATTERNS}',
            f'<text x="{_LEFT}" y="20">{escape(title)}</text>',
            self._rectangle("explained", chart.start, chart.end),
        ]
        parts += [self._rectangle(each.kind, each.start, each.end) for each in chart.spans]
        parts += self._vertical_axis()
        parts += self._time_axis()
        parts += [
            f'<path class="edge" d="M{_n(self._x(at))} {_TOP}V{_BOTTOM}"/>'
            for at in (chart.start, chart.end)
        ]
        parts += self._limits()
        parts.append(f'<path class="line" d="{self._path()}"/>')
        parts += self._legend()
        parts.append("</svg>")
        return "\n".join(parts)

    def _x(self, at: int) -> float:
        chart = self._chart
        share = (at - chart.since) / (chart.until - chart.since)
        return _LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT)

    def _y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return _BOTTOM - min(max(share, 0.0), 1.0) * (_BOTTOM - _TOP)

    def _rectangle(self, kind: str, start: int, end: int) -> str:
        left, right = self._x(start), self._x(end)
        return (
            f'<rect class="{kind}" x="{_n(left)}" y="{_TOP}" '
            f'width="{_n(max(right - left, 0.8))}" height="{_BOTTOM - _TOP}"/>'
        )

    def _vertical_axis(self) -> list[str]:
        parts, count = [], round((self._high - self._low) / self._step)
        for number in range(count + 1):
            value = self._low + number * self._step
            y = _n(self._y(value))
            parts.append(f'<path class="grid" d="M{_LEFT} {y}H{_RIGHT}"/>')
            said = number_text(0.0 if abs(value) < self._step / 1e6 else value, 4)
            parts.append(f'<text x="{_LEFT - 8}" y="{y}" dy="4" text-anchor="end">{said}</text>')
        parts.append(f'<path class="axis" d="M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}"/>')
        return parts

    def _time_axis(self) -> list[str]:
        chart = self._chart
        length = chart.until - chart.since
        step = next((each for each in _STEPS if length / each <= _MOST_TICKS), _STEPS[-1])
        parts, last_day, last_x = [], "", -100.0
        for at in _ticks(chart.since, chart.until, step, chart.zone):
            local = to_datetime(at).astimezone(zone(chart.zone))
            x, day = self._x(at), f"{local:%Y-%m-%d}"
            parts.append(f'<path class="axis" d="M{_n(x)} {_BOTTOM}v5"/>')
            if step < DAY:
                parts.append(_centred(x, _BOTTOM + 19, f"{local:%H:%M}"))
            if day != last_day and x - last_x > 76:
                y = _BOTTOM + (35 if step < DAY else 19)
                parts.append(_centred(x, y, day))
                last_day, last_x = day, x
        offset = to_datetime(chart.start).astimezone(zone(chart.zone)).strftime("%z")
        clock = f"{self._labels['clock']}, UTC{offset[:3]}:{offset[3:]}"
        parts.append(f'<text x="{_RIGHT}" y="20" text-anchor="end">{escape(clock)}</text>')
        return parts

    def _limits(self) -> list[str]:
        limit, factor = self._chart.limit, self._chart.factor
        if limit is None:
            return []
        parts = []
        for name, number, label in (("limit", 1, "L"), ("factor", factor, f"{factor} L")):
            if name == "factor" and factor == 1:
                continue
            y = _n(self._y(limit * number))
            parts.append(f'<path class="{name}" d="M{_LEFT} {y}H{_RIGHT}"/>')
            parts.append(f'<text x="{_RIGHT + 6}" y="{y}" dy="4">{label}</text>')
        return parts

    def _path(self) -> str:
        """Draw each value over its time; values that follow each other are joined."""
        found: list[str] = []
        before: Point | None = None
        for point in self._chart.points:
            y = _n(self._y(point.value))
            start = _n(self._x(max(point.start, self._chart.since)))
            joined = _follows(before, point)
            found.append(f"{'L' if joined else 'M'}{start} {y}H{_n(self._x(point.end))}")
            before = point
        return "".join(found)

    def _legend(self) -> list[str]:
        labels, chart = self._labels, self._chart
        kinds = sorted({each.kind for each in chart.spans})
        items = [("line", labels["line"])]
        if chart.limit is not None:
            said = f"{labels['limit']} = {number_text(chart.limit)} {chart.unit}"
            items.append(("limit", said))
        items += [("explained", labels["explained"]), *((kind, labels[kind]) for kind in kinds)]
        parts, x, y = [], float(_LEFT), _BOTTOM + 62
        for name, said in items:
            width = 34 + 7.2 * len(said) + 14
            if x + width > _WIDTH:
                x, y = float(_LEFT), y + 18
            if name in ("line", "limit"):
                parts.append(f'<path class="{name}" d="M{_n(x)} {y - 4}h26"/>')
            else:
                parts.append(
                    f'<rect class="{name}" x="{_n(x)}" y="{y - 11}" width="26" height="14"/>'
                    f'<path class="grid" d="M{_n(x)} {y - 11}h26v14h-26z"/>'
                )
            parts.append(f'<text x="{_n(x + 32)}" y="{y}">{escape(said)}</text>')
            x += width
        return parts


def _follows(before: Point | None, point: Point) -> bool:
    return before is not None and before.end == point.start


def _nice(step: float) -> float:
    """Round a step up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10(step))
    return next(each * power for each in (1.0, 2.0, 5.0, 10.0) if each * power >= step * 0.999)


def _ticks(since: int, until: int, step: int, zone_name: str) -> list[int]:
    """List the instants at which the local clock is a multiple of a step; days at midnight."""
    clock = zone(zone_name)
    local = to_datetime(since).astimezone(clock)
    at = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    found: list[int] = []
    while True:
        instant = from_datetime(at.replace(tzinfo=clock))
        if instant > until:
            return found
        if instant >= since:
            found.append(instant)
        at += timedelta(milliseconds=step)


def _centred(x: float, y: int, said: str) -> str:
    return f'<text x="{_n(x)}" y="{y}" text-anchor="middle">{escape(said)}</text>'


def _n(value: float) -> str:
    """Format a coordinate with one decimal place."""
    return f"{value:.1f}".removesuffix(".0")
