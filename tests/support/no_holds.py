"""For workers of tests in which no partition is held."""

from __future__ import annotations

from streams.holds.clock_check import SuspectRecord
from streams.holds.hold import Hold
from streams.kafka.partitions import PartitionId
from streams.transport.batch import PartitionBatch


class NoHolds:
    """Fails when a partition is to be held."""

    def make_hold(
        self, place: PartitionId, offset: int, kind: str, why: str, passes_at: int | None = None
    ) -> Hold:
        raise AssertionError(f"held at {place}, {offset}: {kind}, {why} ({passes_at})")

    async def wait(self, hold: Hold, batch: PartitionBatch) -> None:
        raise AssertionError(f"{batch} waits: {hold}")

    def release_before(self, topic: str, partition: int, next_offset: int) -> None:
        """Nothing is held."""


def never_ahead(*_: object) -> SuspectRecord | None:
    """Believe every stamp."""
    return None
