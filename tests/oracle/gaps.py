"""Silences of a source and of its pollutant channels (section 8)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.oracle import clock, normalise, quality
from tests.oracle.input_reading import Row
from tests.oracle.registry_reading import AUXILIARIES, END_OF_TIME, Source
from tests.oracle.windows import Interval, stops, union, without

GRACE = 5 * clock.MINUTE


@dataclass(frozen=True)
class Gap:
    """One row of gaps.csv; an open gap has no end."""

    source_id: str
    parameter: str | None
    start: int
    end: int | None


def gap_after(source: Source) -> int:
    """The longest time between readings that is no gap."""
    return max(3 * source.cadence * clock.SECOND, 20 * clock.MINUTE)


def gaps(source: Source, rows: list[Row], observed: int, until: int) -> list[Gap]:
    """Every gap of a source and of its channels at a stream time."""
    found = source_gaps(source, rows, observed, until)
    if rows:
        heard = [(row.start, row.end) for row in rows]
        cut = [*source.excused, *stops(rows)]
        cut += silences(heard, rows[0].start, gap_after(source), until)
        for parameter in source.channels:
            if parameter not in AUXILIARIES:
                valid = [(r.start, r.end) for r in rows if channel_valid(r, source, parameter)]
                found += _gaps(source, parameter, rows[0].start, valid, cut, until)
    return found


def source_gaps(source: Source, rows: list[Row], observed: int, until: int) -> list[Gap]:
    """Silences of the source itself, as if a reading had ended at its connection or where the
    log begins, whichever is later; a silence that is older is heard from there on."""
    starts = [row.start for row in rows[:1]]
    if source.connected is not None:
        starts.append(max(source.connected, observed))
    if not starts:
        return []
    heard = [(min(starts), observed), *((row.start, row.end) for row in rows)]
    return _gaps(source, None, min(starts), heard, list(source.excused), until)


def channel_valid(row: Row, source: Source, parameter: str) -> bool:
    """Valid by the mg/m3 series where there is one, else as measured."""
    if parameter not in row.values:
        return False
    limit = source.limit(parameter, "mg/m3", row.start)
    if limit is not None:
        return normalise.concentration(row, source, limit) is not None
    return quality.measured(row, source, parameter) is not None


def silences(heard: list[Interval], base: int, longest: int, until: int) -> list[Interval]:
    """Stretches longer than that without a reading; one that goes on has no end."""
    found: list[Interval] = []
    last = base
    for start, end in heard:
        if start - last > longest:
            found.append((last, start))
        last = max(last, end)
    if until - last > longest:
        found.append((last, END_OF_TIME))
    return found


def _gaps(
    source: Source,
    parameter: str | None,
    base: int,
    heard: list[Interval],
    cut: list[Interval],
    until: int,
) -> list[Gap]:
    longest = gap_after(source)
    found = []
    for silence in silences(heard, base, longest, until):
        if silence[1] == END_OF_TIME and until - silence[0] <= longest + GRACE:
            continue  # not opened yet
        for start, end in without(silence, union(cut)):
            if silence[1] == END_OF_TIME and end > until:
                # goes on at the end of the run: no reading has ended it, nothing excuses it yet
                if until - start > longest:
                    found.append(Gap(source.id, parameter, start, None))
            elif end - start > longest:
                found.append(Gap(source.id, parameter, start, end))
    return found
