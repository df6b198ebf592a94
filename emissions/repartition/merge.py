"""Merges the partitions of a log into one order: that of their stream times."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.core.records.record import RawRecord


class Placed(NamedTuple):
    """A record and the partition that it was in."""

    partition: int
    record: RawRecord


class TimeMerge:
    """Yields the records of partitions by stream time, each partition in its own order.

    Stream time of a partition is the highest arrival so far, ms UTC; of equal ones the lower
    partition comes first. The order depends on the logs alone: not on how they are fetched, and
    not on what comes after.
    """

    def __init__(self, partitions: int) -> None:
        self._buffers: list[deque[RawRecord]] = [deque() for _ in range(partitions)]
        self._times = [-(1 << 62)] * partitions
        self._ended = [False] * partitions
        self._heads: list[tuple[int, int]] = []  # stream time and partition of each next record

    def add(self, partition: int, records: Iterable[RawRecord]) -> None:
        """Add the next records of a partition, in the order of its log."""
        buffer = self._buffers[partition]
        waited = not buffer
        buffer.extend(records)
        if waited and buffer:
            self._push(partition)

    def end(self, partition: int) -> None:
        """Take note that nothing follows in a partition."""
        self._ended[partition] = True

    def awaited(self) -> list[int]:
        """Return the partitions without which nothing more can be taken."""
        return [
            partition
            for partition, buffer in enumerate(self._buffers)
            if not buffer and not self._ended[partition]
        ]

    def take(self) -> Iterator[Placed]:
        """Yield what can be taken; ends where a partition must be read on, or all have ended."""
        if self.awaited():
            return
        while self._heads:
            _, partition = heapq.heappop(self._heads)
            buffer = self._buffers[partition]
            yield Placed(partition, buffer.popleft())
            if buffer:
                self._push(partition)
            elif not self._ended[partition]:
                return

    def _push(self, partition: int) -> None:
        time = max(self._times[partition], self._buffers[partition][0].timestamp)
        self._times[partition] = time
        heapq.heappush(self._heads, (time, partition))
