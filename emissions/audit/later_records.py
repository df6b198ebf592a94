"""Read what has come to topics after given offsets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.clients import consumer_of
from streams.kafka.reader import FETCH_MS, ends_of
from streams.settings import Settings


async def records_after(
    settings: Settings, topics: Sequence[str], before: Mapping[TopicPartition, int]
) -> AsyncIterator[ConsumerRecord[bytes | None, bytes | None]]:
    """Yield what stands at and after the offsets ``before``, up to the ends of now."""
    ends = await ends_of(settings, *topics)
    left = {tp for tp, end in ends.items() if end > before.get(tp, 0)}
    if not left:
        return
    async with consumer_of(settings) as consumer:
        consumer.assign(left)
        for tp in left:
            consumer.seek(tp, before.get(tp, 0))
        while left:
            for partition, records in (await consumer.getmany(*left, timeout_ms=FETCH_MS)).items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield record
                if await consumer.position(partition) >= ends[partition]:
                    left.discard(partition)
