"""A row of the scale benchmark, and the table of some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure, Run, Spread
from tests.bench.plot import Bar


class Row(NamedTuple):
    """One size of something and what it cost; figures that were not measured are None."""

    what: str
    readings: int
    per_second: Spread | None
    """Readings a second of wall time."""
    cpu_us: Spread
    """Microseconds of processor time for each reading."""
    peak_rss: int | None
    """Bytes, of the largest process."""
    note: str = ""


class Part(NamedTuple):
    """One question of scale, and its answer."""

    title: str
    rows: Sequence[Row]


def row_of(what: str, runs: Sequence[Run], note: str = "") -> Row:
    """The repeats of one size."""
    figure = Figure(what, tuple(runs))
    readings = max(run.readings for run in runs)
    return Row(what, readings, figure.per_second, figure.cpu_us, figure.peak_rss, note)


def show_part(console: Console, part: Part) -> None:
    """Print it; the first row is what the others are compared with."""
    console.print(f"\n{part.title}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for column in ("readings", "per second", "min … max", "µs cpu", "of first", "peak MB"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    first = part.rows[0]
    for row in part.rows:
        rate = row.per_second
        table.add_row(
            row.what,
            f"{row.readings:,}",
            "" if rate is None else f"{rate.median:,.0f}",
            "" if rate is None else f"{rate.least:,.0f} … {rate.most:,.0f}",
            f"{row.cpu_us.median:.1f}",
            f"{row.cpu_us.median / first.cpu_us.median:.2f}",
            "" if row.peak_rss is None else f"{row.peak_rss / 1e6:,.0f}",
            row.note,
        )
    console.print(table)


def plain(part: Part) -> dict[str, object]:
    """The same for JSON."""
    return {
        "title": part.title,
        "rows": [
            {
                **row._asdict(),
                "per_second": row.per_second._asdict() if row.per_second else None,
                "cpu_us": row.cpu_us._asdict(),
            }
            for row in part.rows
        ],
    }


def panels(parts: Iterable[Part]) -> Mapping[str, Sequence[Bar]]:
    """For the plot: what a reading costs, and where it was measured how many come through."""
    found: dict[str, Sequence[Bar]] = {}
    for part in parts:
        cost = [Bar(row.what, *row.cpu_us, ours=True) for row in part.rows]
        rate = [Bar(row.what, *row.per_second, ours=False) for row in part.rows if row.per_second]
        found[f"{part.title}: µs of processor time"] = cost
        if rate:
            found[f"{part.title}: readings/s"] = rate
    return found
