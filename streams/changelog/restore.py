"""Restores the state of assigned partitions from the changelog.

Faust's tables are not used for it: they read a changelog record by record through the whole
machinery of events, take whatever a crash left of a checkpoint, and drop everything at each
rebalance. Here a partition that stays keeps its state, and only what others may have written
meanwhile is read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.changelog.replica import ChangelogReplica
from streams.changelog.store import StateStore
from streams.errors import OperatorError
from streams.kafka.partitions import PartitionRevoked
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer, fetched_end
from streams.kafka.retry import Backoff

log = structlog.get_logger(__name__)

_FETCH_BYTES: Final = 4 * 1024 * 1024
_FETCH_MS: Final = 100
_CHECK_S: Final = 1.0  # interval at which a waiting batch checks whether it was revoked
TRUST_S: Final = 3600.0
"""State that was not compared with the changelog for this long is restored from the beginning: the
broker keeps a deletion only for ``delete.retention.ms``, a day."""


class DamagedStateError(OperatorError):
    """The changelog lacks keys that its last marker counts; the text is a sentence."""


class StateRestorer:
    """Keep a `ChangelogReplica` of each assigned partition.

    Values are in files in ``directory`` (None: the system's temporary one) until the partition
    leaves.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        topic: str,
        *,
        directory: Path | None = None,
        log_interval_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = dict(options)
        self.topic = topic
        self._directory = directory
        self._say_s = log_interval_s
        self._clock = clock
        self._replicas: dict[int, ChangelogReplica] = {}
        self._current_at: dict[int, float] = {}
        self._generation: dict[int, int] = {}
        self._reading: dict[int, tuple[int, asyncio.Task[None]]] = {}
        self.records_read: dict[int, int] = {}
        """Changelog records read so far, by partition."""

    def assign(self, partitions: Iterable[int], generation: int) -> None:
        """Drop all partitions but these, and start to restore them."""
        wanted = set(partitions)
        for partition in self._replicas.keys() - wanted:
            del self._replicas[partition]
            self._generation.pop(partition, None)
        for partition in self._reading.keys() - wanted:
            self._reading.pop(partition)[1].cancel()
        behind = {p for p in wanted if self._generation.get(p) != generation}
        self._read(behind - self._in_progress(generation), generation)

    async def restore(
        self, partition: int, generation: int, *, revoked: Callable[[], bool]
    ) -> ChangelogReplica:
        """Return the partition's state as of the generation's start or later.

        Where another worker wrote meanwhile, its records are read first. Raises `PartitionRevoked`
        when the partition leaves before that, `DamagedStateError`, and `StoreError` when the disk
        fails.
        """
        if partition in self._replicas and self._replicas[partition].stale:
            self._generation.pop(partition, None)
        while self._generation.get(partition) != generation:
            if revoked():
                raise PartitionRevoked
            if partition not in self._in_progress(generation):
                self._read({partition}, generation)
            task = self._reading[partition][1]
            await asyncio.wait({task}, timeout=_CHECK_S)
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error
        return self._replicas[partition]

    def mark_current(self, partition: int) -> None:
        """Note that the replica equals the changelog now."""
        self._current_at[partition] = self._clock()

    @property
    def restoring(self) -> frozenset[int]:
        """Partitions whose state is being restored."""
        return frozenset(p for p, (_, task) in self._reading.items() if not task.done())

    async def stop(self) -> None:
        """Cancel every restore."""
        tasks = {task for _, task in self._reading.values()}
        self._reading.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _in_progress(self, generation: int) -> set[int]:
        return {
            p for p, (of, task) in self._reading.items() if of == generation and not task.done()
        }

    def _read(self, partitions: set[int], generation: int) -> None:
        """Start a restore; cancel those of an earlier generation."""
        if not partitions:
            return
        for partition in partitions & self._reading.keys():
            self._reading[partition][1].cancel()
        task = asyncio.create_task(self._catch_up(partitions, generation), name="state")
        for partition in partitions:
            self._reading[partition] = (generation, task)

    async def _catch_up(self, partitions: set[int], generation: int) -> None:
        left = {}
        now = self._clock()
        for partition in partitions:
            replica = self._replicas.get(partition)
            if replica is None or now - self._current_at.get(partition, now) > TRUST_S:
                replica = self._fresh_replica(partition)
            left[partition] = self._replicas[partition] = replica
        backoff = Backoff("restore_state", f"the state in {self.topic} cannot be read", self._say_s)
        while left:
            try:
                await self._attempt(left, generation)
            except (KafkaError, OSError) as error:
                await backoff.wait(error)
        backoff.recovered()
        seconds = round(self._clock() - now, 2)
        keys = sum(len(self._replicas[p].items) for p in partitions if p in self._replicas)
        log.info("state_restored", partitions=sorted(partitions), keys=keys, seconds=seconds)

    def _fresh_replica(self, partition: int) -> ChangelogReplica:
        return ChangelogReplica(partition, StateStore(self._directory))

    async def _attempt(self, left: dict[int, ChangelogReplica], generation: int) -> None:
        """Read each partition to its end, removing it from ``left`` there."""
        consumer = committed_consumer(
            **self._options,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_FETCH_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        try:
            await consumer.start()
            places = {TopicPartition(self.topic, p): p for p in left}
            consumer.assign(list(places))
            for place, partition in places.items():
                left[partition].rewind()
                consumer.seek(place, left[partition].position)
            while places:
                fetched = await consumer.getmany(*places, timeout_ms=_FETCH_MS)
                for place, records in fetched.items():
                    apply = left[places[place]].apply
                    for record in records:
                        apply(record.offset, record.key, record.value, record.headers)
                    partition = places[place]
                    self.records_read[partition] = self.records_read.get(partition, 0) + len(
                        records
                    )
                    await asyncio.sleep(0)
                for place in list(places):
                    # The end told by a fetch is right on every broker (see `streams.kafka.ends`).
                    end = fetched_end(consumer, place)
                    if end is not None and await consumer.position(place) >= end:
                        partition = places[place]
                        if left[partition].diverged:
                            log.info("state_discarded", partition=partition)
                            replica = self._fresh_replica(partition)
                            left[partition] = self._replicas[partition] = replica
                            consumer.seek(place, replica.position)
                            continue
                        del places[place]
                        replica = left.pop(partition)
                        if replica.missing:
                            raise DamagedStateError(self._damage(partition, replica))
                        self._generation[partition] = generation
                        self.mark_current(partition)
        finally:
            await stop_consumer(consumer)

    def _damage(self, partition: int, replica: ChangelogReplica) -> str:
        return (
            f"the state of partition {partition} in {self.topic} is damaged: {replica.missing} "
            f"keys of {len(replica.items) + replica.missing} are missing; judge the readings again "
            "from their beginning under a new EMISSIONS_GROUP_STREAMS (results are written over "
            "themselves, nothing is doubled)"
        )
