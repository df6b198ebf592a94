"""Where partitions really end.

A broker's answer to "latest offset" is not enough: the embedded broker answers with the first
offset of the last record batch plus one, so the rest of that batch would be missed by whoever
reads "up to the end". What comes with a fetch is right on every broker.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.transport.reader import fetched_end, reader
from streams.transport.stop import stop_consumer


async def end_offsets(
    partitions: Collection[TopicPartition], **options: Any
) -> dict[TopicPartition, int]:
    """The offset after the last committed record of each partition, 0 when it never held one.

    Markers of transactions count as records. What an open transaction holds back is not counted.

    ``options`` are those of an ``AIOKafkaConsumer``: ``bootstrap_servers`` and how to
    authenticate. Raises ``aiokafka.errors.KafkaError`` when the broker cannot be asked.
    """
    consumer = reader(**options, group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        return await true_ends(consumer, partitions)
    finally:
        await stop_consumer(consumer)


async def true_ends(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """The same with a started consumer that has no group; it is assigned and moved by this."""
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
