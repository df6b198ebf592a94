"""Batches arrive whole and in order, and what was acknowledged is never read again."""

from __future__ import annotations

import asyncio

from streams.transport.batch import PartitionBatch
from tests.support.broker import TestBroker, eventually, unique
from tests.support.worker import Collector, batch_app, running


async def test_records_arrive_as_the_broker_keeps_them(any_broker: TestBroker) -> None:
    topic, group = unique("intact"), unique("group")
    await any_broker.create(topic, partitions=2)
    await any_broker.produce(
        topic, [b"one", None, b""], partition=0, timestamp_ms=1234, headers=[("h", b"1")]
    )
    await any_broker.produce(topic, [b"two"], partition=1, key=None)
    seen = Collector()
    async with running(batch_app(any_broker.address, group, topic, seen)):
        await eventually(lambda: len(seen.records) == 4, "four records")
    first = [r for r in seen.records if r.partition == 0]
    assert [r.value for r in first] == [b"one", None, b""]
    assert {r.timestamp for r in first} == {1234}
    assert {tuple(r.headers) for r in first} == {(("h", b"1"),)}
    assert {r.key for r in first} == {b"k"}
    (last,) = [r for r in seen.records if r.partition == 1]
    assert (last.key, last.value, last.offset) == (None, b"two", 0)
    for batch in seen.batches:
        assert {(r.topic, r.partition) for r in batch.records} == {(topic, batch.partition)}
        assert batch.next_offset - batch.first_offset == len(batch)


async def test_a_restarted_worker_goes_on_where_it_was(any_broker: TestBroker) -> None:
    topic, group = unique("resume"), unique("group")
    await any_broker.create(topic, partitions=2)
    for partition in (0, 1):
        await any_broker.produce(topic, [b"x"] * 1200, partition=partition)
    first = Collector()
    async with running(batch_app(any_broker.address, group, topic, first)):
        await eventually(lambda: len(first.records) == 2400, "all records")
    assert first.offsets(0) == first.offsets(1) == list(range(1200))
    assert max(map(len, first.batches)) <= 500
    assert await any_broker.committed(group, topic) == {0: 1200, 1: 1200}

    await any_broker.produce(topic, [b"new"], partition=1)
    second = Collector()
    async with running(batch_app(any_broker.address, group, topic, second)):
        await eventually(lambda: bool(second.records), "the new record")
    assert [(r.partition, r.offset) for r in second.records] == [(1, 1200)]


async def test_a_batch_that_is_not_acknowledged_holds_the_commit(any_broker: TestBroker) -> None:
    topic, group = unique("held"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"x"] * 1000, partition=0)
    seen: list[PartitionBatch] = []

    async def all_but_the_second(batch: PartitionBatch) -> bool:
        seen.append(batch)
        return len(seen) != 2

    app = batch_app(
        any_broker.address, group, topic, all_but_the_second, broker_max_poll_records=100
    )
    async with running(app):
        await eventually(lambda: sum(map(len, seen)) == 1000, "all records")
        await app.consumer.commit()
    assert await any_broker.committed(group, topic) == {0: seen[0].next_offset}


async def test_a_partition_has_only_so_much_in_flight(any_broker: TestBroker) -> None:
    topic, group = unique("bounded"), unique("group")
    await any_broker.create(topic, partitions=2)
    for partition in (0, 1):
        await any_broker.produce(topic, [b"x"] * 2000, partition=partition)
    gate, seen = asyncio.Event(), Collector()

    async def slow(batch: PartitionBatch) -> bool:
        await gate.wait()
        return await seen(batch)

    app = batch_app(
        any_broker.address, group, topic, slow, records_in_flight=300, broker_max_poll_records=100
    )
    async with running(app):
        ledgers = app.consumer._in_flight

        def full() -> bool:
            return len(ledgers) == 2 and all(ledger.records >= 300 for ledger in ledgers.values())

        await eventually(full, "both partitions have enough in flight")
        assert all(ledger.records <= 399 for ledger in ledgers.values())
        gate.set()
        await eventually(lambda: len(seen.records) == 4000, "all records in the end")
    assert seen.offsets(0) == seen.offsets(1) == list(range(2000))
