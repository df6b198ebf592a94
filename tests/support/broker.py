"""A real broker process for tests, and the few things tests do with it."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.kafka.ends import true_ends
from streams.kafka.patches.stop import stop_consumer

_numbers = itertools.count(1)
_LOOK_S: Final = 0.02
_REST_S: Final = 0.3


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
        """Create topics that do not exist yet, and wait until the broker tells of them.

        A member that joins before the broker knows the topic is given no partition, and asks again
        only when its metadata are old (five minutes).
        """
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

            async def told() -> bool:
                found = await admin.describe_topics(list(topics))
                return all(map(_has_leaders, found))

            await eventually(told, f"the broker tells of {', '.join(topics)}")
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


def _has_leaders(topic: Mapping[str, Any]) -> bool:
    """Whether a topic's metadata list its partitions, each with a leader."""
    leaders = [each["leader"] for each in topic["partitions"]]
    return topic["error_code"] == 0 and bool(leaders) and min(leaders) >= 0


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.add_topic(topic)
    found: set[int] | None = consumer.partitions_for_topic(topic)
    if not found:
        raise LookupError(f"no topic {topic}")
    return found


async def eventually(
    true: Callable[[], bool] | Callable[[], Awaitable[bool]], what: str, within_s: float = 300.0
) -> None:
    """Wait for a condition, looking often; the deadline only ends a test that would hang.

    What takes long to look at is looked at less often: whoever is waited for needs the processor.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while True:
        began = loop.time()
        answer = true()
        if answer if isinstance(answer, bool) else await answer:
            return
        now = loop.time()
        if now > deadline:
            raise AssertionError(f"it never came true: {what}")
        await asyncio.sleep(min(max(_LOOK_S, 3 * (now - began)), _REST_S))
