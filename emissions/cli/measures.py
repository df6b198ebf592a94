"""``emissions measures``: check and publish what officials decided, and list it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.dead_letter_access import requiring_topics
from emissions.cli.support.output import format_option, show_rows
from emissions.cli.support.running import run
from streams.counted import counted

if TYPE_CHECKING:
    from schemas.codec import Codec
    from streams.settings import Settings

COLUMNS = ("id", "kind", "case_id", "source_id", "article", "imposed_on", "arrived_at")


@click.group("measures")
def command() -> None:
    """Check and publish measures of officials: fines, deliveries, reviews, decisions; list them.

    \b
    Example:
      emissions measures load measures.yaml
    """


@command.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only check the file; publish nothing.")
def load(file: Path, check: bool) -> None:
    """Check FILE and publish every measure in it to the topic of measures.

    A measure counts from the moment at which it arrives there; a later one under its id takes its
    place. Sources must be registered as those of the БИН. A file with a mistake is refused as a
    whole: exit 2 and one sentence with the line, the path and the reason. With --check the
    registry is not asked.

    \b
    Examples:
      emissions measures load measures.yaml
      emissions measures load measures.yaml --check
    """
    from emissions.replay.publish import publish_measures
    from streams.registry.measures import load_measures
    from streams.rules.country import load_country
    from streams.settings import Settings

    settings = Settings.from_env()
    country, now = load_country(settings.rules), time.time_ns() // 1_000_000
    measures = load_measures(file, country, now=now)
    figures = counted(len(measures), "measure")
    if check:
        click.echo(f"{file}: {figures}, no mistakes")
        return
    codec = codec_of(settings)
    with requiring_topics():
        owners = run(_owners(settings, codec, now))
    load_measures(file, country, now=now, owners=owners)
    run(publish_measures(settings, measures, codec))
    click.echo(f"{figures} published to {settings.topic_measures} at {settings.broker}")


@command.command("list")
@click.option("--bin", "bin_", metavar="БИН", help="Only on this operator.")
@click.option("--source", metavar="ID", help="Only on this source.")
@click.option("--case", "case_id", metavar="ID", help="Only on this case.")
@format_option
def list_(bin_: str | None, source: str | None, case_id: str | None, form: str) -> None:
    """List the last version of every measure, in the order of arrival; times in UTC.

    \b
    Examples:
      emissions measures list --case 7d444840-9dc0-5ef3-a245-5ffdce74fad2
      emissions measures list --source KZ-0001-01 --format json
    """
    from streams.settings import Settings

    settings = Settings.from_env()
    wanted = {"bin": bin_, "source_id": source, "case_id": case_id}
    with requiring_topics():
        told = run(_last_versions(settings, codec_of(settings)))
    rows = [
        each
        for each in told
        if all(value is None or each[name] == value for name, value in wanted.items())
    ]
    show_rows(rows, COLUMNS, form)


async def _owners(settings: Settings, codec: Codec, now: int) -> dict[str, str]:
    """Return the БИН of every source that is registered now."""
    from emissions.registry_history import read_registry_history

    history = await read_registry_history(settings, codec)
    found = {}
    for source_id in history.source_ids():
        entry = history.last_known(source_id, now)
        if entry is not None:
            found[source_id] = entry.enterprise.bin
    return found


async def _last_versions(settings: Settings, codec: Codec) -> list[dict[str, Any]]:
    """Read the last version of every measure from its topic, as the workers take it."""
    from streams.core.cases.measures import MeasureHistory
    from streams.core.time.local_clock import iso
    from streams.registry.measure_follower import MeasureFollower
    from streams.registry.measures import measure_to_record
    from streams.rules.country import load_country

    history = MeasureHistory()
    follower = MeasureFollower(settings, codec, history, load_country(settings.rules))
    try:
        await follower.start()
        await follower.catch_up()
    finally:
        await follower.stop()
    last = {each.measure.id: each for each in history.added}
    return [
        {**measure_to_record(each.measure), "arrived_at": iso(each.arrived_at)}
        | {"delivered_at": None if (at := each.measure.delivered_at) is None else iso(at)}
        for each in sorted(last.values(), key=lambda one: (one.arrived_at, one.measure.id))
    ]
