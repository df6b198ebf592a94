"""The unit that travels from the broker to an agent, and the batches that are in flight."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord


class PartitionBatch:
    """Hold the records of one partition from one fetch, in offset order; never empty.

    ``generation`` is the consumer group's generation it was fetched in. ``revoked`` turns true
    when the partition leaves (or is assigned again) before the batch was acknowledged: its
    outputs must not be written by this worker any more. ``waiting`` is set by an application
    that has queued the batch and not started it: a rebalance drops it instead of waiting for it.
    ``fetched`` is when the fetch began and ended (Unix time, ns), where batches are traced.
    """

    __slots__ = ("fetched", "generation", "partition", "records", "revoked", "topic", "waiting")

    def __init__(
        self, topic: str, partition: int, records: Sequence[ConsumerRecord], generation: int
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.records = records
        self.generation = generation
        self.revoked = False
        self.waiting = False
        self.fetched: tuple[int, int] | None = None

    def prefix(self, length: int) -> PartitionBatch:
        """Return the first ``length`` records (at least 1) as a batch, revoked with this one."""
        return _Prefix(self, length)

    @property
    def fetches(self) -> int:
        """Number of fetches that brought its records."""
        return 1

    @property
    def first_offset(self) -> int:
        """Offset of the first record."""
        return int(self.records[0].offset)

    @property
    def next_offset(self) -> int:
        """Offset after the last record, committed once the batch is acknowledged."""
        return int(self.records[-1].offset) + 1

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        state = ", revoked" if self.revoked else ""
        return (
            f"<PartitionBatch {self.topic}[{self.partition}] "
            f"{self.first_offset}..{self.next_offset - 1}, {len(self)} records{state}>"
        )


def set_fetched(values: Iterable[object], began: int) -> None:
    """Tell the batches among these values that their fetch began then (Unix time, ns), and ended.

    Values of changelogs are none.
    """
    ended = time.time_ns()
    for value in values:
        if isinstance(value, PartitionBatch):
            value.fetched = began, ended


class _Prefix(PartitionBatch):
    """The first records of a batch."""

    __slots__ = ("_whole",)

    def __init__(self, whole: PartitionBatch, length: int) -> None:
        self._whole = whole
        super().__init__(whole.topic, whole.partition, whole.records[:length], whole.generation)

    @property
    def revoked(self) -> bool:
        """Whether the whole batch is revoked."""
        return self._whole.revoked

    @revoked.setter
    def revoked(self, revoked: bool) -> None:
        self._whole.revoked |= revoked


class Delivery(Protocol):
    """A fetched batch and the way to acknowledge it: what a ``noack()`` stream's event offers."""

    value: PartitionBatch

    def ack(self) -> bool:
        """Acknowledge the batch, so that its offsets may be committed."""
        ...


class InFlightBatches:
    """Track the batches of one partition from hand-over to commit, in order of offset."""

    __slots__ = ("_acked", "_committable", "_in_flight", "records")

    def __init__(self) -> None:
        self._in_flight: deque[PartitionBatch] = deque()
        self._acked: set[int] = set()  # first offsets
        self._committable: int | None = None
        self.records = 0  # handed over and not acknowledged

    def add(self, batch: PartitionBatch) -> None:
        """Add a batch that is handed to the agents."""
        self._in_flight.append(batch)
        self.records += len(batch)

    def remove(self, batch: PartitionBatch) -> None:
        """Remove and revoke a batch whose hand-over was interrupted."""
        self._in_flight.remove(batch)
        self.records -= len(batch)
        batch.revoked = True

    def acknowledge(self, batch: PartitionBatch) -> bool:
        """Acknowledge a batch; return False if it was revoked or acknowledged before."""
        if batch.revoked or batch.first_offset in self._acked or batch not in self._in_flight:
            return False
        self._acked.add(batch.first_offset)
        self.records -= len(batch)
        while self._in_flight and self._in_flight[0].first_offset in self._acked:
            done = self._in_flight.popleft()
            self._acked.discard(done.first_offset)
            self._committable = done.next_offset
        return True

    @property
    def committable(self) -> int | None:
        """The offset to commit: the end of the acknowledged prefix; None before the first."""
        return self._committable

    def revoke(self) -> None:
        """Revoke every batch in flight."""
        for batch in self:
            batch.revoked = True
        self._in_flight.clear()
        self._acked.clear()
        self._committable = None
        self.records = 0

    def __iter__(self) -> Iterator[PartitionBatch]:
        return iter(self._in_flight)
