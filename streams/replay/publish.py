"""Publishes messages in order, with arrival times of their own (CreateTime)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from schemas.codec import TICK, Codec
from streams.replay.plan import Plan
from streams.replay.tape import Tape

BATCH_BYTES = 400_000  # well below the megabyte that brokers take by default
REPORT_EVERY = 5_000

Headers = list[tuple[str, bytes]]


async def publish(
    writer: OrderedWriter, tape: Tape, plan: Plan, codec: Codec, progress: Callable[[int], None]
) -> list[int]:
    """Everything: a tick into each partition, the readings, a tick at the end into each.

    Returns, for each partition, the offset after its last confirmed message. ``progress`` is
    given how many readings went out so far. Kafka's errors come through.
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
    """Writes whole batches to a topic, one in flight a partition, so that its order is kept."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partitions: int) -> None:
        self._lanes = [_Lane(producer, topic, number) for number in range(partitions)]
        self._numbers = list(range(partitions))
        self._lane_of: dict[bytes, _Lane] = {}

    async def write(
        self, key: bytes, timestamp: int, value: bytes, headers: Headers | None = None
    ) -> None:
        """Append a message to the partition that Kafka's partitioner gives its key."""
        lane = self._lane_of.get(key)
        if lane is None:
            number = DefaultPartitioner()(key, self._numbers, self._numbers)
            lane = self._lane_of[key] = self._lanes[number]
        await lane.add(timestamp, key, value, headers)

    async def broadcast(self, timestamp: int, value: bytes) -> None:
        """Append a message without a key to every partition."""
        for lane in self._lanes:
            await lane.add(timestamp, None, value)

    async def flush(self) -> list[int]:
        """Send what waits and see it confirmed; the offset after the last message of each."""
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
        self, timestamp: int, key: bytes | None, value: bytes, headers: Headers | None = None
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
