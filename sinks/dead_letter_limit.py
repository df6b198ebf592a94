"""Limit the dead letters of the sinks, per partition and table.

A limit starts with the first rejection, and is seeded with the dead letters that were written
before: a worker that restarts again and again stops at the same offset.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from sinks.batch import Batch
from streams.core.engine.dead_letter_limit import DeadLetterLimit, LimitPolicy, Resumed, senders_of

RejectedBefore = Callable[[Batch, int, int], Awaitable[Mapping[int, bytes | None]]]
"""Query the offsets of the batch's partition, from the first to the last given, that were rejected
before, each with its message key.
"""

Decided = Callable[[str, int], Resumed]
"""Return what people decided about a topic and partition."""


class DeadLetterLimits:
    """Count accepted and rejected messages in offset order."""

    def __init__(self, policy: LimitPolicy, before: RejectedBefore, decided: Decided) -> None:
        self._policy = policy
        self._before = before
        self._decided = decided
        self._limits: dict[tuple[str, int, str], DeadLetterLimit] = {}

    def batch_written(self, batch: Batch, table: str) -> None:
        """Count every message of the batch as written."""
        limit = self._limits.get((batch.topic, batch.partition, table))
        if limit is not None:
            limit.record_used(len(batch.entries))

    def get(self, batch: Batch, table: str) -> DeadLetterLimit | None:
        """Return the limit of the batch's partition and table, None before the first rejection."""
        return self._limits.get((batch.topic, batch.partition, table))

    async def start(self, batch: Batch, table: str, reason: str) -> DeadLetterLimit:
        """Create the limit of a partition and table, seeded with the dead letters before the batch.

        Lets errors of the query through.
        """
        policy = self._policy
        limit = DeadLetterLimit(policy, None, self._decided(batch.topic, batch.partition))
        if policy.share or policy.run:
            offset = batch.entries[0].offset
            first = max(0, offset - max(policy.records, policy.run))
            rejected = await self._before(batch, first, offset - 1)
            for number in range(first, offset):
                if number in rejected:
                    limit.record_dead_letter(reason, number, senders_of(rejected[number], None))
                else:
                    limit.record_used()
            limit.reached = None  # what reaches it is what comes now
        self._limits[(batch.topic, batch.partition, table)] = limit
        return limit

    def reset(self, batch: Batch) -> None:
        """Forget the partition: it was revoked, or the batch will be written again."""
        for key in [key for key in self._limits if key[:2] == (batch.topic, batch.partition)]:
            del self._limits[key]
