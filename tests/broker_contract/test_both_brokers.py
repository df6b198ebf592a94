"""What both brokers do, and everything else is built on."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, OffsetAndMetadata, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

from deploy.embedded.child import die_with_parent
from tests.support.broker import TestBroker, unique


async def test_the_order_of_sending_is_the_order_of_offsets(any_broker: TestBroker) -> None:
    topic = unique("order")
    await any_broker.create(topic, partitions=2)
    producer = AIOKafkaProducer(
        bootstrap_servers=any_broker.address, acks="all", max_batch_size=512, linger_ms=0
    )
    await producer.start()
    try:
        sent = [
            await producer.send(topic, b"%d" % number, key=b"k", partition=number % 2)
            for number in range(2000)
        ]
        answers = await asyncio.gather(*sent)
    finally:
        await producer.stop()
    assert [answer.offset for answer in answers] == [number // 2 for number in range(2000)]
    read = [
        (record.partition, record.offset, record.value) for record in await any_broker.read(topic)
    ]
    assert read == [(p, at, b"%d" % (2 * at + p)) for p in (0, 1) for at in range(1000)]


async def test_a_record_comes_back_byte_for_byte(any_broker: TestBroker) -> None:
    topic = unique("bytes")
    await any_broker.create(topic)
    headers = [("a", b""), ("a", b"again"), ("ү", b"\x00\xff")]
    await any_broker.produce(topic, [None, b"", b"\x00\xff"], timestamp_ms=1, headers=headers)
    await any_broker.produce(topic, [b"keyless"], key=None, timestamp_ms=1_780_000_000_001)
    await any_broker.produce(topic, [b"empty key"], key=b"", timestamp_ms=0)
    read = await any_broker.read(topic)
    assert [(record.key, record.value) for record in read] == [
        (b"k", None),
        (b"k", b""),
        (b"k", b"\x00\xff"),
        (None, b"keyless"),
        (b"", b"empty key"),
    ]
    assert [record.timestamp for record in read] == [1, 1, 1, 1_780_000_000_001, 0]
    assert {record.timestamp_type for record in read} == {0}  # CreateTime
    assert [list(record.headers) for record in read] == [headers] * 3 + [[], []]


async def test_an_existing_topic_is_told_and_left_alone(any_broker: TestBroker) -> None:
    topic = unique("twice")
    await any_broker.create(topic, partitions=2)
    await any_broker.produce(topic, [b"kept"])
    admin = AIOKafkaAdminClient(bootstrap_servers=any_broker.address)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()
    assert [code for _, code, *_ in answer.topic_errors] == [TopicAlreadyExistsError.errno]
    assert [record.value for record in await any_broker.read(topic)] == [b"kept"]


async def test_offsets_of_a_group_stay_when_its_members_are_gone(any_broker: TestBroker) -> None:
    topic, group = unique("offsets"), unique("group")
    await any_broker.create(topic, partitions=2)
    await any_broker.produce(topic, [b"x"] * 5, partition=1)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=any_broker.address,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
        heartbeat_interval_ms=1000,
    )
    await consumer.start()
    try:
        await consumer.getone()
        await consumer.commit({TopicPartition(topic, 1): OffsetAndMetadata(4, "")})
    finally:
        await consumer.stop()
    committed = await any_broker.committed(group, topic)
    assert committed.pop(1) == 4
    assert committed in ({}, {0: 0})


_MEMBER = """
import asyncio, sys
from aiokafka import AIOKafkaConsumer, OffsetAndMetadata, TopicPartition

async def main(address, topic, group):
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=address, group_id=group, enable_auto_commit=False,
        auto_offset_reset="earliest", session_timeout_ms=2000, heartbeat_interval_ms=500)
    await consumer.start()
    await consumer.getone()
    print("reading", flush=True)
    sys.stdin.readline()
    try:
        await consumer.commit({TopicPartition(topic, 0): OffsetAndMetadata(7, "")})
        print("committed", flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_member_that_was_thrown_out_cannot_commit(any_broker: TestBroker) -> None:
    """A process that stood still for longer than its session must not move what went on."""
    topic, group = unique("thrown-out"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"x"] * 9)
    with subprocess.Popen(  # noqa: ASYNC220 - ends with the test, which blocks nobody
        [sys.executable, "-c", _MEMBER, any_broker.address, topic, group],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent(),
    ) as member:
        assert member.stdin is not None
        assert member.stdout is not None
        try:
            assert await asyncio.to_thread(member.stdout.readline) == b"reading\n"
            member.send_signal(signal.SIGSTOP)
            heir = AIOKafkaConsumer(
                topic,
                bootstrap_servers=any_broker.address,
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                session_timeout_ms=6000,
                heartbeat_interval_ms=1000,
            )
            await heir.start()
            try:
                await heir.getone()
                await heir.commit({TopicPartition(topic, 0): OffsetAndMetadata(3, "")})
                member.stdin.write(b"\n")
                member.stdin.flush()
                member.send_signal(signal.SIGCONT)
                refused = await asyncio.to_thread(member.stdout.readline)
                # The second if it has noticed by itself that it has no partition any more.
                assert refused in (b"CommitFailedError\n", b"IllegalStateError\n")
            finally:
                await heir.stop()
        finally:
            member.kill()
    assert await any_broker.committed(group, topic) == {0: 3}
