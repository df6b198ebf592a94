"""Finds where partitions really end.

A broker's answer to "latest offset" is not enough: the embedded broker answers with the first
offset of the last record batch plus one, so a reader "up to the end" would miss the rest of that
batch. The end that comes with a fetch is right on every broker.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer, fetched_end


async def end_offsets(
    partitions: Collection[TopicPartition], **options: Any
) -> dict[TopicPartition, int]:
    """Return the offset after the last committed record of each partition, 0 where none was.

    Transaction markers count as records; records after an open transaction's first do not.

    ``options`` are those of an ``AIOKafkaConsumer``: ``bootstrap_servers`` and how to
    authenticate. Raises ``aiokafka.errors.KafkaError`` when the broker cannot be asked.
    """
    consumer = committed_consumer(**options, group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        return await true_ends(consumer, partitions)
    finally:
        await stop_consumer(consumer)


async def true_ends(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """Return the same with a started consumer without group, which is assigned and sought."""
    plain = [TopicPartition(tp.topic, tp.partition) for tp in partitions]
    consumer.assign(plain)
    answered: dict[TopicPartition, int] = await consumer.end_offsets(plain)
    begin = await consumer.beginning_offsets(plain)
    filled = [tp for tp in plain if answered[tp] > begin[tp]]
    for tp in filled:
        consumer.seek(tp, answered[tp] - 1)
    ends = dict(answered)
    missing = set(filled)
    while missing:
        await consumer.getmany(*missing, timeout_ms=100)
        for tp in list(missing):
            mark = fetched_end(consumer, tp)
            if mark is not None:
                ends[tp] = max(mark, answered[tp])
                missing.discard(tp)
    return ends
