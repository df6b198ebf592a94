"""``emissions simulate``: a fleet with labelled defects, to a file or to a topic."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.cli.connection import codec_of
from streams.cli.errors import writing
from streams.cli.output import RunProgress, notice
from streams.cli.running import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.settings import Settings
    from streams.simulation.nation import Nation

FILE = click.Path(path_type=Path)


@click.command("simulate")
@click.option("--enterprises", type=click.IntRange(1, 2000), default=91, show_default=True)
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same bytes.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First local day.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Messages a second to the topic (default: as fast as it takes them).",
)
@click.option("--output", type=FILE, help="Write readings to this .csv or .ndjson file instead.")
@click.option("--registry", type=FILE, help="Also write the fleet's registry (YAML) here.")
@click.option("--truth", type=FILE, help="Also write what must be found (JSON lines) here.")
def command(
    enterprises: int,
    days: int,
    seed: int,
    start: datetime | None,
    rate: float | None,
    output: Path | None,
    registry: Path | None,
    truth: Path | None,
) -> None:
    """Make up a fleet and everything it sends, with labelled defects.

    Without --output the registrations and then the messages, some of them no readings at all, go
    to the topics of EMISSIONS_BROKER in order of arrival and with their times of arrival (the
    readings topic keeps them only with message.timestamp.type=CreateTime).

    \b
    Examples:
      emissions simulate --enterprises 10 --output r.csv --registry r.yaml --truth truth.ndjson
      emissions simulate --rate 2000 --truth truth.ndjson
    """
    from streams.settings import Settings
    from streams.simulation.files import write_readings, write_registry
    from streams.simulation.nation import FIRST_DAY, Nation
    from streams.simulation.truth import write_truth

    settings = Settings.from_env()
    first = start.date() if start else FIRST_DAY
    try:
        nation = Nation(
            seed=seed, enterprises=enterprises, days=days, start=first, with_bytes=output is None
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if registry is not None:
        with writing(registry):
            write_registry(registry, nation.enterprises)
    if truth is not None:
        with writing(truth):
            write_truth(truth, nation.truth)
    total = nation.summary().readings
    with RunProgress() as progress:

        def report(done: int) -> None:
            progress("simulating", done, total)

        if output is None:
            written = run(_send(settings, nation, rate, report))
        else:
            try:
                with writing(output):
                    written = write_readings(nation, output, report)
            except ValueError as error:
                raise click.UsageError(str(error)) from None
    place = output or f"{settings.topic_readings} at {settings.broker}"
    notice(f"{written:,} messages of {len(nation.stacks)} sources written to {place}")


async def _send(
    settings: Settings, nation: Nation, rate: float | None, report: Callable[[int], None]
) -> int:
    from streams.replay.client import producer_of
    from streams.replay.publish import BATCH_BYTES, OrderedWriter
    from streams.replay.registry_topic import publish_registry
    from streams.simulation.stream import records

    codec = codec_of(settings)
    await publish_registry(settings, nation.enterprises, codec, nation.start)
    began, sent = time.monotonic(), 0
    async with producer_of(settings, BATCH_BYTES) as producer:
        writer = OrderedWriter(producer, settings.topic_readings, settings.partitions)
        for batch in records(nation, codec):
            for arrived_at, key, value, _ in batch:
                await writer.write(key, arrived_at, value)
                sent += 1
                if rate is not None and sent % 100 == 0:
                    await writer.flush()
                    await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
            report(sent)
        await writer.flush()
    return sent
