"""Connections of the consumer are closed in the loop that owns them, whatever ends the worker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import conn

from tests.support.broker import TestBroker, eventually, unique
from tests.support.worker import Collector, batch_app, running


@pytest.fixture
def closed_at_home(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each connection that was closed from now on: whether its own loop did it."""
    found: list[bool] = []
    close = conn.AIOKafkaConnection.close

    def closing(self: Any, reason: Any = None, exc: Any = None) -> Any:
        if self._reader is not None:
            try:
                found.append(asyncio.get_running_loop() is self._loop)
            except RuntimeError:  # no loop runs in this thread
                found.append(False)
        return close(self, reason, exc)

    monkeypatch.setattr(conn.AIOKafkaConnection, "close", closing)
    return found


async def test_rebalance_while_stopping_closes_no_connection_of_another_loop(
    broker: TestBroker, closed_at_home: list[bool]
) -> None:
    topic, group = unique("closing"), unique("group")
    await broker.create(topic, partitions=2)
    await broker.produce(topic, [b"x"] * 10)
    seen = Collector()

    async with running(batch_app(broker.address, group, topic, seen)) as app:
        await eventually(lambda: bool(seen.records), "the worker works")
        before = len(closed_at_home)
        app._on_rebalance_when_stopped()  # what both callbacks of a rebalance do in a stopping app

    assert len(closed_at_home) > before
    assert all(closed_at_home)


async def test_stop_right_after_a_rebalance_closes_every_connection_in_its_loop(
    broker: TestBroker, closed_at_home: list[bool]
) -> None:
    topic, group = unique("closing"), unique("group")
    await broker.create(topic, partitions=2)
    await broker.produce(topic, [b"x"] * 10)
    first, second = Collector(), Collector()
    stopping = batch_app(broker.address, group, topic, first)
    joined = asyncio.Event()
    stopping.on_partitions_revoked.connect(lambda *_, **__: joined.set(), weak=False)

    async with running(stopping):
        await eventually(lambda: bool(first.records), "the first worker works")
        joined.clear()
        async with running(batch_app(broker.address, group, topic, second)):
            await joined.wait()
            await stopping.stop()

    assert closed_at_home
    assert all(closed_at_home)
