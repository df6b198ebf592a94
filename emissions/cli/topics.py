"""``emissions topics``: create and compare the topics of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from emissions.cli.support.output import format_option, show_rows
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
@format_option
def create(replay: bool, form: str) -> None:
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
    profile: Profile = "replay" if replay else "production"
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


async def _create(settings: Settings, profile: Profile) -> tuple[list[str], list[Difference]]:
    from streams.kafka.topic_check import compare_topics
    from streams.kafka.topics import create_topics

    created = await create_topics(settings, profile)
    return created, await compare_topics(settings, profile)


def _remedies(differences: list[Difference]) -> str:
    return "; ".join(dict.fromkeys(d.remedy for d in differences if d.remedy))
