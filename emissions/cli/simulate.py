"""``emissions simulate``: write a simulated fleet with labelled defects to a file or topic."""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.errors import BAD_INPUT, CommandError, writing
from emissions.cli.support.options import days_option, seed_option
from emissions.cli.support.output import RunProgress, notice
from emissions.cli.support.running import run
from streams.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from emissions.simulation.nation import Nation
    from streams.settings import Settings

FILE = click.Path(path_type=Path)
LIVE_DAYS = 366


@click.command("simulate")
@click.option(
    "--enterprises",
    type=click.IntRange(1, 2000),
    default=91,
    show_default=True,
    help="Obliged enterprises.",
)
@click.option(
    "--stations",
    type=click.IntRange(0, 900),
    default=0,
    show_default=True,
    help="Twenty-minute stations beside them, without defects.",
)
@click.option(
    "--tampered",
    type=click.IntRange(0, 50),
    default=1,
    show_default=True,
    help="Sources beside them for each kind of tampering that shows within --days.",
)
@days_option
@seed_option
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First local day.")
@click.option(
    "--live",
    is_flag=True,
    help="Send each message to the topic when it arrives, until Ctrl-C; --start: today, "
    "--days: 366.",
)
@click.option(
    "--position",
    type=FILE,
    help="With --live: keep in this file how far it has sent, and go on from there.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Messages a second to the topic (default: unlimited).",
)
@click.option(
    "--output", type=FILE, help="Write readings to this .csv or .ndjson file, not to the topic."
)
@click.option("--registry", type=FILE, help="Also write the registry of the fleet (YAML) here.")
@click.option("--truth", type=FILE, help="Also write the expected findings (JSON lines) here.")
def command(
    enterprises: int,
    stations: int,
    tampered: int,
    days: int,
    seed: int,
    start: datetime | None,
    live: bool,
    position: Path | None,
    rate: float | None,
    output: Path | None,
    registry: Path | None,
    truth: Path | None,
) -> None:
    """Simulate a fleet with labelled defects, and write what it sends.

    Without --output the registrations and then the messages, some of them no readings at all, go
    to the topics of EMISSIONS_BROKER in order of arrival, with their arrival times (the readings
    topic keeps those only with message.timestamp.type=CreateTime). With --live they are stamped
    when they are sent: first what the day has brought so far, then as time passes.

    \b
    Examples:
      emissions simulate --enterprises 10 --output r.csv --registry r.yaml --truth truth.ndjson
      emissions simulate --rate 2000 --truth truth.ndjson
      emissions simulate --live --enterprises 8 --position sent.txt
    """
    from emissions.simulation.files import write_readings, write_registry
    from emissions.simulation.nation import FIRST_DAY, Nation
    from emissions.simulation.truth import write_truth
    from streams.settings import Settings

    settings = Settings.from_env()
    first = start.date() if start else FIRST_DAY
    if live:
        if output is not None or rate is not None:
            raise click.UsageError("--live sends to the topic as time passes: no --output, --rate")
        first = start.date() if start else today()
        source = click.get_current_context().get_parameter_source("days")
        days = days if source is click.core.ParameterSource.COMMANDLINE else LIVE_DAYS
    elif position is not None:
        raise click.UsageError("--position goes with --live")
    try:
        nation = Nation(
            seed=seed,
            enterprises=enterprises,
            days=days,
            start=first,
            with_bytes=output is None,
            stations=stations,
            tampered=tampered,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if registry is not None:
        with writing(registry):
            write_registry(registry, nation.enterprises)
    if truth is not None:
        with writing(truth):
            write_truth(truth, nation.truth)
    if live:
        run(_send_live(settings, nation, position))
        notice("the last day of the nation is over")
        return
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
    sources = len(nation.emitters())
    notice(
        f"{counted(written, 'message', form=',')} of {counted(sources, 'source')} "
        f"written to {place}"
    )


async def _send_live(settings: Settings, nation: Nation, position: Path | None) -> None:
    from emissions.replay.publish import BATCH_BYTES, OrderedWriter, publish_registry
    from emissions.simulation.live import Position, send_live
    from streams.kafka.clients import producer_of

    codec = codec_of(settings)
    with tempfile.TemporaryDirectory() as scratch:
        kept = Position(position or Path(scratch) / "position")
        try:
            begun = kept.read() is not None
        except ValueError as error:
            raise CommandError(str(error), BAD_INPUT) from None
        if not begun:
            count = await publish_registry(settings, nation.enterprises, codec, None)
            notice(f"{counted(count, 'enterprise')} published to {settings.topic_registry}")
        with RunProgress() as progress:
            async with producer_of(settings, BATCH_BYTES) as producer:
                writer = OrderedWriter(producer, settings.topic_readings, settings.partitions)
                await send_live(
                    nation, codec, writer, kept, report=lambda sent: progress("sent", sent, None)
                )


async def _send(
    settings: Settings, nation: Nation, rate: float | None, report: Callable[[int], None]
) -> int:
    from emissions.replay.publish import BATCH_BYTES, OrderedWriter, publish_registry
    from emissions.simulation.stream import records
    from streams.kafka.clients import producer_of

    codec = codec_of(settings)
    await publish_registry(settings, nation.enterprises, codec, nation.start)
    began, sent = time.monotonic(), 0
    async with producer_of(settings, BATCH_BYTES) as producer:
        writer = OrderedWriter(producer, settings.topic_readings, settings.partitions)
        for batch in records(nation, codec):
            for arrived_at, key, value, _, headers in batch:
                await writer.write(key, arrived_at, value, list(headers))
                sent += 1
                if rate is not None and sent % 100 == 0:
                    await writer.flush()
                    await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
            report(sent)
        await writer.flush()
    return sent


def today() -> date:
    """Return today's day in most of the country."""
    from streams.core.time.local_clock import to_datetime, zone

    return to_datetime(time.time_ns() // 1_000_000).astimezone(zone("Asia/Almaty")).date()
