"""Partitions move between workers, and tables come back from their changelog."""

from __future__ import annotations

import asyncio
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.transport.batch import PartitionBatch
from streams.transport.install import batch_topic
from streams.transport.thread import ConsumerThread
from tests.support.broker import TestBroker, eventually, unique
from tests.support.worker import Collector, batch_app, running


async def test_two_workers_share_and_nothing_is_lost(any_broker: TestBroker) -> None:
    topic, group = unique("shared"), unique("group")
    await any_broker.create(topic, partitions=4)
    one, two = Collector(), Collector()

    sent = 0

    async def feed() -> None:
        nonlocal sent
        for partition in range(4):
            await any_broker.produce(topic, [b"x"] * 25, partition=partition)
        sent += 25

    def everything() -> bool:
        got = {(r.partition, r.offset) for seen in (one, two) for r in seen.records}
        return len(got) == 4 * sent

    async def both_work() -> bool:
        await feed()  # as long as it takes: a worker that owns nothing yet finds nothing later
        return bool(two.records)

    async with running(batch_app(any_broker.address, group, topic, one)):
        await feed()
        await eventually(lambda: bool(one.records), "the first worker works")
        async with running(batch_app(any_broker.address, group, topic, two)):
            await eventually(both_work, "the second worker works")
            await feed()
            await eventually(everything, "each record reached a worker")
    assert await any_broker.committed(group, topic) == dict.fromkeys(range(4), sent)
    for seen in (one, two):
        for partition in range(4):
            offsets = seen.offsets(partition)
            assert offsets == sorted(offsets)


async def test_what_was_fetched_and_given_up_before_the_first_commit_is_read_again(
    any_broker: TestBroker,
) -> None:
    topic, group = unique("never"), unique("group")
    await any_broker.create(topic, partitions=2)
    for partition in range(2):
        await any_broker.produce(topic, [b"x"] * 20, partition=partition)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=any_broker.address,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    thread = ConsumerThread.__new__(ConsumerThread)
    thread._consumer = consumer
    parts = [TopicPartition(topic, partition) for partition in range(2)]

    async def at_the_end() -> bool:
        await consumer.getmany(timeout_ms=100)  # given up: a rebalance came before it was handed on
        return [await consumer.position(part) for part in parts] == [20, 20]

    await consumer.start()
    try:
        await eventually(at_the_end, "everything was fetched")
        await consumer.commit({parts[1]: 7})
        assert await thread._seek_to_committed() == {parts[0]: None, parts[1]: 7}
        fetched: dict[TopicPartition, list[int]] = {part: [] for part in parts}
        while any([await consumer.position(part) < 20 for part in parts]):
            for part, records in (await consumer.getmany(timeout_ms=100)).items():
                fetched[part] += [record.offset for record in records]
    finally:
        await consumer.stop()
    assert fetched == {parts[0]: list(range(20)), parts[1]: list(range(7, 20))}


async def test_a_batch_in_work_is_void_once_its_partition_went(any_broker: TestBroker) -> None:
    topic, group = unique("void"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"x"] * 10, partition=0)
    gate, held, seen = asyncio.Event(), list[PartitionBatch](), Collector()

    async def hang(batch: PartitionBatch) -> bool:
        held.append(batch)
        await gate.wait()
        return True

    slow = batch_app(any_broker.address, group, topic, hang)
    async with running(slow):
        await eventually(lambda: bool(held), "the batch is in work")
        async with running(batch_app(any_broker.address, group, topic, seen)):
            await eventually(lambda: held[0].revoked, "the patience is over")
            gate.set()
            await eventually(
                lambda: len(seen.records) + sum(len(b) for b in held[1:]) >= 10,
                "the batch is read again",
            )
    again = [r.offset for batch in held[1:] for r in batch.records] + seen.offsets(0)
    assert again == list(range(10))
    assert await any_broker.committed(group, topic) == {0: 10}


async def test_a_rebalance_waits_for_what_is_in_work_and_gives_up_what_waits(
    any_broker: TestBroker,
) -> None:
    topic, group = unique("waiting"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"x"] * 10, partition=0)
    given, seen = list[Any](), Collector()

    async def unused(batch: PartitionBatch) -> bool:
        raise AssertionError("the agent below reads the topic")

    app = batch_app(any_broker.address, group, topic + "-unused", unused, broker_max_poll_records=5)
    await any_broker.create(topic + "-unused")

    @app.agent(batch_topic(app, topic), concurrency=1, name="lanes")  # type: ignore[untyped-decorator]
    async def lanes(stream: Any) -> None:
        async for event in stream.noack().events():
            event.value.waiting = bool(given)  # the first is in work
            given.append(event)

    async with running(app):
        await eventually(lambda: len(given) == 2, "one batch is in work, one waits")

        async def end_the_first() -> bool:
            await eventually(lambda: given[1].value.revoked, "the one that waits is given up")
            return bool(given[0].ack() and not given[0].value.revoked)

        ending = asyncio.create_task(end_the_first())
        async with running(batch_app(any_broker.address, group, topic, seen)):
            assert await ending, "the one in work still counts"

            def all_again() -> bool:
                for event in given[2:]:
                    event.ack()
                return len(seen.records) + sum(len(e.value) for e in given[2:]) >= 5

            await eventually(all_again, "what waited is read again, and nothing else")
    again = [r.offset for event in given[2:] for r in event.value.records] + seen.offsets(0)
    assert again == list(range(5, 10))
    assert await any_broker.committed(group, topic) == {0: 10}


def counting_app(broker: str, group: str, topic: str, found: dict[bytes, int]) -> faust.App:
    """Counts the records of each value in a table, and tells what the table held before."""

    async def nothing(batch: PartitionBatch) -> bool:
        raise AssertionError("the agent below reads the topic")

    app = batch_app(broker, group, topic + "-unused", nothing)
    table = app.Table("counts", partitions=2, key_type=bytes, value_type=bytes)

    @app.agent(batch_topic(app, topic), concurrency=1, name="count")  # type: ignore[untyped-decorator]
    async def count(stream: Any) -> None:
        async for event in stream.noack().events():
            for record in event.value.records:
                table[record.value] = b"%d" % (int(table.get(record.value, b"0")) + 1)
                found[record.value] = int(table[record.value])
            event.ack()

    return app


async def test_a_table_comes_back_from_its_changelog(any_broker: TestBroker) -> None:
    topic, group = unique("table"), unique("group")
    await any_broker.create(topic, topic + "-unused", f"{group}-counts-changelog", partitions=2)
    found: dict[bytes, int] = {}
    async with running(counting_app(any_broker.address, group, topic, found)):
        # The changelog is empty: recovery must end all the same.
        await any_broker.produce(topic, [b"a", b"b", b"a"], partition=0)
        await any_broker.produce(topic, [b"c"] * 3000, partition=1)
        await eventually(lambda: found == {b"a": 2, b"b": 1, b"c": 3000}, "all counted")
    again: dict[bytes, int] = {}
    async with running(counting_app(any_broker.address, group, topic, again)):
        await any_broker.produce(topic, [b"a"], partition=0)
        await any_broker.produce(topic, [b"c"], partition=1)
        await eventually(lambda: len(again) == 2, "both counted")
    assert again == {b"a": 3, b"c": 3001}
