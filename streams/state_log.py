"""The state of the partitions a worker owns, read from the changelog when they come to it.

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

from streams.kafka import Patience
from streams.outbox import Revoked
from streams.saved_state import SavedState
from streams.state_store import StateStore
from streams.transport.reader import fetched_end, reader
from streams.transport.stop import stop_consumer

log = structlog.get_logger(__name__)

_FETCH_BYTES: Final = 4 * 1024 * 1024
_FETCH_MS: Final = 100
_LOOK_S: Final = 1.0  # so often whoever waits for state looks whether it is still wanted
TRUST_S: Final = 3600.0
"""State that was not compared with the changelog for so long is read from the beginning: the
broker keeps a deletion (``delete.retention.ms``, a day) only for a time."""


class DamagedStateError(Exception):
    """The changelog does not hold what its last mark says; the text is a sentence."""


class StateLog:
    """Keeps a `SavedState` for each partition of the present assignment.

    Values are kept in files in ``directory`` (None: the system's temporary one), which the
    partition takes with it when it leaves.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        topic: str,
        *,
        directory: Path | None = None,
        say_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = dict(options)
        self.topic = topic
        self._directory = directory
        self._say_s = say_s
        self._clock = clock
        self._saved: dict[int, SavedState] = {}
        self._known_at: dict[int, float] = {}
        self._generation: dict[int, int] = {}
        self._reading: dict[int, tuple[int, asyncio.Task[None]]] = {}
        self.read: dict[int, int] = {}
        """How many records of the changelog were read, by partition."""

    def assigned(self, partitions: Iterable[int], generation: int) -> None:
        """These partitions are the worker's: drop the others and read on at once."""
        wanted = set(partitions)
        for partition in self._saved.keys() - wanted:
            del self._saved[partition]
            self._generation.pop(partition, None)
        for partition in self._reading.keys() - wanted:
            self._reading.pop(partition)[1].cancel()
        behind = {p for p in wanted if self._generation.get(p) != generation}
        self._read(behind - self._under_way(generation), generation)

    async def of(
        self, partition: int, generation: int, *, revoked: Callable[[], bool]
    ) -> SavedState:
        """The partition's state, as it was when the generation began or later.

        Where another worker wrote meanwhile, what it wrote is read first. Raises `Revoked` when
        the partition leaves before the state is there, `DamagedStateError`, and `StoreError` when
        the disk refuses.
        """
        if partition in self._saved and self._saved[partition].disturbed:
            self._generation.pop(partition, None)
        while self._generation.get(partition) != generation:
            if revoked():
                raise Revoked
            if partition not in self._under_way(generation):
                self._read({partition}, generation)
            task = self._reading[partition][1]
            await asyncio.wait({task}, timeout=_LOOK_S)
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error
        return self._saved[partition]

    def confirmed(self, partition: int) -> None:
        """The state in memory was the changelog's a moment ago."""
        self._known_at[partition] = self._clock()

    @property
    def recovering(self) -> frozenset[int]:
        """Partitions whose state is being read."""
        return frozenset(p for p, (_, task) in self._reading.items() if not task.done())

    async def stop(self) -> None:
        """End whatever is being read."""
        tasks = {task for _, task in self._reading.values()}
        self._reading.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _under_way(self, generation: int) -> set[int]:
        return {
            p for p, (of, task) in self._reading.items() if of == generation and not task.done()
        }

    def _read(self, partitions: set[int], generation: int) -> None:
        """Begin to read; what an earlier generation began ends."""
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
            saved = self._saved.get(partition)
            if saved is None or now - self._known_at.get(partition, now) > TRUST_S:
                saved = SavedState(partition, StateStore(self._directory))
            left[partition] = self._saved[partition] = saved
        trouble = Patience(f"the state in {self.topic} cannot be read", self._say_s)
        while left:
            try:
                await self._attempt(left, generation)
            except (KafkaError, OSError) as error:
                await trouble.wait(error)
        trouble.over()
        seconds = round(self._clock() - now, 2)
        keys = sum(len(self._saved[p].items) for p in partitions if p in self._saved)
        log.info("state recovered", partitions=sorted(partitions), keys=keys, seconds=seconds)

    async def _attempt(self, left: dict[int, SavedState], generation: int) -> None:
        """Read each partition to its end, taking it out of ``left`` there."""
        consumer = reader(
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
                    take = left[places[place]].take
                    for record in records:
                        take(record.offset, record.key, record.value, record.headers)
                    partition = places[place]
                    self.read[partition] = self.read.get(partition, 0) + len(records)
                    await asyncio.sleep(0)
                for place in list(places):
                    # What a fetch tells is right on every broker (see `ends`).
                    end = fetched_end(consumer, place)
                    if end is not None and await consumer.position(place) >= end:
                        partition = places.pop(place)
                        saved = left.pop(partition)
                        if saved.missing:
                            raise DamagedStateError(self._damage(partition, saved))
                        self._generation[partition] = generation
                        self.confirmed(partition)
        finally:
            await stop_consumer(consumer)

    def _damage(self, partition: int, saved: SavedState) -> str:
        return (
            f"the state of partition {partition} in {self.topic} is damaged: {saved.missing} keys "
            f"of {len(saved.items) + saved.missing} are missing; judge the readings again from "
            "their beginning under a new EMISSIONS_GROUP_STREAMS (results are written over "
            "themselves, nothing is doubled)"
        )
