"""``emissions audit``: proves that nothing was lost, nothing is there twice, and the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from streams.cli.connection import codec_of
from streams.cli.errors import CommandError
from streams.cli.output import format_option, show_rows
from streams.cli.running import run

if TYPE_CHECKING:
    from streams.audit.check import Check
    from streams.settings import Settings

SAMPLE = 200


@click.command("audit")
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    default=SAMPLE,
    show_default=True,
    metavar="N",
    help="Compute the evidence of so many violations again.",
)
@click.option("--all", "everything", is_flag=True, help="Compute the evidence of all violations.")
@format_option
def command(sample: int, everything: bool, form: str) -> None:
    """Prove that every reading ended in one place and every result is where it belongs.

    Reads the topics from their beginning and compares: for each partition of the readings the
    messages with the ledger (used, duplicates, dead-lettered, ticks) and with the dead letters;
    the results in Kafka with those in ClickHouse; the evidence of violations with the messages.
    Exits with 1 and names the differences if something does not add up. It may run beside the
    workers. The broker of a demo or replay ends with it, and its topics with the broker: a kept
    run cannot be audited.

    \b
    Examples:
      emissions audit
      emissions audit --all --format json
    """
    from streams.settings import Settings

    settings = Settings.from_env()
    checks = run(_audit(settings, None if everything else sample))
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


async def _audit(settings: Settings, sample: int | None) -> list[Check]:
    import asyncio

    from sinks.clickhouse import client
    from streams.audit.run import audit
    from streams.replay.client import consumer_of

    async with consumer_of(settings):
        pass  # it is there
    connected = await asyncio.to_thread(client, settings)
    try:
        return await audit(settings, codec_of(settings), connected, sample)
    except LookupError as error:
        if type(error) is LookupError:
            raise CommandError(f"nothing to audit: {error}") from None
        raise
    finally:
        connected.close()
