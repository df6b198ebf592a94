"""``emissions topics``: the topics of the pipeline."""

from __future__ import annotations

import click

from streams.cli.output import format_option, show_rows
from streams.cli.running import run


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
    """Create the topics that do not exist; those that do are left as they are.

    In production the broker stamps the readings (LogAppendTime): their arrival is its word.

    \b
    Example:
      emissions topics create
    """
    from streams.settings import Settings
    from streams.topics import Profile, create_topics, topics

    settings = Settings.from_env()
    profile: Profile = "replay" if replay else "production"
    created = run(create_topics(settings, profile))
    rows = [
        {
            "topic": topic.name,
            "partitions": topic.partitions,
            "state": "created" if topic.name in created else "existed",
        }
        for topic in topics(settings, profile)
    ]
    show_rows(rows, ("topic", "partitions", "state"), form)
