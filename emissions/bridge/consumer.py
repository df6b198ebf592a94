"""Consumes the topics: starts what the windows let start, and commits what is finished."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from emissions.bridge.delivery import Deliverer, Record
from emissions.bridge.event import Event
from emissions.bridge.parts import BridgePlan, Parts, record_at
from emissions.bridge.window import PartitionWindow
from schemas.errors import SchemaRegistryError
from streams.kafka.client import client_options
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer
from streams.kafka.retry import Backoff

log = structlog.get_logger(__name__)

_POLL_MS: Final = 200
_MOST_RECORDS: Final = 100
_STOP_S: Final = 5.0


class BridgeConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads the assigned partitions, and starts what their windows let start."""

    def __init__(self, parts: Parts, plan: BridgePlan, deliverer: Deliverer) -> None:
        self._parts = parts
        self._plan = plan
        self._deliverer = deliverer
        self._windows: dict[TopicPartition, PartitionWindow] = {}
        self._records: dict[TopicPartition, dict[int, Record]] = {}
        self._tasks: dict[TopicPartition, set[asyncio.Task[None]]] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._failed: BaseException | None = None
        self._generation = 0  # of the assignment: what an earlier one fetched is fetched again
        self._told = (time.monotonic(), (0, 0, 0, 0))
        settings = parts.settings
        self._consumer: AIOKafkaConsumer = committed_consumer(
            **client_options(settings),
            group_id=plan.group,
            enable_auto_commit=False,
            auto_offset_reset=plan.start,
            session_timeout_ms=int(settings.session_timeout_s * 1000),
            heartbeat_interval_ms=int(settings.heartbeat_s * 1000),
        )

    async def run(self, ends: Mapping[TopicPartition, int] | None) -> None:
        """Read and deliver until cancelled, or until the partitions are finished up to ``ends``."""
        await self._consumer.start()
        self._consumer.subscribe(list(self._plan.records), listener=self)
        commits = Backoff("commit_delivered", "offsets cannot be committed", 30.0)
        while True:
            fetched = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_MOST_RECORDS)
            generation = self._generation  # what was fetched is of the assignment of this moment
            for partition, records in fetched.items():
                await self._take(partition, records, generation)
            if self._failed is not None:
                raise self._failed
            await self._commit(commits)
            self._hold_back()
            self._report()
            if ends is not None and await self._finished(ends):
                return

    async def stop(self) -> None:
        """Cancel what is in work, commit what is finished, and leave the group."""
        await self._drop(list(self._tasks))
        try:
            async with asyncio.timeout(_STOP_S):
                await self._commit(None)
        except TimeoutError:
            log.warning("final_commit_timed_out")
        await stop_consumer(self._consumer)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """End what is in work of partitions that another member takes, and commit the rest."""
        self._generation += 1
        gone = {each: self._windows.pop(each) for each in revoked if each in self._windows}
        await self._drop(gone)
        await self._commit(None, gone)
        for partition in gone:
            self._committed.pop(partition, None)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin a partition anew, from what was committed of it."""
        self._consumer.resume(*assigned)

    async def _take(
        self,
        partition: TopicPartition,
        records: Iterable[ConsumerRecord[Any, Any]],
        generation: int,
    ) -> None:
        for found in records:
            record = None if found.value is None else await self._read(found)
            if generation != self._generation:
                return
            window = self._windows.get(partition)
            if window is None:
                window = self._windows[partition] = PartitionWindow(found.offset)
                self._records[partition], self._tasks[partition] = {}, set()
            if record is None:  # a deletion, which no producer of ours writes
                window.skip(found.offset)
                continue
            event = record.event
            key = event.key if isinstance(event, Event) else b"%d" % found.offset
            size = len(record.value) + (len(event.body) if isinstance(event, Event) else 0)
            self._records[partition][found.offset] = record
            if window.add(found.offset, key, size):
                self._start(partition, found.offset)

    async def _read(self, found: ConsumerRecord[Any, Any]) -> Record:
        """Read a record as an event; wait for a schema registry that does not answer."""
        backoff = Backoff("resolve_schemas", "messages cannot be decoded", 30.0)
        while True:
            try:
                record = record_at(
                    self._parts, self._plan, found.topic, found.partition, found.offset, found.value
                )
            except SchemaRegistryError as error:
                await backoff.wait(error)
            else:
                backoff.recovered()
                return record

    def _start(self, partition: TopicPartition, offset: int) -> None:
        task = asyncio.create_task(self._work(partition, offset))
        tasks = self._tasks[partition]
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _work(self, partition: TopicPartition, offset: int) -> None:
        """Deliver a record, and after it those of its key, one at a time."""
        window, records = self._windows[partition], self._records[partition]
        at: int | None = offset
        try:
            while at is not None:
                await self._deliverer.deliver(records[at])
                del records[at]
                at = window.finish(at)
        except Exception as error:  # a full disk, for one: nothing of it is acknowledged
            self._failed = self._failed or error

    async def _drop(self, partitions: Iterable[TopicPartition]) -> None:
        tasks = [task for each in partitions for task in self._tasks.pop(each, ())]
        for each in partitions:
            self._records.pop(each, None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _commit(
        self,
        backoff: Backoff | None,
        windows: Mapping[TopicPartition, PartitionWindow] | None = None,
    ) -> None:
        """Commit the positions that moved; a failure is retried with the next ones."""
        moved = {
            partition: window.position
            for partition, window in (self._windows if windows is None else windows).items()
            if self._committed.get(partition) != window.position
        }
        if not moved:
            return
        try:
            await self._consumer.commit(moved)
        except KafkaError as error:
            if backoff is None:
                log.warning("commit_failed", error=str(error))
            else:
                await backoff.wait(error)
        else:
            self._committed |= moved
            if backoff is not None:
                backoff.recovered()

    def _report(self) -> None:
        """Log what happened, once per interval, if anything did."""
        counts = self._deliverer.counts
        told = (counts.delivered, counts.retried, counts.dead_letters, counts.measures)
        now = time.monotonic()
        if told == self._told[1] or now - self._told[0] < self._parts.settings.log_interval_s:
            return
        self._told = (now, told)
        log.info(
            "bridge_progress",
            delivered=counts.delivered,
            retried=counts.retried,
            dead_letters=counts.dead_letters,
            measures=counts.measures,
            in_work=sum(map(len, self._records.values())),
        )

    def _hold_back(self) -> None:
        """Read no further in partitions whose window is full."""
        assigned = self._consumer.assignment()
        paused = self._consumer.paused()
        full = {part for part, window in self._windows.items() if window.full} & assigned
        if full - paused:
            self._consumer.pause(*(full - paused))
        if paused - full:
            self._consumer.resume(*(paused - full))

    async def _finished(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Tell whether this member's partitions are finished up to their ends, and committed."""
        assigned = self._consumer.assignment()
        for partition in assigned:
            window = self._windows.get(partition)
            if window is not None and (
                window.busy or self._committed.get(partition) != window.position
            ):
                return False
            # Markers of transactions are offsets without a record: the consumer passes over them.
            if await self._consumer.position(partition) < ends.get(partition, 0):
                return False
        return bool(assigned)
