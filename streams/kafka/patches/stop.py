"""Stops a consumer without its internal cancellation leaking out."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer, also while it waits to retry a dead broker.

    aiokafka's fetcher then raises the cancellation of a task of its own, as if the caller had been
    cancelled, and leaves the connections open.
    """
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        await consumer._client.close()
