"""Reads and writes the topic of the holds for a worker, and waits where a partition is held."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from streams.holds import Decision, Hold, HoldTable, Place, Worker, value_of
from streams.kafka import Patience, client_options, partitions_by_topic
from streams.settings import Settings
from streams.transport.reader import fetched_end, reader
from streams.transport.stop import stop_consumer

log = structlog.get_logger(__name__)

_FETCH_MS: Final = 500
LOOK_S: Final = 0.2
"""So often whoever waits looks whether it may go on."""

Records = Iterable[tuple[bytes, bytes | None]]


class Held(Protocol):
    """What waits: a batch of the partition (`streams.transport.PartitionBatch`)."""

    revoked: bool
    waiting: bool


class HoldLog:
    """The holds of one worker, and the decisions of people.

    ``now_ms`` tells the time, ``write`` brings records into the topic (None: as `write_records`
    does).
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
        self.table = HoldTable()
        self.holding: dict[Place, Hold] = {}
        """The partitions that this worker holds at the moment."""

    async def start(self) -> None:
        """Read the topic to its end, then follow it; raises ``KafkaError``."""
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
        """Tell whether somebody decided to go on at an offset of the partition."""
        return lambda offset: self.table.resumed(topic, partition, offset)

    def found(
        self,
        place: Place,
        offset: int,
        kind: str,
        why: str,
        passes_at: int | None = None,
    ) -> Hold:
        """Make the hold of a partition; ``since`` stays where it is the one that stands already."""
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
        before = self.holding.get(hold.place) or self.table.standing.get(hold.key)
        if before is not None and (before.offset, before.kind) == (offset, kind):
            return msgspec.structs.replace(hold, since=before.since)
        return hold

    async def wait(self, hold: Hold, batch: Held) -> None:
        """Hold the partition until it is resumed, passes by itself, or the batch is void.

        Says so once in ``say_s``. A rebalance does not wait for the batch.
        """
        before = self.holding.get(hold.place)
        self.holding[hold.place] = hold
        if before is None or (before.offset, before.kind) != (hold.offset, hold.kind):
            self._produce(hold.key, value_of(hold))
        batch.waiting = True
        looks = 0
        try:
            while not batch.revoked and not self._may_pass(hold):
                if looks % max(1, round(self._settings.say_s / LOOK_S)) == 0:
                    log.error(
                        "a partition is held",
                        topic=hold.topic,
                        partition=hold.partition,
                        offset=hold.offset,
                        kind=hold.kind,
                        why=hold.why,
                        go_on=hold.command,
                    )
                looks += 1
                await asyncio.sleep(LOOK_S)
        finally:
            batch.waiting = False

    def _may_pass(self, hold: Hold) -> bool:
        if self.table.resumed(hold.topic, hold.partition, hold.offset):
            return True
        return hold.passes_at is not None and self._now_ms() >= hold.passes_at

    def passed(self, topic: str, partition: int, next_offset: int) -> None:
        """The records below ``next_offset`` are done: a hold before one of them is over."""
        hold = self.holding.get((topic, partition))
        if hold is not None and hold.offset < next_offset:
            del self.holding[hold.place]
            log.info("a partition goes on", topic=topic, partition=partition, offset=hold.offset)
        for key, standing in list(self.table.standing.items()):
            if (standing.worker, standing.place) == (
                self._worker,
                (topic, partition),
            ) and standing.offset < next_offset:
                del self.table.standing[key]
                self._produce(key, None)

    def keep(self, partitions: Iterable[Place]) -> None:
        """These partitions are the worker's now: others are not held by it any more."""
        for place in self.holding.keys() - set(partitions):
            del self.holding[place]

    def _produce(self, key: bytes, value: bytes | None) -> None:
        before = self._writing.pop(key, None)
        if before is not None:
            before.cancel()
        task = asyncio.create_task(self._insist(key, value))
        self._writing[key] = task
        task.add_done_callback(
            lambda done: self._writing.pop(key) if self._writing.get(key) is done else None
        )

    async def _insist(self, key: bytes, value: bytes | None) -> None:
        trouble = Patience("a hold cannot be written down", self._settings.say_s)
        write = self._write or (lambda records: write_records(self._settings, records))
        while True:
            try:
                await write([(key, value)])
            except (KafkaError, OSError) as error:
                await trouble.wait(error)
            else:
                trouble.over()
                return

    async def _follow(self) -> None:
        trouble = Patience("the topic of the holds cannot be read", self._settings.say_s)
        while True:
            try:
                if self._consumer is None:
                    await self._connect()
                await self._take()
            except (KafkaError, OSError) as error:
                await self._disconnect()
                await trouble.wait(error)
            else:
                trouble.over()

    async def _take(self) -> None:
        assert self._consumer is not None  # noqa: S101 (its callers connect)
        for records in (await self._consumer.getmany(timeout_ms=_FETCH_MS)).values():
            for record in records:
                if not self.table.take(record.key, record.value):
                    log.warning(
                        "a record of the topic of the holds says nothing", offset=record.offset
                    )

    async def _connect(self) -> None:
        self._consumer = consumer = await _reading(self._settings)
        places = set(consumer.assignment())
        while places:
            await self._take()
            for place in list(places):
                end = fetched_end(consumer, place)  # that of a fetch is right on every broker
                if end is not None and await consumer.position(place) >= end:
                    places.discard(place)

    async def _disconnect(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError, OSError):
                await stop_consumer(consumer)


async def _reading(settings: Settings) -> AIOKafkaConsumer:
    """A consumer at the beginning of the topic. Raises ``KafkaError`` where that is missing."""
    consumer = reader(
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


async def read_holds(settings: Settings) -> HoldTable:
    """Read what the topic says now. Raises ``KafkaError``, also where the topic is missing."""
    holds = HoldLog(settings, "streams")
    try:
        await holds._connect()
    finally:
        await holds._disconnect()
    return holds.table


async def write_records(settings: Settings, records: Records) -> None:
    """Bring records into the topic, each confirmed. Raises ``KafkaError``."""
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    try:
        await producer.start()
        for key, value in records:
            await producer.send_and_wait(settings.topic_holds, value, key=key)
    finally:
        await producer.stop()


async def decide(settings: Settings, decision: Decision) -> None:
    """Write down what a person decided. Raises ``KafkaError``."""
    await write_records(settings, [(decision.key, value_of(decision))])
