"""``emissions registry``: who has to report, what, within which limits."""

from __future__ import annotations

from pathlib import Path

import click

from streams.cli.connection import codec_of
from streams.cli.running import run


@click.group("registry")
def command() -> None:
    """The registry of enterprises, sources, devices and limits.

    \b
    Example:
      emissions registry load registry.yaml
    """


@command.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only read the file and say what is wrong with it.")
def load(file: Path, check: bool) -> None:
    """Check FILE and publish every enterprise in it to the registry topic.

    A registration applies to the readings that arrive after it. A file with a mistake changes
    nothing: exit 2 and one sentence with the line, the path and what is wrong there.

    \b
    Examples:
      emissions registry load registry.yaml
      emissions registry load registry.yaml --check
    """
    from streams.registry.document import load_registry
    from streams.replay.registry_topic import publish_registry
    from streams.settings import Settings

    enterprises = load_registry(file)
    sources = sum(len(enterprise.sources) for enterprise in enterprises)
    figures = f"{len(enterprises)} enterprises with {sources} sources"
    if check:
        click.echo(f"{file}: {figures}, no mistakes")
        return
    settings = Settings.from_env()
    run(publish_registry(settings, enterprises, codec_of(settings), None))
    click.echo(f"{figures} published to {settings.topic_registry} at {settings.broker}")
