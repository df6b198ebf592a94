"""``emissions demo``: run a simulated nation through the pipeline and print what it finds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.options import days_option, seed_option
from emissions.cli.support.output import RunProgress, notice
from emissions.cli.support.running import run
from emissions.cli.support.workspace import kept_or_temporary, run_settings
from streams.counted import counted

if TYPE_CHECKING:
    from emissions.replay.message_buffer import Message
    from emissions.simulation.compare import Comparison
    from emissions.simulation.nation import Nation
    from schemas.codec import Codec
    from streams.settings import Settings


@click.command("demo")
@days_option
@seed_option
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep topics, tables and logs in DIR, for `emissions sql --workspace DIR` and `serve`.",
)
def command(days: int, seed: int, keep: Path | None) -> None:
    """Run a simulated nation through the pipeline and print what it finds.

    Starts an embedded broker, an embedded ClickHouse and the workers as processes, and sends the
    readings of 91 obliged enterprises, defects included, through them. Prints compliance,
    violations, gaps and dead letters, and compares them with what was simulated. Exits with 1 if
    they differ where the specification leaves no room. Without --keep nothing is left behind.

    \b
    Examples:
      emissions demo
      emissions demo --days 2 --seed 7 --keep nation
    """
    from emissions.simulation.nation import Nation

    try:
        nation = Nation(seed=seed, days=days)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with kept_or_temporary(keep) as workspace:
        comparison = run(show_nation(nation, workspace, keep), starts_processes=True)
    if not comparison.holds:
        raise click.exceptions.Exit(1)


async def show_nation(nation: Nation, workspace: Path, keep: Path | None) -> Comparison:
    """Run a simulated nation through the pipeline in ``workspace`` and print the results.

    ``keep`` is the directory to name in the questions to ask next, where it is kept.
    """
    from emissions.cli.support.nation_report import (
        print_figures,
        print_found,
        print_next,
        print_scores,
    )
    from emissions.replay.local_stack import LocalStack
    from emissions.replay.run import run_pipeline
    from emissions.simulation.compare import compare
    from sinks.clickhouse import client

    figures = nation.summary()
    notice(
        f"simulating {counted(figures.obliged, 'obliged enterprise')}, "
        f"{counted(figures.sources, 'source')}, "
        f"{figures.tampered} more tampered with, "
        f"{counted(figures.days, 'day')}, {counted(figures.readings, 'reading', form=',')}"
    )
    settings = run_settings(None, None)
    codec = codec_of(settings)
    stage = LocalStack(workspace, settings, keep_topics=keep is not None)
    with RunProgress() as progress, stage:
        report = await run_pipeline(
            stage,
            nation.enterprises,
            _messages(nation, codec),
            codec=codec,
            until=nation.until,
            now=time.time_ns() // 1_000_000,
            report=progress,
            started=_announce,
        )
        with client(stage.settings) as connected:
            found = print_found(connected, report.messages, settings, codec)
        used = stage.usage()
    comparison = compare(nation.truth, found)
    print_scores(comparison, figures)
    print_figures(report, used)
    print_next(keep)
    return comparison


def _announce(settings: Settings) -> None:
    """Print where to look while the demo runs; the key in the URL is valid for this run only."""
    access = f"{quote(settings.clickhouse_user)}:{quote(settings.clickhouse_password)}@"
    address = settings.clickhouse_url.replace("://", f"://{access}", 1)
    notice(
        f"while it runs: broker {settings.broker}, ClickHouse {address} "
        f"(database {settings.clickhouse_database})"
    )


def _messages(nation: Nation, codec: Codec) -> Iterator[Message]:
    from emissions.replay.message_buffer import Message
    from emissions.simulation.stream import records

    for batch in records(nation, codec):
        for arrived_at, key, value, _, headers in batch:
            yield Message(key, value, arrived_at, arrived_at, headers=headers)
