"""``emissions topics``: create and compare the topics of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import RunProgress, format_option, show_rows
from emissions.cli.support.running import run

if TYPE_CHECKING:
    from streams.kafka.topic_check import Difference
    from streams.kafka.topics import Profile
    from streams.settings import Settings


@click.group("topics")
def command() -> None:
    """Create and compare the topics of the pipeline.

    \b
    Example:
      EMISSIONS_BROKER=kafka:9092 emissions topics create
    """


@command.command("create")
@click.option(
    "--replay",
    is_flag=True,
    help="Let the publisher stamp arrivals (CreateTime), and keep all records.",
)
@click.option(
    "--copy",
    is_flag=True,
    help="Let a copy of another log keep its arrivals (CreateTime); see `emissions topics copy`.",
)
@format_option
def create(replay: bool, copy: bool, form: str) -> None:
    """Create missing topics; compare existing ones and leave them unchanged.

    In production the broker stamps the readings with their arrival (LogAppendTime). With a schema
    registry, the schemas are registered there and their subjects set to BACKWARD_TRANSITIVE.
    Exits with 1 if an existing topic breaks a guarantee, and says how to fix it.

    \b
    Example:
      EMISSIONS_REPLICATION=3 emissions topics create
    """
    from streams.kafka.schema_registry import prepare_subjects
    from streams.kafka.topics import topics
    from streams.settings import Settings

    settings = Settings.from_env()
    if replay and copy:
        raise CommandError("--replay and --copy exclude each other", BAD_INPUT)
    profile: Profile = "replay" if replay else "copy" if copy else "production"
    created, differences = run(_create(settings, profile))
    prepare_subjects(settings)
    rows = []
    for topic in topics(settings, profile):
        wrong = [d for d in differences if d.topic == topic.name and d.kind != "untold"]
        state = "created" if topic.name in created else "differs" if wrong else "existed"
        row = {"topic": topic.name, "partitions": topic.partitions, "state": state}
        rows.append({**row, "seen": "; ".join(d.what for d in wrong), "do": _remedies(wrong)})
    show_rows(rows, ("topic", "partitions", "state", "seen", "do"), form)
    if any(difference.breaks for difference in differences):
        raise click.exceptions.Exit(1)


@command.command("copy")
@click.option("--from", "source", required=True, metavar="TOPIC", help="The readings' old topic.")
@click.option(
    "--last", is_flag=True, help="Copy the end too: nothing writes to the old topic any more."
)
@click.option(
    "--had",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="N",
    help="Partitions that the old topic had before some were added to it.",
)
@format_option
def copy_readings(source: str, last: bool, had: tuple[int, ...], form: str) -> None:
    """Copy a log of readings to the topic of the settings, with another number of partitions.

    Each source keeps its order, each record its bytes, headers and arrival. Run it again to go on:
    what is there already is compared. The new topic is made by `emissions topics create --copy`.
    Exits with 1 if the topics do not hold the same log.

    \b
    Example:
      export EMISSIONS_PARTITIONS=24 EMISSIONS_TOPIC_READINGS=emissions24.readings
      emissions topics copy --from emissions.readings
    """
    from emissions.cli.support.connection import codec_of
    from emissions.repartition.copy_log import CopyError, copy_log
    from streams.settings import Settings

    settings = Settings.from_env()
    with RunProgress() as progress:
        try:
            copied = run(
                copy_log(
                    settings,
                    source,
                    codec_of(settings).decode_reading,
                    last=last,
                    report=lambda done, total: progress("records", done, total),
                    still_s=max(1.0, 2 * settings.tick_s),
                    earlier=had,
                )
            )
        except CopyError as error:
            raise CommandError(str(error)) from None
    show_rows([copied._asdict()], tuple(copied._fields), form)


async def _create(settings: Settings, profile: Profile) -> tuple[list[str], list[Difference]]:
    from streams.kafka.topic_check import compare_topics
    from streams.kafka.topics import create_topics

    created = await create_topics(settings, profile)
    return created, await compare_topics(settings, profile)


def _remedies(differences: list[Difference]) -> str:
    return "; ".join(dict.fromkeys(d.remedy for d in differences if d.remedy))
