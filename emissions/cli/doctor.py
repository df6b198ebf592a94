"""``emissions doctor``: check every part of a deployment and say how to fix it."""

from __future__ import annotations

import click

from emissions.cli.support.errors import broker_sentence, clickhouse_sentence, masked
from emissions.cli.support.output import format_option, show_rows
from emissions.cli.support.running import run

_TALLEST = 20
"""Lines that a wrapped cell may take: longer ones read better than records here."""


@click.command("doctor")
@format_option
def command(form: str) -> None:
    """Check every part of a deployment and say how to fix it; exit 1 if a part is missing.

    Checks the brokers and their settings, the topics with their configuration, retention and
    replicas, the members of the consumer groups with their partitions and lag, the ages of the
    last ticks and readings, registrations, clocks, the schema registry, ClickHouse with its
    migrations and tables, certificates, disks and versions. Changes nothing. UNSEEN means that
    access was denied or no answer came, and exits with 1 too. A RISK does not change the exit
    code. Where no reading came for 2 h 10 min, or ever since the first tick so long ago, that is
    MISSING. A partition that lags is watched for 15 s or more before it is called stuck.

    \b
    Examples:
      emissions doctor
      EMISSIONS_BROKER=kafka:9092 emissions doctor --format json
    """
    from emissions.doctor.examine import examine
    from streams.settings import Settings

    settings = Settings.from_env()
    checks = run(examine(settings, broker_sentence, clickhouse_sentence))
    rows = [
        {"part": c.part, "state": c.state, "seen": masked(c.seen), "do": masked(c.remedy)}
        for c in checks
    ]
    if form == "table":
        for row in rows:  # what to do stands under what was seen
            row["seen"] += f"\n> {row['do']}" if row["do"] else ""
    show_rows(rows, ("state", "part", "seen"), form, tallest=_TALLEST)
    if not all(check.well for check in checks):
        raise click.exceptions.Exit(1)
