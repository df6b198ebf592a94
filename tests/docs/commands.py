"""Writes the page of commands from the help of the program itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from emissions.cli.main import cli
from tests.docs.markdown import block, page

_WIDTH: Final = 100


def commands_page() -> str:
    """Show every command with its help, in the order in which one meets them."""
    parts = [
        "Every command prints its help with `--help`. Settings of deployed commands are "
        "[`EMISSIONS_*` variables](settings.md), exit codes are [here](exit-codes.md)."
    ]
    for context in contexts():
        parts += [f"{'#' * (1 + _depth(context))} {context.command_path}", block(_help(context))]
    return page("Commands", *parts)


def contexts() -> Iterator[click.Context]:
    """Yield a context for the program and each of its commands, groups before their members."""
    yield from _below(_context(cli, "emissions", None))


def _below(context: click.Context) -> Iterator[click.Context]:
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _below(_context(found, name, context))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    # click keeps the help option of the first context, which may have been one without a parent.
    command._help_option = None
    return click.Context(
        command,
        parent,
        name,
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        **command.context_settings,
    )


def _depth(context: click.Context) -> int:
    return 1 if context.parent is None else 1 + _depth(context.parent)


def _help(context: click.Context) -> str:
    return context.command.get_help(context)
