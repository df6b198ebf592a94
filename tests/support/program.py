"""Parses command lines as the program does, without running them."""

from __future__ import annotations

import click

from emissions.cli.main import cli


def parse(name: str, words: list[str]) -> None:
    """Parse the words of a command line of ``emissions``; raises ``click.UsageError``."""
    command: click.Command = cli
    context = click.Context(cli, **cli.context_settings)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_context(name, words, parent=context)
