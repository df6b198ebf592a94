"""``emissions registry``: check and publish registrations."""

from __future__ import annotations

from pathlib import Path

import click

from emissions.cli.support.connection import codec_of
from emissions.cli.support.running import run
from streams.counted import counted


@click.group("registry")
def command() -> None:
    """Check and publish the registry: enterprises, sources, devices, limits.

    \b
    Example:
      emissions registry load registry.yaml
    """


@command.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only check the file; publish nothing.")
def load(file: Path, check: bool) -> None:
    """Check FILE and publish every enterprise in it to the registry topic.

    A registration applies to readings that arrive after it. A file with a mistake is refused as a
    whole: exit 2 and one sentence with the line, the path and the reason.

    \b
    Examples:
      emissions registry load registry.yaml
      emissions registry load registry.yaml --check
    """
    from emissions.replay.publish import publish_registry
    from streams.registry.document import load_registry
    from streams.rules.country import load_country
    from streams.settings import Settings

    settings = Settings.from_env()
    enterprises = load_registry(file, load_country(settings.rules))
    sources = sum(len(enterprise.sources) for enterprise in enterprises)
    figures = f"{counted(len(enterprises), 'enterprise')} with {counted(sources, 'source')}"
    if check:
        click.echo(f"{file}: {figures}, no mistakes")
        return
    run(publish_registry(settings, enterprises, codec_of(settings), None))
    click.echo(f"{figures} published to {settings.topic_registry} at {settings.broker}")
