"""What is left to take is told by messages, not by offsets."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition

from emissions.doctor.groups import _seen
from streams.kafka.reader import ends_of, holding
from tests.kafka.test_read_committed import transactions
from tests.support.broker import TestBroker
from tests.support.streams_process import own_settings


async def test_markers_and_what_was_rolled_back_are_nothing_to_take(kafka: TestBroker) -> None:
    settings = own_settings(kafka.address)
    topic, group = settings.topic_readings, settings.group_streams
    await kafka.create(topic)
    async with transactions(kafka) as producer:
        async with producer.transaction():
            await producer.send_and_wait(topic, b"committed", partition=0)
        await producer.begin_transaction()
        for _ in range(5):
            await producer.send_and_wait(topic, b"rolled back", partition=0)
        await producer.abort_transaction()
    tp = TopicPartition(topic, 0)
    assert await ends_of(settings, topic) == {tp: 8}
    assert await holding(settings, {tp: (0, 8)}) == {tp}
    assert await holding(settings, {tp: (1, 8)}) == set()
    assert await holding(settings, {tp: (8, 8)}) == set()
    worker = AIOKafkaConsumer(bootstrap_servers=kafka.address, group_id=group)
    await worker.start()
    try:
        worker.assign([tp])
        await worker.commit({tp: 1})
        assert (await _seen(settings, group, {tp: 8})).lags == {}
        await worker.commit({tp: 0})
        assert (await _seen(settings, group, {tp: 8})).lags == {tp: 8}
    finally:
        await worker.stop()
