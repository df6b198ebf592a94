"""``emissions resume``: let a partition go on that is held until a person decides."""

from __future__ import annotations

import getpass
import socket
import time
from typing import TYPE_CHECKING

import click

from streams.cli.errors import BAD_INPUT, CommandError
from streams.cli.output import notice
from streams.cli.running import run

if TYPE_CHECKING:
    from streams.holds import Decision, Hold, HoldTable, Place
    from streams.settings import Settings


@click.command("resume")
@click.argument("partition")
@click.option("--offset", type=click.IntRange(min=0), required=True, help="Where it is held.")
@click.option(
    "--until",
    type=click.IntRange(min=1),
    help="Go on at all offsets below this one (default: the one that is held).",
)
@click.option("--reason", required=True, help="Why; it is kept with the decision.")
@click.option("--who", help="Who decides (default: the user of this machine).")
def command(partition: str, offset: int, until: int | None, reason: str, who: str | None) -> None:
    """Let a partition go on that is held: readings/3, or another topic and its partition.

    Workers hold a partition where so much is refused that a deploy must be wrong, or a clock.
    `emissions doctor` and the page /readyz say which, where, and why. What is decided here holds
    for every later judging of the same messages, and stays in the topic of the holds with who and
    why. The workers go on by themselves.

    \b
    Examples:
      emissions resume readings/3 --offset 120345 --reason "retired stations, letter 12/4"
      emissions resume readings/3 --offset 120345 --until 140000 --reason "all of that night"
    """
    from streams.holds import Decision
    from streams.settings import Settings

    settings = Settings.from_env()
    topic, number = _place(settings, partition)
    if not reason.strip():
        raise CommandError("--reason must say why: it is kept with the decision", BAD_INPUT)
    if until is not None and until <= offset:
        raise CommandError(f"--until must be more than --offset {offset}", BAD_INPUT)
    decision = Decision(
        topic=topic,
        partition=number,
        offset=offset,
        until=offset + 1 if until is None else until,
        reason=reason.strip(),
        who=who or f"{_user()}@{socket.gethostname()}",
        at=time.time_ns() // 1_000_000,
    )
    run(_decide(settings, decision))
    notice(
        f"{topic}/{number} goes on at offset {offset}; kept in {settings.topic_holds}: "
        f"{decision.who}, {decision.reason}"
    )


async def _decide(settings: Settings, decision: Decision) -> None:
    from streams.hold_log import decide, read_holds

    _check(await read_holds(settings), (decision.topic, decision.partition), decision.offset)
    await decide(settings, decision)


def _check(table: HoldTable, place: Place, offset: int) -> None:
    """Refuse a place that is not held: a slip would let go of what nobody has looked at."""
    if any((hold.place, hold.offset) == (place, offset) for hold in table.standing.values()):
        return
    held = ", ".join(sorted(map(_where, table.standing.values()))) or "nothing"
    raise CommandError(
        f"{place[0]}/{place[1]} is not held at offset {offset}; held is: {held}", BAD_INPUT
    )


def _where(hold: Hold) -> str:
    return f"{hold.topic}/{hold.partition} at offset {hold.offset}"


def _place(settings: Settings, text: str) -> Place:
    """A topic by its name, or by that of its setting (``readings``), and its partition."""
    name, slash, number = text.rpartition("/")
    topics = {
        short: getattr(settings, f"topic_{short.replace('-', '_')}")
        for short in ("readings", "means", "gaps", "violations", "dead-letters", "registry")
    }
    topic = topics.get(name, name)
    if not slash or not number.isdecimal() or topic not in topics.values():
        raise CommandError(
            f"{text!r} is no partition: it is topic/partition, such as readings/3", BAD_INPUT
        )
    return topic, int(number)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"
