"""Where the embedded broker and Apache Kafka differ: the whole list, each line seen on both.

A line that turns red is good or bad news about a new version of a broker; either way somebody
relied on it. What must hold on both is in `test_both_brokers`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, for_code

from streams.kafka.ends import end_offsets
from tests.support.broker import TestBroker, eventually, unique

Probe = Callable[[TestBroker], Awaitable[object]]


async def idempotent_producer(broker: TestBroker) -> object:
    topic = unique("idempotent")
    await broker.create(topic)
    return await sent(broker, topic, b"x", enable_idempotence=True)


async def topic_nobody_made(broker: TestBroker) -> object:
    return await sent(broker, unique("nobody-made"), b"x", request_timeout_ms=3000)


async def larger_than_max_message_bytes(broker: TestBroker) -> object:
    topic = unique("large")
    await broker.create(topic, config={"max.message.bytes": "1000"})
    return await sent(broker, topic, os.urandom(5000))


async def more_replicas_than_nodes(broker: TestBroker) -> object:
    return await made(broker, replication_factor=3)


async def setting_that_does_not_exist(broker: TestBroker) -> object:
    return await made(broker, topic_configs={"cleanup.polizy": "compact"})


async def setting_with_a_senseless_value(broker: TestBroker) -> object:
    return await made(broker, topic_configs={"cleanup.policy": "sometimes"})


async def settings_told_that_were_not_given(broker: TestBroker) -> object:
    topic = unique("told")
    await broker.create(topic, config={"cleanup.policy": "compact"})
    async with admin_of(broker) as admin:
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    told = {
        entry[0]: entry[1] for answer in answers for one in answer.resources for entry in one[4]
    }
    assert told["cleanup.policy"] == "compact"
    return told.get("message.timestamp.type", "not told")


async def whose_time_log_append_time_is(broker: TestBroker) -> object:
    topic = unique("append-time")
    await broker.create(topic, config={"message.timestamp.type": "LogAppendTime"})
    await broker.produce(topic, [b"x"], timestamp_ms=1234)
    (record,) = await broker.read(topic)
    return {0: "the producer's", 1: "the broker's"}[record.timestamp_type], record.timestamp == 1234


async def plain_question_for_the_end_of_seven(broker: TestBroker) -> object:
    topic = unique("end")
    await broker.create(topic)
    await broker.produce(topic, [b"x"] * 7)
    part = TopicPartition(topic, 0)
    assert await end_offsets([part], bootstrap_servers=broker.address) == {part: 7}
    async with reader(broker) as consumer:
        return (await consumer.end_offsets([part]))[part]


async def first_offset_at_or_after_a_time(broker: TestBroker) -> object:
    topic = unique("times")
    await broker.create(topic)
    for time in (1000, 2000):
        await broker.produce(topic, [b"x"], timestamp_ms=time)
    part = TopicPartition(topic, 0)
    async with reader(broker) as consumer:
        return (await consumer.offsets_for_times({part: 1500}))[part].offset


async def reading_beyond_the_end(broker: TestBroker) -> object:
    topic = unique("beyond")
    await broker.create(topic)
    await broker.produce(topic, [b"x"])
    part = TopicPartition(topic, 0)
    async with reader(broker, auto_offset_reset="none") as consumer:
        consumer.assign([part])
        consumer.seek(part, 99)
        patience_ms = 30_000 if broker.kind == "kafka" else 2000
        try:
            return dict(await consumer.getmany(part, timeout_ms=patience_ms))
        except OffsetOutOfRangeError:
            return "an error"


async def first_generation_of_a_group(broker: TestBroker) -> object:
    topic = unique("generation")
    await broker.create(topic)
    async with reader(broker, group_id=unique("group")) as consumer:
        consumer.subscribe([topic])
        await eventually(lambda: bool(consumer.assignment()), "it is a member")
        return consumer._coordinator.generation


async def what_compaction_leaves_of_fifty(broker: TestBroker) -> object:
    topic = unique("compacted")
    quick = {"segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}
    await broker.create(topic, config={"cleanup.policy": "compact", **quick})
    await broker.produce(topic, [b"%d" % number for number in range(50)])
    part = TopicPartition(topic, 0)
    left: list[bytes | None] = []

    async def cleaned() -> bool:
        # A segment that is older than 100 ms is closed by the next record; only then it is cleaned.
        await asyncio.sleep(0.15)
        await broker.produce(topic, [b"other"], key=b"other")
        left[:] = [record.value for record in await broker.read(topic) if record.key == b"k"]
        return broker.kind == "tansu" or len(left) == 1

    await eventually(cleaned, "the log is cleaned")
    assert left[-1] == b"49"  # the last value is never lost
    ends = await end_offsets([part], bootstrap_servers=broker.address)
    assert ends[part] == (await broker.read(topic))[-1].offset + 1
    return len(left)


# What is done: (what Apache Kafka answers, what the embedded broker answers)
TABLE: Mapping[Probe, tuple[object, object]] = {
    idempotent_producer: ("taken", "UnknownError"),
    topic_nobody_made: ("UnknownTopicOrPartitionError", "taken"),
    larger_than_max_message_bytes: ("MessageSizeTooLargeError", "taken"),
    more_replicas_than_nodes: ("InvalidReplicationFactorError", "NoError"),
    setting_that_does_not_exist: ("InvalidConfigurationError", "NoError"),
    setting_with_a_senseless_value: ("InvalidConfigurationError", "NoError"),
    settings_told_that_were_not_given: ("CreateTime", "not told"),
    whose_time_log_append_time_is: (("the broker's", False), ("the producer's", True)),
    plain_question_for_the_end_of_seven: (7, 1),
    first_offset_at_or_after_a_time: (1, 0),
    reading_beyond_the_end: ("an error", {}),
    first_generation_of_a_group: (1, 0),
    what_compaction_leaves_of_fifty: (1, 50),
}


@pytest.mark.parametrize("probe", TABLE, ids=lambda probe: probe.__name__)
async def test_the_brokers_differ_as_listed(probe: Probe, any_broker: TestBroker) -> None:
    of_kafka, of_embedded = TABLE[probe]
    assert of_kafka != of_embedded
    assert await probe(any_broker) == (of_kafka if any_broker.kind == "kafka" else of_embedded)


async def sent(broker: TestBroker, topic: str, value: bytes, **options: Any) -> str:
    """``taken``, or the name of the error."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.address, **options)
    try:
        await producer.start()
        await producer.send_and_wait(topic, value)
    except KafkaError as error:
        return type(error).__name__
    finally:
        await producer.stop()
    return "taken"


async def made(broker: TestBroker, **options: Any) -> str:
    """The name of what the broker answers to the creation of a topic."""
    topic = NewTopic(unique("made"), **{"num_partitions": 1, "replication_factor": 1, **options})
    async with admin_of(broker) as admin:
        answer = await admin.create_topics([topic])
    ((_, code, *_),) = answer.topic_errors
    return str(for_code(code).__name__)


@asynccontextmanager
async def admin_of(broker: TestBroker) -> Any:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@asynccontextmanager
async def reader(broker: TestBroker, **options: Any) -> Any:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.address, **options)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
