"""A worker that has enough in flight for long stays in its group."""

from __future__ import annotations

import asyncio

from streams.transport.batch import PartitionBatch
from tests.support.broker import TestBroker, eventually, unique
from tests.support.worker import Collector, batch_app, running

MOST_S = 0.5


async def test_a_worker_that_does_not_fetch_keeps_its_partitions(any_broker: TestBroker) -> None:
    topic, group = unique("idle"), unique("group")
    await any_broker.create(topic)
    await any_broker.produce(topic, [b"x"] * 1000, partition=0)
    gate, seen = asyncio.Event(), Collector()

    async def held(batch: PartitionBatch) -> bool:
        await gate.wait()
        return await seen(batch)

    app = batch_app(
        any_broker.address,
        group,
        topic,
        held,
        records_in_flight=100,
        broker_max_poll_records=100,
        broker_max_poll_interval=MOST_S,
    )
    async with running(app):
        ledgers = app.consumer._in_flight
        await eventually(lambda: any(each.records >= 100 for each in ledgers.values()), "full")
        consumer = app.consumer._thread._ensure_consumer()
        heartbeats, beat = [], consumer._coordinator._do_heartbeat

        async def counted() -> bool:
            heartbeats.append(consumer._subscription.fetcher_idle_time)
            return bool(await beat())

        consumer._coordinator._do_heartbeat = counted
        # Two of them after the time in which aiokafka would have left, had it its way.
        await eventually(lambda: sum(s > MOST_S for s in heartbeats) >= 2, "heartbeats")
        gate.set()
        await eventually(lambda: len(seen.records) == 1000, "all records")
    assert seen.offsets(0) == list(range(1000))
    assert await any_broker.committed(group, topic) == {0: 1000}
