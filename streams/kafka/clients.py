"""Consumers and producers as context managers, for runs and commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.kafka.client import client_options, confirmed_by_all
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.producer import NO_IDEMPOTENCE
from streams.kafka.read_committed import committed_consumer
from streams.settings import Settings


@asynccontextmanager
async def consumer_of(
    settings: Settings, group: str | None = None
) -> AsyncIterator[AIOKafkaConsumer]:
    """Yield a started consumer without assignment; with a group it only asks for its offsets."""
    consumer = committed_consumer(
        **client_options(settings),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        await asyncio.sleep(0)  # aiokafka cannot stop a task of its own that has not started
        yield consumer
    finally:
        await stop_consumer(consumer)


@asynccontextmanager
async def producer_of(settings: Settings, batch_bytes: int) -> AsyncIterator[AIOKafkaProducer]:
    """Yield a started producer with ``acks=all``."""
    producer = confirmed_by_all(client_options(settings), max_batch_size=batch_bytes)
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def idempotent_producer_of(
    settings: Settings, batch_bytes: int
) -> AsyncIterator[AIOKafkaProducer]:
    """Yield a started producer whose retries write nothing twice, where the broker has that."""
    options = client_options(settings)
    producer = confirmed_by_all(options, max_batch_size=batch_bytes, enable_idempotence=True)
    try:
        try:
            await producer.start()
        except NO_IDEMPOTENCE:
            await producer.stop()
            producer = confirmed_by_all(options, max_batch_size=batch_bytes)
            await producer.start()
        yield producer
    finally:
        await producer.stop()
