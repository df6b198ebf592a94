"""The consumers and producers of a run and of the commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.kafka import client_options
from streams.settings import Settings
from streams.transport.reader import reader
from streams.transport.stop import stop_consumer


@asynccontextmanager
async def consumer_of(
    settings: Settings, group: str | None = None
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that reads what it is told to; with a group it only asks for its offsets."""
    consumer = reader(
        **client_options(settings),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        await asyncio.sleep(0)  # aiokafka cannot stop a task of its own that has not begun
        yield consumer
    finally:
        await stop_consumer(consumer)


@asynccontextmanager
async def producer_of(settings: Settings, batch_bytes: int) -> AsyncIterator[AIOKafkaProducer]:
    """A producer whose every message is confirmed by all replicas."""
    producer = AIOKafkaProducer(**client_options(settings), acks="all", max_batch_size=batch_bytes)
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()
