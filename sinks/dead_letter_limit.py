"""The dead-letter limits of the sinks: what ClickHouse refuses must not become a flood either.

A limit a partition and table. It begins with the first refusal, and with what the dead letters
tell of the time before: a worker that starts again and again holds at the same place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from sinks.batch import Batch
from streams.core.dead_letter_limit import DeadLetterLimit, LimitPolicy, Resumed, senders_of

Before = Callable[[Batch, int, int], Awaitable[Mapping[int, bytes | None]]]
"""Which offsets of the batch's partition were refused, from the first to the last given, each with
the key of its message."""

Decided = Callable[[str, int], Resumed]
"""What people decided about a topic and partition (`streams.hold_log.HoldLog.resumed`)."""


class Limits:
    """Told in the order of offsets which messages were taken and which refused."""

    def __init__(self, policy: LimitPolicy, before: Before, decided: Decided) -> None:
        self._policy = policy
        self._before = before
        self._decided = decided
        self._limits: dict[tuple[str, int, str], DeadLetterLimit] = {}

    def good(self, batch: Batch, table: str) -> None:
        """Every message of the batch is in the table."""
        limit = self._limits.get((batch.topic, batch.partition, table))
        if limit is not None:
            limit.good(len(batch.entries))

    def of(self, batch: Batch, table: str) -> DeadLetterLimit | None:
        """The limit of the batch's partition and table, if it has begun."""
        return self._limits.get((batch.topic, batch.partition, table))

    async def begin(self, batch: Batch, table: str, reason: str) -> DeadLetterLimit:
        """Make the limit of the partition and table, as the messages before the batch leave it.

        They are told by the dead letters; errors of asking come through.
        """
        policy = self._policy
        limit = DeadLetterLimit(policy, None, self._decided(batch.topic, batch.partition))
        if policy.share or policy.run:
            offset = batch.entries[0].offset
            first = max(0, offset - max(policy.records, policy.run))
            refused = await self._before(batch, first, offset - 1)
            for number in range(first, offset):
                if number in refused:
                    limit.dead(reason, number, senders_of(refused[number], None))
                else:
                    limit.good()
            limit.reached = None  # what reaches it is what comes now
        self._limits[(batch.topic, batch.partition, table)] = limit
        return limit

    def forget(self, batch: Batch) -> None:
        """Begin anew: the partition is another worker's now, or the batch is written again."""
        for key in [key for key in self._limits if key[:2] == (batch.topic, batch.partition)]:
            del self._limits[key]
