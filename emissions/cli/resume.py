"""``emissions resume``: release a held partition."""

from __future__ import annotations

import getpass
import socket
import time
from typing import TYPE_CHECKING

import click

from emissions.cli.support.errors import BAD_INPUT, CommandError
from emissions.cli.support.output import notice
from emissions.cli.support.running import run

if TYPE_CHECKING:
    from streams.holds.hold import Hold, HoldsView, ResumeDecision
    from streams.kafka.partitions import PartitionId
    from streams.settings import Settings


@click.command("resume")
@click.argument("partition")
@click.option(
    "--offset", type=click.IntRange(min=0), required=True, help="Offset at which it is held."
)
@click.option(
    "--until",
    type=click.IntRange(min=1),
    help="Release all offsets below this one (default: only the held one).",
)
@click.option("--reason", required=True, help="Why; recorded with the decision.")
@click.option("--who", help="Who decides (default: the current user).")
def command(partition: str, offset: int, until: int | None, reason: str, who: str | None) -> None:
    """Release a held partition: readings/3, or another topic and partition.

    Workers hold a partition when most of its messages are rejected, which usually means a bad
    deployment or clock. `emissions doctor` and /readyz name the partition, the offset and the
    reason. The decision is recorded in the topic of the holds with who and why, and applies
    whenever the same messages are judged again. The workers resume by themselves.

    \b
    Examples:
      emissions resume readings/3 --offset 120345 --reason "retired stations, letter 12/4"
      emissions resume readings/3 --offset 120345 --until 140000 --reason "all of that night"
    """
    from streams.holds.hold import ResumeDecision
    from streams.settings import Settings

    settings = Settings.from_env()
    topic, number = _place(settings, partition)
    if not reason.strip():
        raise CommandError(
            "--reason must not be empty: it is recorded with the decision", BAD_INPUT
        )
    if until is not None and until <= offset:
        raise CommandError(f"--until must be more than --offset {offset}", BAD_INPUT)
    decision = ResumeDecision(
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
        f"{topic}/{number} is released at offset {offset}; recorded in {settings.topic_holds}: "
        f"{decision.who}, {decision.reason}"
    )


async def _decide(settings: Settings, decision: ResumeDecision) -> None:
    from streams.holds.partition_holds import read_holds, write_decision

    _check(await read_holds(settings), (decision.topic, decision.partition), decision.offset)
    await write_decision(settings, decision)


def _check(table: HoldsView, place: PartitionId, offset: int) -> None:
    """Refuse a place that is not held: a slip would let go of what nobody has looked at."""
    if any((hold.place, hold.offset) == (place, offset) for hold in table.open.values()):
        return
    held = ", ".join(sorted(map(_where, table.open.values()))) or "nothing"
    raise CommandError(
        f"{place[0]}/{place[1]} is not held at offset {offset}; held is: {held}", BAD_INPUT
    )


def _where(hold: Hold) -> str:
    return f"{hold.topic}/{hold.partition} at offset {hold.offset}"


def _place(settings: Settings, text: str) -> PartitionId:
    """Parse a topic, or the short name of its setting (``readings``), and a partition."""
    name, slash, number = text.rpartition("/")
    topics = {
        short: getattr(settings, f"topic_{short.replace('-', '_')}")
        for short in ("readings", "means", "gaps", "violations", "dead-letters", "registry")
    }
    topic = topics.get(name, name)
    if not slash or not number.isdecimal() or topic not in topics.values():
        raise CommandError(
            f"{text!r} is no partition: write topic/partition, such as readings/3", BAD_INPUT
        )
    return topic, int(number)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"
