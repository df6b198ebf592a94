"""For workers of tests in which no partition is held."""

from __future__ import annotations

from streams.clock_hold import Ahead
from streams.holds import Hold, Place
from streams.transport import PartitionBatch


class NoHolds:
    """Fails when a partition is to be held."""

    def found(
        self, place: Place, offset: int, kind: str, why: str, passes_at: int | None = None
    ) -> Hold:
        raise AssertionError(f"held at {place}, {offset}: {kind}, {why} ({passes_at})")

    async def wait(self, hold: Hold, batch: PartitionBatch) -> None:
        raise AssertionError(f"{batch} waits: {hold}")

    def passed(self, topic: str, partition: int, next_offset: int) -> None:
        """Nothing is held."""


def never_ahead(*_: object) -> Ahead | None:
    """Believe every stamp."""
    return None
