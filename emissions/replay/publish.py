"""Publish registrations and readings in order, with given arrival times (CreateTime)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from emissions.replay.message_buffer import MessageBuffer
from emissions.replay.publication_plan import PublicationPlan
from schemas.codec import TICK, Codec
from streams.core.registry.enterprise import Enterprise
from streams.kafka.clients import producer_of
from streams.registry.avro import RECORD, enterprise_to_record
from streams.registry.measures import RECORD as MEASURE
from streams.registry.measures import DatedMeasure, measure_to_record
from streams.registry.notices import RECORD as NOTICE
from streams.registry.notices import DatedNotice
from streams.settings import Settings

BATCH_BYTES = 400_000  # well below the megabyte that brokers take by default
REPORT_EVERY = 5_000

Headers = list[tuple[str, bytes | None]] | list[tuple[str, bytes]]


async def publish_registry(
    settings: Settings, enterprises: Iterable[Enterprise], codec: Codec, timestamp: int | None
) -> int:
    """Publish each enterprise under its БИН, confirmed; return the count.

    They apply to readings that arrive from ``timestamp`` (milliseconds UTC) on; None is now.
    """
    sent = []
    async with producer_of(settings, BATCH_BYTES) as producer:
        for enterprise in enterprises:
            value = codec.encode(RECORD, enterprise_to_record(enterprise))
            key = enterprise.bin.encode()
            sent.append(
                await producer.send(settings.topic_registry, value, key, timestamp_ms=timestamp)
            )
        for confirmation in sent:
            await confirmation
    return len(sent)


async def publish_notices(settings: Settings, notices: Iterable[DatedNotice], codec: Codec) -> int:
    """Publish each notice under its id, confirmed, in the order of arrival; return the count.

    One without an arrival arrives now, by the clock of the broker or of this machine.
    """
    count = 0
    async with producer_of(settings, BATCH_BYTES) as producer:
        for each in sorted(notices, key=lambda each: each.arrived_at or 0):
            value = codec.encode(NOTICE, each.notice)
            sent = await producer.send(
                settings.topic_notices,
                value,
                each.notice.id.encode(),
                timestamp_ms=each.arrived_at,
            )
            await sent
            count += 1
    return count


async def publish_measures(
    settings: Settings, measures: Iterable[DatedMeasure], codec: Codec
) -> int:
    """Publish each measure under its id, confirmed, in the order of arrival; return the count.

    One without an arrival arrives now, by the clock of the broker or of this machine.
    """
    count = 0
    async with producer_of(settings, BATCH_BYTES) as producer:
        for each in sorted(measures, key=lambda each: each.arrived_at or 0):
            value = codec.encode(MEASURE, measure_to_record(each.measure))
            key = each.measure.id.encode()
            sent = await producer.send(
                settings.topic_measures, value, key, timestamp_ms=each.arrived_at
            )
            await sent
            count += 1
    return count


async def publish(
    writer: OrderedWriter,
    tape: MessageBuffer,
    plan: PublicationPlan,
    codec: Codec,
    progress: Callable[[int], None],
) -> list[int]:
    """Publish a tick into each partition, the readings, and a final tick into each.

    Returns, for each partition, the offset after its last confirmed message. ``progress`` receives
    the number of readings sent so far. Raises Kafka's errors.
    """
    keys = tape.keys
    await writer.broadcast(plan.first_tick, codec.encode(TICK, {"sent_at": plan.first_tick}))
    for done, (index, timestamp) in enumerate(zip(plan.order, plan.timestamps, strict=True)):
        key = keys[tape.key_number(index)]
        await writer.write(key, timestamp, tape.value(index), tape.headers(index))
        if done % REPORT_EVERY == 0:
            progress(done)
    await writer.broadcast(plan.until, codec.encode(TICK, {"sent_at": plan.until}))
    ends = await writer.flush()
    progress(len(plan.order))
    return ends


class OrderedWriter:
    """Writes batches to a topic, one in flight a partition, which keeps the order."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partitions: int) -> None:
        self._lanes = [_Lane(producer, topic, number) for number in range(partitions)]
        self._numbers = list(range(partitions))
        self._lane_of: dict[bytes, _Lane] = {}

    async def write(
        self, key: bytes, timestamp: int, value: bytes, headers: Headers | None = None
    ) -> None:
        """Append a message to the partition that Kafka's partitioner picks for its key."""
        lane = self._lane_of.get(key)
        if lane is None:
            number = DefaultPartitioner()(key, self._numbers, self._numbers)
            lane = self._lane_of[key] = self._lanes[number]
        await lane.add(timestamp, key, value, headers)

    async def write_to(
        self,
        partition: int,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None = None,
    ) -> None:
        """Append a message to a partition."""
        await self._lanes[partition].add(timestamp, key, value, headers)

    async def broadcast(self, timestamp: int, value: bytes) -> None:
        """Append a message without a key to every partition."""
        for lane in self._lanes:
            await lane.add(timestamp, None, value)

    async def flush(self) -> list[int]:
        """Send and confirm what is buffered; return the offset after the last message of each."""
        for lane in self._lanes:
            await lane.send()
        return [await lane.confirmed() for lane in self._lanes]


class _Lane:
    """One partition: a batch being filled and one in flight."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int) -> None:
        self._producer = producer
        self._topic = topic
        self._partition = partition
        self._batch = producer.create_batch()
        self._flying: asyncio.Future[Any] | None = None
        self._flying_count = 0
        self._end = 0

    async def add(
        self,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None = None,
    ) -> None:
        message = {"timestamp": timestamp, "key": key, "value": value, "headers": headers or []}
        if self._batch.append(**message) is None:
            await self.send()
            self._batch.append(**message)

    async def send(self) -> None:
        await self.confirmed()
        if self._batch.record_count() == 0:
            return
        batch, self._batch = self._batch, self._producer.create_batch()
        self._flying_count = batch.record_count()
        batch.close()
        self._flying = await self._producer.send_batch(
            batch, self._topic, partition=self._partition
        )

    async def confirmed(self) -> int:
        flying, self._flying = self._flying, None
        if flying is not None:
            self._end = (await flying).offset + self._flying_count
        return self._end
