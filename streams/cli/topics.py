"""``emissions topics``: the topics of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from streams.cli.output import format_option, show_rows
from streams.cli.running import run

if TYPE_CHECKING:
    from streams.settings import Settings
    from streams.topic_differences import Difference
    from streams.topics import Profile


@click.group("topics")
def command() -> None:
    """The topics of the pipeline and the changelog of its state.

    \b
    Example:
      EMISSIONS_BROKER=kafka:9092 emissions topics create
    """


@command.command("create")
@click.option(
    "--replay",
    is_flag=True,
    help="Let the publisher stamp arrivals (CreateTime) and keep for ever.",
)
@format_option
def create(replay: bool, form: str) -> None:
    """Create the topics that do not exist; those that do are left as they are, and compared.

    In production the broker stamps the readings (LogAppendTime): their arrival is its word. Where a
    schema registry is set, the schemas are registered there and their subjects made
    BACKWARD_TRANSITIVE. Exit 1 when a topic that exists breaks a guarantee, with what to do about
    it.

    \b
    Example:
      EMISSIONS_REPLICATION=3 emissions topics create
    """
    from streams.schema_registry import prepare_subjects
    from streams.settings import Settings
    from streams.topics import topics

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
    from streams.topic_differences import compare_topics
    from streams.topics import create_topics

    created = await create_topics(settings, profile)
    return created, await compare_topics(settings, profile)


def _remedies(differences: list[Difference]) -> str:
    return "; ".join(dict.fromkeys(d.remedy for d in differences if d.remedy))
