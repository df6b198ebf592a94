"""``emissions open-data``: daily files that anyone may take along."""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import format_option, json_text
from streams.counted import counted

if TYPE_CHECKING:
    from streams.settings import Settings

FIRST_LOOKS_S = 10
"""Seconds between exports as long as nothing is published."""


@click.group("open-data")
def command() -> None:
    """Write the open data as files: Parquet by day, checksums, a catalogue.

    \b
    Example:
      emissions open-data export --directory open-data
    """


@command.command("export")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the files are; default: EMISSIONS_PORTAL_DATA_PATH, from which the portal serves.",
)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Write this local day again.")
@click.option(
    "--base",
    default="/data/",
    show_default=True,
    metavar="URL",
    help="Address of the directory, for the catalogue.",
)
@click.option(
    "--every",
    type=click.IntRange(1, 86_400),
    metavar="SECONDS",
    help="Go on until Ctrl-C, and write again so long after each export.",
)
@format_option
def export_command(
    directory: Path | None, day: datetime | None, base: str, every: int | None, form: str
) -> None:
    """Write the days that are new or not yet final: means, gaps, roots of messages.

    A file whose content changed keeps the earlier one under revisions/. SHA256SUMS, manifest.json
    and the DCAT catalogue name all of them. Run it once a day, or more often; with --every it waits
    while there is nothing to publish yet, and ends with the first error.

    \b
    Examples:
      emissions open-data export --directory open-data
      emissions open-data export --day 2026-05-04
      emissions open-data export --every 3600
    """
    from emissions.supervision.ending import EndRequested, end_on_signal
    from streams.settings import Settings

    settings = Settings.from_env()
    where = directory or (Path(settings.portal_data_path) if settings.portal_data_path else None)
    if where is None:
        raise CommandError(
            "no directory: give --directory, or set EMISSIONS_PORTAL_DATA_PATH", BAD_INPUT
        )
    if not base.endswith("/"):
        raise CommandError(f"--base {base}: an address of a directory ends with /", BAD_INPUT)
    once = None if day is None else day.date()
    if every is None:
        _export(settings, where, once, base, form)
        return
    if day is not None:
        raise CommandError("--day and --every: a day is written once; leave one out", BAD_INPUT)
    try:
        with end_on_signal():
            while True:
                published = _export(settings, where, None, base, form)
                time.sleep(every if published else min(every, FIRST_LOOKS_S))
    except EndRequested:
        return


def _export(settings: Settings, where: Path, day: date | None, base: str, form: str) -> int:
    """Export once, tell what was written, and return the number of published files."""
    from datetime import UTC

    from emissions.open_data.export import OpenDataError, export
    from sinks import clickhouse

    changed: list[tuple[str, str]] = []

    def note(dataset: str, of_day: str, new: bool) -> None:
        if new:
            changed.append((dataset, of_day))
            if form != "json":
                click.echo(f"{dataset} {of_day}")

    with clickhouse.client(settings) as client:
        try:
            manifest = export(
                client,
                where,
                now=datetime.now(UTC),
                base=base,
                day=day,
                log=None if settings.log_path is None else Path(settings.log_path),
                told=note,
            )
        except OpenDataError as error:
            raise CommandError(str(error), BAD_INPUT) from None
    if form == "json":
        written = [{"dataset": dataset, "day": of_day} for dataset, of_day in changed]
        click.echo(json_text({"written": written, "files": len(manifest.files)}))
        return len(manifest.files)
    click.echo(f"{counted(len(changed), 'file')} written; {where} holds {len(manifest.files)}")
    return len(manifest.files)
