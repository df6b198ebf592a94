"""Answers with the pages of a source: what it emits now, and each of its days, months and years.

One file, although a long one: the four pages differ in their period and share all they show.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from babel import dates
from litestar import Response
from litestar.exceptions import NotFoundException

from emissions.portal.day_calendar import CalendarDay, DayMark, days_of, months_of, silent_days
from emissions.portal.queries.changes import revised_days
from emissions.portal.queries.roots import root_of
from emissions.portal.queries.source_gaps import GapRow, gaps_between
from emissions.portal.queries.source_means import (
    MeanRow,
    days_between,
    latest_of,
    means_between,
)
from emissions.portal.queries.sources import Source, SourceTimes, find_source, times_of
from emissions.portal.queries.vocabulary import CodeMeaning, code_meanings, parameter_names
from emissions.portal.registration import Location, registration_of
from emissions.portal.rendering import View, month
from emissions.portal.series import (
    WINDOWS,
    left_out_seconds,
    moment,
    ratio_of,
    series_of,
    standing_of,
    windows_of,
)
from emissions.portal.source_address import id_of
from emissions.portal.source_figures import Figure, figures_of, start_segment
from emissions.portal.source_period import SourcePeriod, day_of, parsed_period, year_of
from emissions.portal.time_chart import PATTERNS
from streams.core.time.local_clock import clock, from_datetime

_SHORT: Final = ("20min", "30min", "1h")
_USUAL: Final = "30min"
_STALE_MS: Final = 2 * 86_400_000
_MOST_ROWS: Final = 50_000
_WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip


class LatestLine(NamedTuple):
    """The latest means of a parameter in a unit, one for each window, None where it has none."""

    parameter: str
    unit: str
    limit: float | None
    cells: list[dict[str, Any] | None]

    def cell(self, window: str) -> dict[str, Any] | None:
        """Return the mean of a window."""
        return self.cells[WINDOWS.index(window)]


class LeftOut(NamedTuple):
    """A quality code with the seconds of each parameter that it covers."""

    code: str
    meaning: CodeMeaning | None
    seconds: list[tuple[str, int]]


async def known_source(view: View, segment: str) -> Source:
    """Return the source of a segment of an address, or answer that there is no such page."""
    source = await find_source(view.database, id_of(segment))
    if source is None:
        raise NotFoundException
    return source


def known_period(kind: str, text: str, source: Source) -> SourcePeriod:
    """Return the period that an address names, or answer that there is no such page."""
    period = parsed_period(kind, text, source.timezone)
    if period is None:
        raise NotFoundException
    return period


async def latest_page(view: View, source: Source) -> Response[str]:
    """Show what a source emits now, its latest day that has data, and the year around that."""
    times = await times_of(view.database, source.source_id)
    registration = registration_of(source.document)
    shown: dict[str, Any] = {
        "source": source,
        "title": view.text("source.title_latest", who=_title(source)),
        "place": registration.location or Location(),
        "devices": registration.devices,
        "limits": registration.limits,
        "times": times,
        "period": None,
        "figures": [],
        "groups": [],
        "silences": [],
    }
    if times is not None:
        latest = _date(times.last, source.timezone)
        day, year = day_of(latest, source.timezone), year_of(latest, source.timezone)
        rows, known, silences, shown_day = await asyncio.gather(
            latest_of(view.database, source.source_id),
            parameter_names(view.database),
            gaps_between(view.database, source.source_id, day.since, day.until),
            _of_period(view, source, day, None, auxiliary=False),
        )
        newest = from_datetime(moment(times.last))
        fresh = [row for row in rows if newest - from_datetime(moment(row.end)) < _STALE_MS]
        auxiliary = frozenset(name for name, each in known.items() if each.auxiliary)
        shown |= shown_day
        shown |= await _of_year(view, source, year)
        shown["groups"] = _latest_groups(fresh, auxiliary)
        shown["silences"] = [gap for gap in silences if gap.end is None]
    return view.render("source.html", **shown)


async def period_page(
    view: View, source: Source, period: SourcePeriod, window: str | None
) -> Response[str]:
    """Show a day, month or year of a source."""
    times, shown = await asyncio.gather(
        times_of(view.database, source.source_id), _of_period(view, source, period, window)
    )
    name = period_name(period, view)
    shown |= {
        "source": source,
        "times": times,
        "title": view.text(f"source.title_{period.kind}", who=_title(source), period=name),
        "period_name": name,
        "previous": _neighbour(period.before, times, view),
        "following": _neighbour(period.next, times, view),
        "root": None,
    }
    if period.kind == "days":
        shown["root"] = await root_of(view.database, source.source_id, period.first)
    if period.kind == "years":
        shown |= await _of_year(view, source, period)
    return view.render(f"source_{period.kind.removesuffix('s')}.html", **shown)


def period_name(period: SourcePeriod, view: View) -> str:
    """Return the name of a period in words: 4 May 2026, May 2026, 2026."""
    if period.kind == "days":
        return str(dates.format_date(period.first, "d MMMM y", locale=view.language))
    if period.kind == "months":
        return month(period.first, view.language)
    return str(period.first.year)


async def _of_period(
    view: View,
    source: Source,
    period: SourcePeriod,
    window: str | None,
    *,
    auxiliary: bool = True,
) -> dict[str, Any]:
    windows = _SHORT if period.kind == "days" else ("day",)
    bounds = (view.database, source.source_id, period.since, period.until)
    rows, gaps, known, codes, revised = await asyncio.gather(
        means_between(*bounds, windows),
        gaps_between(*bounds),
        parameter_names(view.database),
        code_meanings(view.database),
        revised_days(*bounds),
    )
    helping = frozenset(name for name, each in known.items() if each.auxiliary)
    if not auxiliary:
        rows = [row for row in rows if row.parameter not in helping]
    offered = windows_of(row for row in rows if row.unit != "g/s")
    chosen = (
        window if window in offered else _USUAL if _USUAL in offered else (offered or ["1h"])[0]
    )
    figures = figures_of(
        series_of(rows, chosen, helping), gaps, period, known, view.language, view.text
    )
    return {
        "period": period,
        "period_name": period_name(period, view),
        "figures": [each for each in figures if not each.auxiliary],
        "helping": [each for each in figures if each.auxiliary],
        "patterns": PATTERNS,
        "gaps": [(gap, _minutes(gap)) for gap in gaps],
        "left_out": _left_out(figures, codes),
        "revised": revised,
        "windows": offered,
        "window": chosen,
        "downloads": _downloads(source, period, chosen),
    }


async def _of_year(view: View, source: Source, year: SourcePeriod) -> dict[str, Any]:
    rows, gaps = await asyncio.gather(
        days_between(view.database, source.source_id, year.since, year.until),
        gaps_between(view.database, source.source_id, year.since, year.until),
    )
    last = min(date(year.first.year, 12, 31), _date(view.clock(), source.timezone))
    days = days_of(rows, silent_days(gaps, source.timezone, year.first, last))
    months = months_of(year.first.year, days)
    return {
        "year": year.first.year,
        "months": months,
        "by_month": [
            (each.first, _by_mark(day for week in each.weeks for day in week if day is not None))
            for each in months
        ],
        "marks": list(DayMark),
        "weekdays": _WEEKDAYS,
    }


def _by_mark(days: Any) -> Counter[DayMark]:
    found: Sequence[CalendarDay] = list(days)
    return Counter(day.mark for day in found)


def _latest_groups(
    rows: list[MeanRow], auxiliary: frozenset[str]
) -> list[tuple[list[str], list[LatestLine]]]:
    """Return the latest means in tables: those in g/s, which have hours alone, by themselves."""
    lines = _latest_lines(rows, auxiliary)
    found = []
    for flows in (False, True):
        chosen = [line for line in lines if (line.unit == "g/s") is flows]
        windows = [w for n, w in enumerate(WINDOWS) if any(line.cells[n] for line in chosen)]
        if chosen:
            found.append((windows, chosen))
    return found


def _latest_lines(rows: list[MeanRow], auxiliary: frozenset[str]) -> list[LatestLine]:
    """Order the latest means; of the same windows together, concentrations before mass flows."""
    grouped: dict[tuple[str, str], dict[str, MeanRow]] = {}
    for row in rows:
        if row.parameter not in auxiliary:
            grouped.setdefault((row.parameter, row.unit), {})[row.window] = row
    found = []
    for (parameter, unit), by_window in grouped.items():
        newest = max(by_window.values(), key=lambda row: row.start)
        found.append(
            LatestLine(parameter, unit, newest.limit, [_cell(by_window.get(w)) for w in WINDOWS])
        )
    return sorted(
        found, key=lambda each: (each.unit != "mg/m3", each.limit is None, each.parameter)
    )


def _cell(row: MeanRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "row": row,
        "standing": standing_of(row),
        "ratio": ratio_of(row),
        "share": row.valid_s / row.due_s if row.due_s else None,
        "start": start_segment(row),
    }


def _left_out(figures: Sequence[Figure], codes: dict[str, CodeMeaning]) -> list[LeftOut]:
    counted = frozenset(code for code, each in codes.items() if each.scope == "mark")
    found: dict[str, list[tuple[str, int]]] = {}
    told: set[str] = set()
    for figure in figures:
        if figure.series.parameter in told:
            continue  # the same readings in another unit
        told.add(figure.series.parameter)
        for code, seconds in left_out_seconds(figure.series.rows, counted).items():
            found.setdefault(code, []).append((figure.series.parameter, seconds))
    return [LeftOut(code, codes.get(code), seconds) for code, seconds in sorted(found.items())]


def _minutes(gap: GapRow) -> int | None:
    return None if gap.end is None else round((gap.end - gap.start).total_seconds() / 60)


def _downloads(source: Source, period: SourcePeriod, window: str) -> dict[str, str]:
    """Return the queries of the API that give the same rows as CSV, JSON or Parquet."""
    bounds = {
        "from": _utc(period.since),
        "to": _utc(period.until),
        "limit": str(_MOST_ROWS),
    }
    means = {"window": window} if period.kind == "days" else {"window": "day"}
    return {
        "means": urlencode({"source": source.source_id, **means, **bounds}),
        "gaps": urlencode({"source": source.source_id, **bounds}),
    }


def _utc(instant: int) -> str:
    return datetime.fromtimestamp(instant / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _neighbour(
    period: SourcePeriod, times: SourceTimes | None, view: View
) -> tuple[str, str] | None:
    """Return address part and name of a period with data; None beyond the first and the last."""
    if times is None or period.until <= from_datetime(moment(times.first)):
        return None
    if period.since > from_datetime(moment(times.newest)):
        return None
    return period.segment, period_name(period, view)


def _date(value: datetime, zone: str) -> date:
    return clock(zone).date(from_datetime(moment(value)))


def _title(source: Source) -> str:
    return f"{source.name} ({source.source_id})" if source.name else source.source_id
