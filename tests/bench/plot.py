"""Horizontal bars with their spread, as an SVG file written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

_NAME, _BAR, _ROW, _TOP = 230, 480, 26, 34


class Bar(NamedTuple):
    """One row: the bar's length, the whisker's ends, whether it stands out, and what it says."""

    name: str
    value: float
    least: float
    most: float
    ours: bool
    label: str | None = None
    """None: the value."""


def svg(panels: Mapping[str, Sequence[Bar]], unit: str) -> str:
    """A panel for each title, each with a scale of its own; the text of an SVG file."""
    height = sum(_TOP + _ROW * len(bars) + 16 for bars in panels.values())
    width = _NAME + _BAR + 110
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    top = 0
    for name, bars in panels.items():
        lines.append(
            f'<text x="8" y="{top + 20}" font-size="14" font-weight="bold">'
            f"{escape(f'{name}, {unit}' if unit else name)}</text>"
        )
        scale = _BAR / max((bar.most for bar in bars), default=1.0)
        for number, bar in enumerate(bars):
            lines += _row(bar, top + _TOP + number * _ROW, scale)
        top += _TOP + _ROW * len(bars) + 16
    return "\n".join([*lines, "</svg>", ""])


def _row(bar: Bar, y: int, scale: float) -> list[str]:
    middle, end = y + _ROW // 2 - 3, _NAME + bar.value * scale
    least, most = _NAME + bar.least * scale, _NAME + bar.most * scale
    label = _number(bar.value) if bar.label is None else bar.label
    colour = "#c0392b" if bar.ours else "#7f8c8d"
    return [
        f'<text x="{_NAME - 8}" y="{middle + 4}" text-anchor="end">{escape(bar.name)}</text>',
        f'<rect x="{_NAME}" y="{y}" width="{end - _NAME:.1f}" height="{_ROW - 6}" '
        f'fill="{colour}"/>',
        f'<line x1="{least:.1f}" x2="{most:.1f}" y1="{middle}" y2="{middle}" stroke="black"/>',
        f'<text x="{max(end, most) + 6:.1f}" y="{middle + 4}">{escape(label)}</text>',
    ]


def _number(value: float) -> str:
    """With about three digits that say something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 10 else 2}f}".rstrip("0").rstrip(".")
