"""The fuses of the sinks: messages that ClickHouse refuses must not become a flood either.

A fuse a partition and table. It begins with the first refusal, and with what the dead letters
tell of the time before: a worker that starts again and again stops at the same place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sinks.batch import Batch
from streams.core.fuse import Fuse, FusePolicy

Before = Callable[[Batch, int, int], Awaitable[set[int]]]
"""Which offsets of the batch's partition were refused, from the first to the last given."""


class Fuses:
    """Told in the order of offsets which messages were taken and which refused."""

    def __init__(self, policy: FusePolicy, before: Before) -> None:
        self._policy = policy
        self._before = before
        self._fuses: dict[tuple[str, int, str], Fuse] = {}

    def good(self, batch: Batch, table: str) -> None:
        """Every message of the batch is in the table."""
        fuse = self._fuses.get((batch.topic, batch.partition, table))
        if fuse is not None:
            for _ in range(len(batch.entries)):
                fuse.good()

    def of(self, batch: Batch, table: str) -> Fuse | None:
        """The fuse of the batch's partition and table, if it has begun."""
        return self._fuses.get((batch.topic, batch.partition, table))

    async def begin(self, batch: Batch, table: str, reason: str) -> Fuse:
        """Make the fuse of the partition and table, as the messages before the batch leave it.

        They are told by the dead letters; errors of asking come through.
        """
        fuse = Fuse(self._policy)
        if self._policy.share or self._policy.run:
            offset = batch.entries[0].offset
            first = max(0, offset - max(self._policy.records, self._policy.run))
            refused = await self._before(batch, first, offset - 1)
            for number in range(first, offset):
                if number in refused:
                    fuse.dead(reason, number)
                else:
                    fuse.good()
            fuse.blown = None  # what blows it is what comes now
        self._fuses[(batch.topic, batch.partition, table)] = fuse
        return fuse

    def forget(self, batch: Batch) -> None:
        """The partition is another worker's now."""
        for key in [key for key in self._fuses if key[:2] == (batch.topic, batch.partition)]:
            del self._fuses[key]
