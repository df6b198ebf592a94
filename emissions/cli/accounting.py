"""``emissions accounting``: an account of the hours of a series, missing ones with values."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import notice, show_rows

if TYPE_CHECKING:
    from streams.core.accounting.substitution import AccountedHour

UNITS = ("g/s", "mg/m3")
MEANINGS = {
    "01": "measured",
    "06": "mean of the hours before and after",
    "08": "90th percentile of 720 hours, or that mean",
    "09": "95th percentile of 720 hours, or that mean",
    "10": "highest of 720 hours",
    "12": "maximum potential",
}


@click.command("accounting")
@click.argument("source")
@click.argument("parameter")
@click.option("--unit", type=click.Choice(UNITS), default="g/s", show_default=True)
@click.option("--from", "since", metavar="DATE", help="First local day.  [default: the first mean]")
@click.option("--to", "until", metavar="DATE", help="Day after the last.  [default: the last mean]")
@click.option(
    "--maximum",
    type=click.FloatRange(min=0, min_open=True),
    metavar="X",
    help="Highest value that the source can reach.  [default: the highest valid mean]",
)
@click.option("--hours", "each", is_flag=True, help="List every hour instead of a line a code.")
@click.option("--store", is_flag=True, help="Write the hours to the table accounted_hours.")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    help="Read the ClickHouse that a demo (--keep) or replay (--workspace) left here.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
)
def command(
    source: str,
    parameter: str,
    unit: str,
    since: str | None,
    until: str | None,
    maximum: float | None,
    each: bool,
    store: bool,
    workspace: Path | None,
    form: str,
) -> None:
    """Account for the hours of a series, with values in place of those that are missing.

    The longer data were missing, and the less often the monitor was available before, the higher
    the value that stands for an hour (40 CFR 75.33). For charges and yearly mass only: it is no
    evidence, and no rule is judged by it.

    \b
    Examples:
      emissions accounting KZ-0001-01 SO2
      emissions accounting KZ-0001-01 SO2 --hours --format csv
    """
    from emissions.accounting.hours import SeriesName, operating_hours, write_hours
    from emissions.cli.support.workspace import kept_clickhouse
    from sinks import clickhouse
    from streams.core.accounting.substitution import substitute
    from streams.core.time.local_clock import iso
    from streams.settings import Settings

    settings = Settings.from_env()
    if store and workspace is not None:
        raise CommandError("a kept run is read, not written: leave out --store", BAD_INPUT)
    span = _span(settings.rules, since, until)
    series = SeriesName(source, parameter, unit)
    with ExitStack() as stack:
        if workspace is not None:
            settings = stack.enter_context(kept_clickhouse(workspace, settings))
        client = stack.enter_context(clickhouse.client(settings))
        hours = operating_hours(client, series, *span)
        known = [hour.value for hour in hours if hour.value is not None]
        if not known:
            raise CommandError(
                f"{source} has no valid 1-hour mean of {parameter} in {unit} in that time; "
                "latest_means lists what there is",
                BAD_INPUT,
            )
        accounted = substitute(hours, max(known) if maximum is None else maximum)
        if store:
            write_hours(client, series, accounted, time.time_ns() // 1_000_000)
    if maximum is None and any(hour.code.value == "12" for hour in accounted):
        notice("the maximum potential was not given: the highest valid mean stands for it")
    if each:
        rows = (
            {
                "start": iso(hour.start),
                "value": hour.value,
                "code": hour.code.value,
                "availability_pct": hour.availability_pct,
            }
            for hour in accounted
        )
        show_rows(rows, ("start", "value", "code", "availability_pct"), form)
    else:
        _show_sums(accounted, unit, form)


def _span(rules: str | None, since: str | None, until: str | None) -> tuple[int, int]:
    """Return the instants of two local midnights of the country, far away where none is given."""
    from streams.core.time.local_clock import parse_instant
    from streams.rules.country import load_country

    zone = load_country(rules).zone
    try:
        start = 0 if since is None else parse_instant(zone, since)
        end = 1 << 52 if until is None else parse_instant(zone, until)
    except ValueError as error:
        raise CommandError(str(error), BAD_INPUT) from None
    if start >= end:
        raise CommandError("--from must be before --to", BAD_INPUT)
    return start, min(end, 9_000_000_000_000)


def _show_sums(hours: list[AccountedHour], unit: str, form: str) -> None:
    rows = []
    for code, meaning in MEANINGS.items():
        values = [hour.value for hour in hours if hour.code.value == code]
        if values:
            rows.append(_line(code, meaning, values, unit))
    rows.append(_line("all", "every operating hour", [hour.value for hour in hours], unit))
    columns = ("code", "meaning", "hours", "mean", "unit", "mass_t")
    show_rows(rows, columns if unit == "g/s" else columns[:-1], form)


def _line(code: str, meaning: str, values: list[float], unit: str) -> dict[str, object]:
    total = sum(values)
    return {
        "code": code,
        "meaning": meaning,
        "hours": len(values),
        "mean": round(total / len(values), 3),
        "unit": unit,
        "mass_t": round(total * 3600 / 1_000_000, 3) if unit == "g/s" else None,
    }
