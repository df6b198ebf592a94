"""The unit that travels from the broker to an agent, and the ledger of what is under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord


class PartitionBatch:
    """Records of one partition from one fetch, in offset order; never empty.

    ``generation`` is the consumer group's generation it was fetched in. ``revoked`` turns true
    when the partition goes away (or is handed out anew) before the batch was acknowledged: what
    it would lead to is no longer ours to write. ``waiting`` is set by an application that has
    taken it from the stream and not begun it: a rebalance gives it up instead of waiting for it.
    """

    __slots__ = ("generation", "partition", "records", "revoked", "topic", "waiting")

    def __init__(
        self, topic: str, partition: int, records: Sequence[ConsumerRecord], generation: int
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.records = records
        self.generation = generation
        self.revoked = False
        self.waiting = False

    def beginning(self, upto: int) -> PartitionBatch:
        """The records before position ``upto``, at least one; void when this batch is."""
        return _Beginning(self, upto)

    @property
    def first_offset(self) -> int:
        """Offset of the first record."""
        return int(self.records[0].offset)

    @property
    def next_offset(self) -> int:
        """Offset after the last record: what is committed once the batch is acknowledged."""
        return int(self.records[-1].offset) + 1

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        state = ", revoked" if self.revoked else ""
        return (
            f"<PartitionBatch {self.topic}[{self.partition}] "
            f"{self.first_offset}..{self.next_offset - 1}, {len(self)} records{state}>"
        )


class _Beginning(PartitionBatch):
    """The first records of a batch."""

    __slots__ = ("_whole",)

    def __init__(self, whole: PartitionBatch, upto: int) -> None:
        self._whole = whole
        super().__init__(whole.topic, whole.partition, whole.records[:upto], whole.generation)

    @property
    def revoked(self) -> bool:
        """Whether the whole batch is void."""
        return self._whole.revoked

    @revoked.setter
    def revoked(self, revoked: bool) -> None:
        self._whole.revoked |= revoked


class Ledger:
    """Batches of one partition that were handed over, in that order, until they are committed."""

    __slots__ = ("_acked", "_committable", "_under_way", "records")

    def __init__(self) -> None:
        self._under_way: deque[PartitionBatch] = deque()
        self._acked: set[int] = set()  # first offsets
        self._committable: int | None = None
        self.records = 0  # handed over and not acknowledged

    def hand_over(self, batch: PartitionBatch) -> None:
        """Note that a batch is on its way to the agents."""
        self._under_way.append(batch)
        self.records += len(batch)

    def take_back(self, batch: PartitionBatch) -> None:
        """Forget a batch whose delivery was cut short."""
        self._under_way.remove(batch)
        self.records -= len(batch)
        batch.revoked = True

    def acknowledge(self, batch: PartitionBatch) -> bool:
        """Mark a batch done; False when it is none of this ledger's (revoked) or done already."""
        if batch.revoked or batch.first_offset in self._acked or batch not in self._under_way:
            return False
        self._acked.add(batch.first_offset)
        self.records -= len(batch)
        while self._under_way and self._under_way[0].first_offset in self._acked:
            done = self._under_way.popleft()
            self._acked.discard(done.first_offset)
            self._committable = done.next_offset
        return True

    @property
    def committable(self) -> int | None:
        """Offset that may be committed: the end of the acknowledged prefix; None: nothing yet."""
        return self._committable

    def revoke(self) -> None:
        """Declare everything that is under way void."""
        for batch in self:
            batch.revoked = True
        self._under_way.clear()
        self._acked.clear()
        self._committable = None
        self.records = 0

    def __iter__(self) -> Iterator[PartitionBatch]:
        return iter(self._under_way)
