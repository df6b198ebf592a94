"""How a consumer is stopped without being taken for cancelled."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop it, also while it waits to ask a dead broker again.

    aiokafka's fetcher then lets out the cancellation of a task of its own, as if somebody had
    cancelled the caller, and leaves the connections open.
    """
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        await consumer._client.close()
