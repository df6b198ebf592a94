"""``emissions dead-letters``: list, show and resend the messages that could not be used."""

from __future__ import annotations

import click

from emissions.cli.dead_letters.list import list_
from emissions.cli.dead_letters.replay import replay
from emissions.cli.dead_letters.show import show


@click.group("dead-letters")
def command() -> None:
    """List, show and resend messages that were rejected (dead letters).

    A dead letter is identified by the place of its original: topic/partition/offset.

    \b
    Examples:
      emissions dead-letters list --summary
      emissions dead-letters show 2/1234
      emissions dead-letters replay --reason UNKNOWN_SOURCE --dry-run
    """


command.add_command(list_)
command.add_command(show)
command.add_command(replay)
