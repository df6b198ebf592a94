"""Draws what a dossier shows as SVG that stands alone: the chart of an episode and the QR code."""

from __future__ import annotations

import io
import re
from typing import Final

from emissions.explain.chart import STYLE, svg_of
from streams.core.explanation.chart import Chart

_COLOURS: Final = {
    "--ink": "#1b1b1b", "--rule": "#d5d5d5", "--line": "#0b5cad", "--limit": "#b00020",
    "--mark": "#fff1c2", "--shade": "#777777",
}  # fmt: skip
"""Colours that are told apart on paper, and in grey."""


def chart_svg(chart: Chart, language: str) -> str:
    """Draw a chart with its style inside: the same chart gives the same bytes."""
    style = re.sub(r"var\((--[a-z]+)\)", lambda found: _COLOURS[found[1]], STYLE)
    style = style.replace("system-ui,sans-serif", "'Libertinus Serif',serif")
    drawn = svg_of(chart, language)
    return re.sub(r"(<svg[^>]*>)", rf"\1<style>{style}</style>", drawn, count=1)


def qr_svg(text: str) -> str:
    """Draw a QR code (medium correction) as SVG; needs the extra ``documents``."""
    import segno

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", border=2, xmldecl=False, svgns=True, omitsize=True, nl=False
    )
    return out.getvalue().decode()
