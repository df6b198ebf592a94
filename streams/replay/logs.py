"""Reading whole topics: their partitions and every record of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

FETCH_MS = 1_000


async def partitions_of(consumer: AIOKafkaConsumer, *topics: str) -> list[TopicPartition]:
    """Every partition of the topics; LookupError for a topic that does not exist."""
    existing = await consumer.topics()
    found = []
    for topic in topics:
        if topic not in existing:
            raise LookupError(f"topic {topic} does not exist")
        numbers = sorted(consumer.partitions_for_topic(topic) or ())
        found += [TopicPartition(topic, number) for number in numbers]
    return found


async def read_log(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]
) -> AsyncIterator[ConsumerRecord[bytes | None, bytes | None]]:
    """Every record of the partitions up to ``ends``, each partition in order of offset."""
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
