"""Makes the charts of a source: of each series a drawing, its numbers in words and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from babel.numbers import get_decimal_symbol
from markupsafe import Markup

from emissions.portal.language import Language
from emissions.portal.queries.source_gaps import GapRow
from emissions.portal.queries.source_means import MeanRow
from emissions.portal.queries.vocabulary import ParameterName
from emissions.portal.rendering import name_of, number
from emissions.portal.series import (
    Series,
    Standing,
    factor_of,
    moment,
    ratio_of,
    standing_of,
)
from emissions.portal.source_period import SourcePeriod
from emissions.portal.time_chart import Point, Span, TimeChart, draw, joined
from emissions.portal.units import unit_text
from streams.core.time.local_clock import clock, from_datetime, to_datetime

Text = Callable[..., str]

_KINDS: Final = {Standing.INSUFFICIENT: "insufficient", Standing.STOPPED: "stopped"}


class Line(NamedTuple):
    """A mean as a line of the table: its local time, what it is and where it stands."""

    time: str
    row: MeanRow
    standing: Standing
    ratio: float | None
    start: str
    """Its start in addresses, UTC."""


class Figure(NamedTuple):
    """A chart with its table and what is said of it; ``data``: the same for a script, JSON."""

    name: str
    series: Series
    title: str
    summary: str
    svg: Markup
    data: Markup
    lines: list[Line]
    kinds: list[str]
    """What the drawing shows beside the line: names of the legend."""
    auxiliary: bool


def figures_of(
    series: Sequence[Series],
    gaps: Iterable[GapRow],
    period: SourcePeriod,
    names: Mapping[str, ParameterName],
    language: Language,
    text: Text,
) -> list[Figure]:
    """Draw each series over a period; ``text`` gives the words of the language."""
    known = list(gaps)
    return [
        _figure(f"c{number_}", each, known, period, names.get(each.parameter), language, text)
        for number_, each in enumerate(series, start=1)
    ]


def start_segment(row: Any) -> str:
    """Return the start of a mean as addresses name it: 2026-05-03T19:00Z."""
    return moment(row.start).strftime("%Y-%m-%dT%H:%MZ")


def _figure(
    name: str,
    series: Series,
    gaps: list[GapRow],
    period: SourcePeriod,
    named: ParameterName | None,
    language: Language,
    text: Text,
) -> Figure:
    points = [_point(row) for row in series.rows]
    spans = _spans(series, gaps, period)
    full = name_of(named, language) if named is not None else ""
    unit = unit_text(series.unit, language)
    title = text(
        "chart.title",
        parameter=f"{full} ({series.parameter})" if full else series.parameter,
        unit=unit or series.unit,
        window=text(f"chart.window_{series.window}"),
    )
    summary = _summary(series, unit, language, text)
    factor = factor_of(series.window, series.unit)
    chart = TimeChart(
        name, title, summary, period.since, period.until, points, spans,
        period.ticks(language), factor, get_decimal_symbol(language),
    )  # fmt: skip
    kinds = ["line"]
    kinds += ["unsure"] if any(not p.counts and p.value is not None for p in points) else []
    kinds += ["limit"] if series.limits else []
    kinds += ["factor"] if series.limits and factor > 1 else []
    kinds += ["over"] if any(point.above for point in points) else []
    kinds += sorted({span.kind for span in spans})
    kinds += ["left"] if any(point.left_out for point in points) else []
    return Figure(
        name, series, title, summary, draw(chart),
        _data(series, points, spans, period, title, text, factor),
        [_line(row, period) for row in series.rows], kinds,
        named is not None and named.auxiliary,
    )  # fmt: skip


def _point(row: MeanRow) -> Point:
    standing = standing_of(row)
    return Point(
        from_datetime(moment(row.start)),
        from_datetime(moment(row.end)),
        row.value,
        row.limit,
        counts=standing not in _KINDS,
        above=standing is Standing.FAR_ABOVE,
        left_out=row.valid_s < row.due_s and standing not in _KINDS,
    )


def _spans(series: Series, gaps: list[GapRow], period: SourcePeriod) -> list[Span]:
    spans = [
        Span(_KINDS[standing], from_datetime(moment(row.start)), from_datetime(moment(row.end)))
        for row in series.rows
        if (standing := standing_of(row)) in _KINDS
    ]
    for gap in gaps:
        if gap.parameter in ("", series.parameter):
            end = period.until if gap.end is None else from_datetime(moment(gap.end))
            start = from_datetime(moment(gap.start))
            spans.append(Span("gap", max(start, period.since), min(end, period.until)))
    return joined(spans)


def _summary(series: Series, unit: str, language: Language, text: Text) -> str:
    said = [text("chart.s_count", count=len(series.rows))]
    highest = series.highest
    if highest is not None:
        value = f"{number(highest.value, language)} {unit}".strip()
        ratio = ratio_of(highest)
        if ratio is None or highest.limit is None:
            said.append(text("chart.s_highest", value=value))
        else:
            limit = f"{number(highest.limit, language)} {unit}"
            said.append(
                text(
                    "chart.s_highest_of_limit",
                    value=value,
                    ratio=number(ratio, language, 3),
                    limit=limit,
                )
            )
    if series.limits:
        factor = factor_of(series.window, series.unit)
        far = series.count(Standing.FAR_ABOVE)
        if factor > 1:
            above = series.count(Standing.ABOVE_LIMIT)
            said.append(text("chart.s_above_both", above=above + far, far=far, factor=factor))
        else:
            said.append(text("chart.s_above", far=far))
    left = series.count(Standing.INSUFFICIENT)
    if left:
        said.append(text("chart.s_insufficient", count=left))
    stopped = series.count(Standing.STOPPED)
    if stopped:
        said.append(text("chart.s_stopped", count=stopped))
    return " ".join(said)


def _data(
    series: Series,
    points: list[Point],
    spans: list[Span],
    period: SourcePeriod,
    title: str,
    text: Text,
    factor: int,
) -> Markup:
    found = {
        "t": [(point.start - period.since) // 1000 for point in points],
        "end": (points[-1].end - period.since) // 1000 if points else 0,
        "since": period.since // 1000,
        "until": period.until // 1000,
        "offset": period.offset_s,
        "v": [_rounded(point.value) if point.counts else None for point in points],
        "u": [None if point.counts else _rounded(point.value) for point in points],
        "l": [point.limit for point in points] if series.limits else None,
        "factor": factor,
        "title": title,
        "spans": [[span.kind, span.start // 1000, span.end // 1000] for span in spans],
        "words": [
            text("chart.time"),
            text("chart.k_line"),
            text("chart.k_unsure"),
            text("chart.k_limit"),
            text("chart.k_factor", factor=factor),
        ],
    }
    written = msgspec.json.encode(found).decode().replace("<", "\\u003c")
    return Markup(written)  # noqa: S704 (JSON without "<" ends no element)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _line(row: MeanRow, period: SourcePeriod) -> Line:
    start = from_datetime(moment(row.start))
    local = to_datetime(start + clock(period.zone).offset(start))
    form = "%H:%M" if period.kind == "days" else "%Y-%m-%d"
    return Line(local.strftime(form), row, standing_of(row), ratio_of(row), start_segment(row))
