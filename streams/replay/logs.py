"""Reading whole topics: where a log really ends, and every record up to there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

FETCH_MS = 1_000
EMPTY_FETCHES = 20  # a compacted log may have nothing at its end: then "latest" stands


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


async def log_ends(
    consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """The offset after the last record of each partition. The consumer's assignment changes.

    The embedded broker's answer to "latest" is the first offset of the last batch plus one, so
    the last batch is fetched: a fetch knows the true end.
    """
    ends: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions))
    filled = [partition for partition, end in ends.items() if end > 0]
    if not filled:
        return ends
    consumer.assign(filled)
    for partition in filled:
        consumer.seek(partition, ends[partition] - 1)
    waiting = set(filled)
    for _ in range(EMPTY_FETCHES):
        if not waiting:
            break
        fetched = await consumer.getmany(*waiting, timeout_ms=FETCH_MS)
        for partition, records in fetched.items():
            if records:
                ends[partition] = records[-1].offset + 1
        waiting = {
            partition
            for partition in waiting
            if partition not in fetched or ends[partition] < (consumer.highwater(partition) or 0)
        }
    return ends


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
