"""Deliveries of a partition that wait, taken as one.

A fetch brings what the broker has at the moment: of many stations that send for themselves, a few
records. What a batch costs beside its records (confirmations of the broker, columns that are set
up) would then bound what a worker keeps up with. So what has come while a batch was in work is
taken as one: the busier the worker, the larger its batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import chain

from streams.transport.batch import Delivery, PartitionBatch


class MergedBatch(PartitionBatch):
    """Hold the records of several batches of one partition and generation that follow another.

    It is revoked when any of them is, and revokes them all.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[PartitionBatch]) -> None:
        self._parts = parts
        first, last = parts[0], parts[-1]
        records = list(chain.from_iterable(part.records for part in parts))
        super().__init__(first.topic, first.partition, records, first.generation)
        if first.fetched is not None and last.fetched is not None:
            self.fetched = first.fetched[0], last.fetched[1]

    @property
    def revoked(self) -> bool:
        """Whether any of them is revoked."""
        return any(part.revoked for part in self._parts)

    @revoked.setter
    def revoked(self, revoked: bool) -> None:
        for part in self._parts:
            part.revoked |= revoked

    @property
    def fetches(self) -> int:
        """Number of fetches that brought its records."""
        return len(self._parts)


class MergedDelivery:
    """Several deliveries, acknowledged together."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self._deliveries = deliveries
        self.value: PartitionBatch = MergedBatch([each.value for each in deliveries])

    def ack(self) -> bool:
        """Acknowledge all of them, in their order; return True if all were in flight."""
        acknowledged = [each.ack() for each in self._deliveries]
        return all(acknowledged)


def next_delivery(waiting: deque[Delivery], most_records: int) -> Delivery:
    """Take the first delivery, and with it those behind that make no more than so many records.

    ``waiting``: of one partition, in order of offset, not empty. A batch that is revoked or of
    another generation is taken for itself. What is taken waits no more.
    """
    first = waiting.popleft()
    taken, records = [first], len(first.value)
    while waiting and not first.value.revoked:
        batch = waiting[0].value
        records += len(batch)
        if records > most_records or batch.revoked or batch.generation != first.value.generation:
            break
        taken.append(waiting.popleft())
    for each in taken:
        each.value.waiting = False
    return first if len(taken) == 1 else MergedDelivery(taken)
