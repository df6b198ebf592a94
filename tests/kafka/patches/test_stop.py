"""A consumer is stopped as such, whoever else is cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streams.kafka.patches.stop import stop_consumer


class Client:
    closed = False

    async def close(self) -> None:
        self.closed = True


class Consumer:
    """As aiokafka's: it awaits a task of its own that it has cancelled."""

    def __init__(self) -> None:
        self._client = Client()
        self.stopping = asyncio.Event()

    async def stop(self) -> None:
        own = asyncio.create_task(asyncio.sleep(3600))
        await asyncio.sleep(0)
        self.stopping.set()
        own.cancel()
        await own


class Slow(Consumer):
    async def stop(self) -> None:
        self.stopping.set()
        await asyncio.sleep(3600)


async def stopped(consumer: Any) -> None:
    await stop_consumer(consumer)


async def test_the_cancellation_of_the_client_is_not_that_of_the_caller() -> None:
    consumer = Consumer()
    await stopped(consumer)
    assert consumer._client.closed


async def test_ours_is_ours() -> None:
    consumer = Slow()
    stopping = asyncio.create_task(stopped(consumer))
    await consumer.stopping.wait()
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
