"""``emissions audit``: check the ledger, the results in both stores, and the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.errors import CommandError
from emissions.cli.support.output import format_option, show_rows
from emissions.cli.support.running import run

if TYPE_CHECKING:
    from emissions.audit.check import AuditCheck
    from streams.settings import Settings

SAMPLE = 200


@click.command("audit")
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    default=SAMPLE,
    show_default=True,
    metavar="N",
    help="Recompute the evidence of N violations.",
)
@click.option("--all", "everything", is_flag=True, help="Recompute the evidence of all violations.")
@click.option(
    "--metrics-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what was found for Prometheus (textfile collector), such as audit.prom.",
)
@format_option
def command(sample: int, everything: bool, metrics_file: Path | None, form: str) -> None:
    """Prove that no message was lost or counted twice, and that evidence holds.

    Reads the topics from the beginning and compares, for each partition of the readings, the
    messages with the ledger (used, duplicates, dead-lettered, ticks) and with the dead letters;
    then the results in Kafka with those in ClickHouse, and the evidence of violations with the
    messages; and, where EMISSIONS_LOG_PATH names it, the transparency log with the topics and with
    the tables of violations, cases, roots, registrations and rule sets: every record a leaf, every
    leaf a record. Exits with 1 and names the differences if anything does not add up. Workers may
    run meanwhile. A kept demo or replay cannot be audited: its broker ended with the run.

    \b
    Examples:
      emissions audit
      emissions audit --all --format json
      emissions audit --metrics-file /var/lib/node_exporter/audit.prom
    """
    from emissions.audit.audit_metrics import write_metrics
    from streams.settings import Settings

    settings = Settings.from_env()
    if metrics_file is not None and not metrics_file.absolute().parent.is_dir():
        raise CommandError(f"{metrics_file} cannot be written: its directory does not exist")
    checks = run(_audit(settings, None if everything else sample))
    if metrics_file is not None:
        try:
            write_metrics(metrics_file, checks)
        except OSError as error:
            raise CommandError(f"{metrics_file} cannot be written: {error.strerror}") from None
    rows = [
        {
            "part": check.part,
            "place": check.place,
            "state": "ok" if check.holds else "DIFFERS",
            "seen": check.seen,
            "differences": check.differences,
        }
        for check in checks
    ]
    show_rows(rows, ("part", "place", "state", "seen"), form)
    if form == "table":
        for check in checks:
            for difference in check.differences:
                click.echo(f"{check.part}, {check.place}: {difference}")
    if not all(check.holds for check in checks):
        raise click.exceptions.Exit(1)


async def _audit(settings: Settings, sample: int | None) -> list[AuditCheck]:
    import asyncio

    from emissions.audit.run import audit
    from sinks.clickhouse import client
    from streams.kafka.clients import consumer_of

    async with consumer_of(settings):
        pass  # fail early where no broker answers
    connected = await asyncio.to_thread(client, settings)
    try:
        return await audit(settings, codec_of(settings), connected, sample)
    except LookupError as error:
        if type(error) is LookupError:
            raise CommandError(f"nothing to audit: {error}") from None
        raise
    finally:
        connected.close()
