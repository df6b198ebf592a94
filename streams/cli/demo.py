"""``emissions demo``: a simulated nation through the whole pipeline, and what was found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from streams.cli.connection import codec_of
from streams.cli.output import RunProgress, notice
from streams.cli.running import run
from streams.cli.workspace import kept_or_temporary, run_settings

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.replay.tape import Message
    from streams.settings import Settings
    from streams.simulation.compare import Comparison
    from streams.simulation.nation import Nation


@click.command("demo")
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same bytes.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep logs and ClickHouse's data here, for `emissions sql --workspace DIR`.",
)
def command(days: int, seed: int, keep: Path | None) -> None:
    """Simulate a nation and show what the pipeline finds in it.

    Starts an embedded broker, an embedded ClickHouse and the deployed workers as processes, sends
    91 obliged enterprises with all their defects through them, and prints compliance, violations,
    gaps, dead letters, and how found compares with what was simulated. Exits with 1 if they
    differ where the specification leaves no room. Nothing is left behind without --keep.

    \b
    Examples:
      emissions demo
      emissions demo --days 2 --seed 7 --keep nation
    """
    from streams.simulation.nation import Nation

    try:
        nation = Nation(seed=seed, days=days)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with kept_or_temporary(keep) as workspace:
        comparison = run(show_nation(nation, workspace, keep))
    if not comparison.holds:
        raise click.exceptions.Exit(1)


async def show_nation(nation: Nation, workspace: Path, keep: Path | None) -> Comparison:
    """Run the nation through the pipeline in ``workspace`` and print what was found.

    ``keep`` is the directory to name in the questions to ask next, where it is kept.
    """
    from sinks.clickhouse import client
    from streams.cli.nation_report import print_figures, print_found, print_next, print_scores
    from streams.replay.run import run_pipeline
    from streams.replay.stage import Stage
    from streams.simulation.compare import compare

    figures = nation.summary()
    notice(
        f"simulating {figures.obliged} obliged enterprises, {figures.sources} sources, "
        f"{figures.days} day{'s' if figures.days > 1 else ''}, {figures.readings:,} readings"
    )
    settings = run_settings(None, None)
    codec = codec_of(settings)
    with RunProgress() as progress, Stage(workspace, settings) as stage:
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
            found = print_found(connected, report.messages)
        used = stage.usage()
    comparison = compare(nation.truth, found)
    print_scores(comparison)
    print_figures(report, used)
    print_next(keep)
    return comparison


def _announce(settings: Settings) -> None:
    """Say where to look while it runs; the key in the address is good for this run alone."""
    access = f"{quote(settings.clickhouse_user)}:{quote(settings.clickhouse_password)}@"
    address = settings.clickhouse_url.replace("://", f"://{access}", 1)
    notice(
        f"until it ends: broker {settings.broker}, ClickHouse {address} "
        f"(database {settings.clickhouse_database})"
    )


def _messages(nation: Nation, codec: Codec) -> Iterator[Message]:
    from streams.replay.tape import Message
    from streams.simulation.stream import records

    for batch in records(nation, codec):
        for arrived_at, key, value, _ in batch:
            yield Message(key, value, arrived_at, arrived_at)
