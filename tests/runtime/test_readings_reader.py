"""A stretch of the readings is read again, all of it or not at all."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.kafka.partitions import PartitionRevoked
from streams.runtime.readings_reader import LostReadingsError, ReadingsReader
from tests.support.broker import TestBroker, unique


def staying() -> bool:
    return False


async def written(broker: TestBroker, count: int) -> str:
    topic = unique("readings")
    await broker.create(topic, partitions=2)
    await broker.produce(topic, [b"%d" % n for n in range(count)], partition=1)
    return topic


def log(broker: TestBroker, topic: str) -> ReadingsReader:
    return ReadingsReader({"bootstrap_servers": broker.address}, topic, max_records=3)


async def test_a_stretch_is_read_some_records_at_a_time(any_broker: TestBroker) -> None:
    readings = log(any_broker, await written(any_broker, 20))
    found = [
        [(record.offset, record.value) for record in records]
        async for records in readings.read_range(1, 4, 15, revoked=staying)
    ]
    assert [each for records in found for each in records] == [(n, b"%d" % n) for n in range(4, 15)]
    assert max(map(len, found)) <= 3
    assert readings.records_read == {1: 11}


async def test_nothing_is_read_of_an_empty_stretch(any_broker: TestBroker) -> None:
    readings = log(any_broker, await written(any_broker, 2))
    assert [each async for each in readings.read_range(1, 2, 2, revoked=staying)] == []


async def test_a_partition_that_left_is_read_no_further(any_broker: TestBroker) -> None:
    readings = log(any_broker, await written(any_broker, 20))
    stretch = readings.read_range(1, 0, 20, revoked=lambda: readings.records_read.get(1, 0) > 5)
    await anext(stretch)
    await anext(stretch)
    with pytest.raises(PartitionRevoked):
        await anext(stretch)
    assert readings.records_read == {1: 6}


async def test_readings_that_were_removed_are_a_sentence(kafka: TestBroker) -> None:
    topic = await written(kafka, 10)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 1): RecordsToDelete(before_offset=6)})
    await admin.close()
    readings = log(kafka, topic)
    assert [each async for each in readings.read_range(1, 6, 7, revoked=staying)] != []
    with pytest.raises(LostReadingsError, match=r"begins at offset 6, .* up from 5: .* new EMIS"):
        async for _ in readings.read_range(1, 5, 10, revoked=staying):
            pass
