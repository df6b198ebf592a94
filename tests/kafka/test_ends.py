"""The end of a partition is the end of its last record, not of its last batch's first."""

from __future__ import annotations

from aiokafka import TopicPartition

from streams.kafka.ends import end_offsets
from tests.support.broker import TestBroker, unique


async def test_ends_of_full_and_empty_partitions(any_broker: TestBroker) -> None:
    topic = unique("ends")
    await any_broker.create(topic, partitions=2)
    parts = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    assert set((await end_offsets(parts, bootstrap_servers=any_broker.address)).values()) == {0}
    written = 0
    for more in (3, 1, 7):
        await any_broker.produce(topic, [b"x"] * more, partition=0)
        written += more
        ends = await end_offsets(parts, bootstrap_servers=any_broker.address)
        assert ends == {parts[0]: written, parts[1]: 0}
