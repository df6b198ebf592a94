"""Looks for partitions that wait until a person decides."""

from __future__ import annotations

from aiokafka.errors import KafkaError

from streams.core.calendar import iso
from streams.doctor.check import Check
from streams.hold_log import read_holds
from streams.settings import Settings


async def look_at_holds(settings: Settings) -> list[Check]:
    """Say of each partition that is held why, since when, and what lets it go on.

    Empty where none is; also without the topic, which is missed elsewhere.
    """
    try:
        standing = (await read_holds(settings)).standing.values()
    except KafkaError:
        return []
    return [
        Check(
            f"{hold.worker} worker",
            "MISSING",
            f"{hold.topic}/{hold.partition} is held since {iso(hold.since)}: {hold.why}",
            hold.command,
        )
        for hold in sorted(standing, key=lambda hold: (hold.since, hold.key))
    ]
