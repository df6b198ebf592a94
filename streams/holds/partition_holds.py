"""Follows and writes the holds topic for a worker, and waits while a partition is held."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.holds.hold import Hold, HoldsView, ResumeDecision, Worker, value_of
from streams.kafka.client import client_options, confirmed_by_all, partitions_by_topic
from streams.kafka.partitions import PartitionId
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer, fetched_end
from streams.kafka.retry import Backoff
from streams.settings import Settings

log = structlog.get_logger(__name__)

_FETCH_MS: Final = 500
CHECK_S: Final = 0.2
"""Interval at which a held partition checks whether it may go on."""

Records = Iterable[tuple[bytes, bytes | None]]


class HeldBatch(Protocol):
    """The batch that waits (`streams.transport.PartitionBatch`)."""

    revoked: bool
    waiting: bool


class PartitionHolds:
    """Keep the holds of one worker, and follow the decisions of people.

    ``now_ms`` tells the time (ms UTC), ``write`` writes records to the topic (None:
    `write_records`).
    """

    def __init__(
        self,
        settings: Settings,
        worker: Worker,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        write: Callable[[Records], Any] | None = None,
    ) -> None:
        self._settings = settings
        self._worker: Worker = worker
        self._now_ms = now_ms
        self._write = write
        self._consumer: AIOKafkaConsumer | None = None
        self._following: asyncio.Task[None] | None = None
        self._writing: dict[bytes, asyncio.Task[None]] = {}
        self.view = HoldsView()
        self.held: dict[PartitionId, Hold] = {}
        """The partitions that this worker holds now."""

    async def start(self) -> None:
        """Read the topic to its end, then follow it; raise ``KafkaError``."""
        await self._connect()
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Disconnect."""
        tasks = [*self._writing.values(), *([self._following] if self._following else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._disconnect()

    def resumed(self, topic: str, partition: int) -> Callable[[int], bool]:
        """Return a function that tells whether a person decided to go on at an offset."""
        return lambda offset: self.view.resumed(topic, partition, offset)

    def make_hold(
        self,
        place: PartitionId,
        offset: int,
        kind: str,
        why: str,
        passes_at: int | None = None,
    ) -> Hold:
        """Make the hold of a partition, or return the open one with its ``since``."""
        topic, partition = place
        hold = Hold(
            worker=self._worker,
            topic=topic,
            partition=partition,
            offset=offset,
            kind=kind,
            why=why,
            since=self._now_ms(),
            passes_at=passes_at,
        )
        before = self.held.get(hold.place) or self.view.open.get(hold.key)
        if before is not None and (before.offset, before.kind) == (offset, kind):
            return msgspec.structs.replace(hold, since=before.since)
        return hold

    async def wait(self, hold: Hold, batch: HeldBatch) -> None:
        """Hold the partition until it is resumed, passes by itself, or the batch is revoked.

        Logs it once per ``log_interval_s``. A rebalance does not wait for the batch.
        """
        before = self.held.get(hold.place)
        self.held[hold.place] = hold
        if before is None or (before.offset, before.kind) != (hold.offset, hold.kind):
            self._produce(hold.key, value_of(hold))
        batch.waiting = True
        looks = 0
        try:
            while not batch.revoked and not self._may_pass(hold):
                if looks % max(1, round(self._settings.log_interval_s / CHECK_S)) == 0:
                    log.error(
                        "partition_held",
                        topic=hold.topic,
                        partition=hold.partition,
                        offset=hold.offset,
                        kind=hold.kind,
                        problem=hold.why,
                        command=hold.command,
                    )
                looks += 1
                await asyncio.sleep(CHECK_S)
        finally:
            batch.waiting = False

    def _may_pass(self, hold: Hold) -> bool:
        if self.view.resumed(hold.topic, hold.partition, hold.offset):
            return True
        return hold.passes_at is not None and self._now_ms() >= hold.passes_at

    def release_before(self, topic: str, partition: int, next_offset: int) -> None:
        """Release the partition's holds of records below ``next_offset``, which are done."""
        hold = self.held.get((topic, partition))
        if hold is not None and hold.offset < next_offset:
            del self.held[hold.place]
            log.info("partition_resumed", topic=topic, partition=partition, offset=hold.offset)
        for key, other in list(self.view.open.items()):
            mine = (other.worker, other.place) == (self._worker, (topic, partition))
            if mine and other.offset < next_offset:
                del self.view.open[key]
                self._produce(key, None)

    def retain(self, partitions: Iterable[PartitionId]) -> None:
        """Forget the holds of all partitions but these."""
        for place in self.held.keys() - set(partitions):
            del self.held[place]

    def _produce(self, key: bytes, value: bytes | None) -> None:
        before = self._writing.pop(key, None)
        if before is not None:
            before.cancel()
        task = asyncio.create_task(self._write_until_done(key, value))
        self._writing[key] = task
        task.add_done_callback(
            lambda done: self._writing.pop(key) if self._writing.get(key) is done else None
        )

    async def _write_until_done(self, key: bytes, value: bytes | None) -> None:
        backoff = Backoff(
            "write_hold", "a hold cannot be written down", self._settings.log_interval_s
        )
        write = self._write or (lambda records: write_records(self._settings, records))
        while True:
            try:
                await write([(key, value)])
            except (KafkaError, OSError) as error:
                await backoff.wait(error)
            else:
                backoff.recovered()
                return

    async def _follow(self) -> None:
        backoff = Backoff(
            "read_holds", "the topic of the holds cannot be read", self._settings.log_interval_s
        )
        while True:
            try:
                if self._consumer is None:
                    await self._connect()
                await self._poll()
            except (KafkaError, OSError) as error:
                await self._disconnect()
                await backoff.wait(error)
            else:
                backoff.recovered()

    async def _poll(self) -> None:
        assert self._consumer is not None  # noqa: S101 (its callers connect)
        for records in (await self._consumer.getmany(timeout_ms=_FETCH_MS)).values():
            for record in records:
                if not self.view.apply(record.key, record.value):
                    log.warning("hold_record_unreadable", offset=record.offset)

    async def _connect(self) -> None:
        self._consumer = consumer = await _start_consumer(self._settings)
        places = set(consumer.assignment())
        while places:
            await self._poll()
            for place in list(places):
                end = fetched_end(consumer, place)  # the fetch's is right on every broker
                if end is not None and await consumer.position(place) >= end:
                    places.discard(place)

    async def _disconnect(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError, OSError):
                await stop_consumer(consumer)


async def _start_consumer(settings: Settings) -> AIOKafkaConsumer:
    """Start a consumer at the topic's beginning; raise ``KafkaError`` where it is missing."""
    consumer = committed_consumer(
        **client_options(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        topic = settings.topic_holds
        numbers = (await partitions_by_topic(consumer)).get(topic)
        if not numbers:
            raise KafkaError(f"topic {topic} is missing: emissions topics create")
        consumer.assign([TopicPartition(topic, number) for number in numbers])
        await consumer.seek_to_beginning()
    except BaseException:
        await stop_consumer(consumer)
        raise
    return consumer


async def read_holds(settings: Settings) -> HoldsView:
    """Read the topic to its end; raise ``KafkaError``, also where it is missing."""
    holds = PartitionHolds(settings, "streams")
    try:
        await holds._connect()
    finally:
        await holds._disconnect()
    return holds.view


async def write_records(settings: Settings, records: Records) -> None:
    """Write records to the topic, each confirmed; raise ``KafkaError``."""
    producer = confirmed_by_all(client_options(settings))
    try:
        await producer.start()
        for key, value in records:
            await producer.send_and_wait(settings.topic_holds, value, key=key)
    finally:
        await producer.stop()


async def write_decision(settings: Settings, decision: ResumeDecision) -> None:
    """Write a person's decision to the topic; raise ``KafkaError``."""
    await write_records(settings, [(decision.key, value_of(decision))])
