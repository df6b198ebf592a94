"""Everybody reads committed records alone, in whatever compression, up to where they end."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

import deploy
import emissions
import schemas
import sinks
import streams
from streams.kafka.ends import end_offsets
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer
from tests.support.broker import TestBroker, unique

CODECS = ("gzip", "snappy", "lz4", "zstd")


def test_clients_are_made_by_their_factories_alone() -> None:
    made: dict[str, list[str]] = {}
    for package in (deploy, emissions, schemas, sinks, streams):
        (root,) = package.__path__
        for path in Path(root).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    named = getattr(node.func, "id", getattr(node.func, "attr", None))
                    if named in ("AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient"):
                        made.setdefault(named, []).append(path.name)
    assert made == {
        "AIOKafkaConsumer": ["read_committed.py"],
        "AIOKafkaProducer": ["client.py"],
        "AIOKafkaAdminClient": ["client.py"],
    }


@asynccontextmanager
async def transactions(broker: TestBroker) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.address, transactional_id=unique("txn"), linger_ms=5
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def read_all(broker: TestBroker, topic: str) -> list[tuple[int, bytes | None]]:
    """Offset and value of every record up to the end."""
    tp = TopicPartition(topic, 0)
    end = (await end_offsets([tp], bootstrap_servers=broker.address))[tp]
    consumer = committed_consumer(bootstrap_servers=broker.address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        found = []
        while await consumer.position(tp) < end:
            for records in (await consumer.getmany(tp, timeout_ms=100)).values():
                found += [(record.offset, record.value) for record in records]
        return found
    finally:
        await stop_consumer(consumer)


async def test_what_was_rolled_back_or_is_open_is_not_read(kafka: TestBroker) -> None:
    topic = unique("transactions")
    await kafka.create(topic)
    await kafka.produce(topic, [b"plain"])
    async with transactions(kafka) as producer:
        async with producer.transaction():
            await producer.send_and_wait(topic, b"committed", partition=0)
        for _ in range(2):
            await producer.begin_transaction()
            await producer.send_and_wait(topic, b"rolled back", partition=0)
            await producer.abort_transaction()
        assert await read_all(kafka, topic) == [(0, b"plain"), (1, b"committed")]
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"open", partition=0)
        await kafka.produce(topic, [b"behind it"])
        tp = TopicPartition(topic, 0)
        ends = await end_offsets([tp], bootstrap_servers=kafka.address)
        assert ends[tp] == 7  # plain, committed, marker, rolled back, marker, the same again
        assert await read_all(kafka, topic) == [(0, b"plain"), (1, b"committed")]
        await producer.commit_transaction()
        wanted = [(0, b"plain"), (1, b"committed"), (7, b"open"), (8, b"behind it")]
        assert await read_all(kafka, topic) == wanted


@pytest.mark.parametrize("codec", CODECS)
async def test_every_compression_of_a_producer_is_read(any_broker: TestBroker, codec: str) -> None:
    topic = unique("codec")
    await any_broker.create(topic)
    values = [b"%d" % number * 50 for number in range(200)]
    producer = AIOKafkaProducer(
        bootstrap_servers=any_broker.address, compression_type=codec, linger_ms=50
    )
    await producer.start()
    try:
        await asyncio.gather(*[await producer.send(topic, value, partition=0) for value in values])
    finally:
        await producer.stop()
    assert [value for _, value in await read_all(any_broker, topic)] == values


@pytest.mark.parametrize("codec", CODECS)
async def test_every_compression_of_a_broker_is_read(kafka: TestBroker, codec: str) -> None:
    topic = unique("codec")
    await kafka.create(topic, config={"compression.type": codec})
    values = [b"%d" % number * 50 for number in range(200)]
    await kafka.produce(topic, values, partition=0)
    assert [value for _, value in await read_all(kafka, topic)] == values
