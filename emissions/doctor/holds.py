"""Check for partitions that are held until an operator decides."""

from __future__ import annotations

from aiokafka.errors import KafkaError

from emissions.doctor.check import PartCheck
from streams.core.time.local_clock import iso
from streams.holds.partition_holds import read_holds
from streams.settings import Settings


async def look_at_holds(settings: Settings) -> list[PartCheck]:
    """Report each held partition: why, since when, and the command that releases it.

    Empty where none is held, or where the topic is missing (another check reports that).
    """
    try:
        standing = (await read_holds(settings)).open.values()
    except KafkaError:
        return []
    return [
        PartCheck(
            f"{hold.worker} worker",
            "MISSING",
            f"{hold.topic}/{hold.partition} is held since {iso(hold.since)}: {hold.why}",
            hold.command,
        )
        for hold in sorted(standing, key=lambda hold: (hold.since, hold.key))
    ]
