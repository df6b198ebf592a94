"""A real broker process for tests, and the few things tests do with it."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.transport.ends import true_ends
from streams.transport.stop import stop_consumer

_numbers = itertools.count(1)


def unique(word: str) -> str:
    """A name that no other test uses."""
    return f"{word}-{os.getpid()}-{next(_numbers)}"


@dataclass(frozen=True)
class TestBroker:
    """Address of the broker, with the operations that tests need."""

    __test__ = False

    address: str
    pid: int = field(compare=False)
    kind: str = field(default="tansu", compare=False)  # or "kafka"

    async def create(
        self,
        *topics: str,
        partitions: int = 1,
        replication: int = 1,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """Create topics that do not exist yet."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        try:
            await admin.create_topics(
                [
                    NewTopic(
                        topic,
                        num_partitions=partitions,
                        replication_factor=replication,
                        topic_configs=dict(config or {}),
                    )
                    for topic in topics
                ]
            )
        finally:
            await admin.close()

    async def produce(
        self,
        topic: str,
        values: Iterable[bytes | None],
        *,
        partition: int | None = None,
        key: bytes | None = b"k",
        timestamp_ms: int | None = None,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        """Write records and wait until the broker has them."""
        producer = AIOKafkaProducer(bootstrap_servers=self.address, linger_ms=5)
        await producer.start()
        try:
            await asyncio.gather(
                *[
                    await producer.send(
                        topic,
                        value,
                        key=key,
                        partition=partition,
                        timestamp_ms=timestamp_ms,
                        headers=headers,
                    )
                    for value in values
                ]
            )
        finally:
            await producer.stop()

    async def read(self, topic: str) -> list[ConsumerRecord]:
        """Everything a topic holds now, in the order of partition and offset."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.address, auto_offset_reset="earliest")
        await consumer.start()
        try:
            parts = [TopicPartition(topic, p) for p in sorted(await _partitions(consumer, topic))]
            ends = await true_ends(consumer, parts)
            found: list[ConsumerRecord] = []
            for part in parts:
                await consumer.seek_to_beginning(part)
            while any([await consumer.position(part) < ends[part] for part in parts]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found.extend(records)
            return sorted(found, key=lambda record: (record.partition, record.offset))
        finally:
            await stop_consumer(consumer)

    async def committed(self, group: str, topic: str) -> dict[int, int]:
        """Committed offset of each partition that has one."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.address, group_id=group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            parts = [TopicPartition(topic, p) for p in sorted(await _partitions(consumer, topic))]
            consumer.assign(parts)
            found = {part.partition: await consumer.committed(part) for part in parts}
            return {partition: offset for partition, offset in found.items() if offset is not None}
        finally:
            await stop_consumer(consumer)


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.add_topic(topic)
    found: set[int] | None = consumer.partitions_for_topic(topic)
    if not found:
        raise LookupError(f"no topic {topic}")
    return found


async def eventually(
    true: Callable[[], bool] | Callable[[], Awaitable[bool]], what: str, within_s: float = 180.0
) -> None:
    """Wait for a condition, looking often; the deadline only ends a test that would hang."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while True:
        answer = true()
        if answer if isinstance(answer, bool) else await answer:
            return
        if loop.time() > deadline:
            raise AssertionError(f"it never came true: {what}")
        await asyncio.sleep(0.02)
