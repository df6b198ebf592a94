"""Reads whole topics: where they end, and every record up to there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.kafka.client import partitions_by_topic
from streams.kafka.clients import consumer_of
from streams.kafka.ends import true_ends
from streams.settings import Settings

FETCH_MS = 1_000


async def ends_of(settings: Settings, *topics: str) -> dict[TopicPartition, int]:
    """Return the offset after the last record of each partition of the topics.

    It uses a consumer of its own: what that has fetched would disturb the next reads.
    """
    async with consumer_of(settings) as consumer:
        return await true_ends(consumer, await partitions_of(consumer, *topics))


async def holding(
    settings: Settings, spans: Mapping[TopicPartition, tuple[int, int]]
) -> set[TopicPartition]:
    """Return the partitions that have a message from one offset to before another.

    Transaction markers and aborted records are offsets without a message.
    """
    found: set[TopicPartition] = set()
    left = {partition for partition, (start, end) in spans.items() if start < end}
    if not left:
        return found
    async with consumer_of(settings) as consumer:
        consumer.assign(left)
        for partition in left:
            consumer.seek(partition, spans[partition][0])
        while left:
            fetched = await consumer.getmany(*left, timeout_ms=FETCH_MS)
            for partition in list(left):
                end = spans[partition][1]
                if any(record.offset < end for record in fetched.get(partition, ())):
                    found.add(partition)
                    left.discard(partition)
                elif await consumer.position(partition) >= end:
                    left.discard(partition)
    return found


async def partitions_of(consumer: AIOKafkaConsumer, *topics: str) -> list[TopicPartition]:
    """Return every partition of the topics; raise LookupError for one that does not exist."""
    existing = await partitions_by_topic(consumer)
    found = []
    for topic in topics:
        if topic not in existing:
            raise LookupError(f"topic {topic} does not exist")
        found += [TopicPartition(topic, number) for number in existing[topic]]
    return found


async def read_log(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]
) -> AsyncIterator[ConsumerRecord[bytes | None, bytes | None]]:
    """Yield every record of the partitions up to ``ends``, each partition in offset order."""
    left = {partition for partition, end in ends.items() if end > 0}
    if not left:
        return
    consumer.assign(left)
    await consumer.seek_to_beginning(*left)
    while left:
        for partition, records in (await consumer.getmany(*left, timeout_ms=FETCH_MS)).items():
            for record in records:
                if record.offset < ends[partition]:
                    yield record
            if await consumer.position(partition) >= ends[partition]:
                left.discard(partition)
