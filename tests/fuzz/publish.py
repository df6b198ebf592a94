"""Fuzzed messages to a broker: times, keys and headers as they are, each partition in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from tests.fuzz.registrations import Registration
from tests.fuzz.traffic import Message

BATCH_BYTES: Final = 400_000
_FARTHEST: Final = 1 << 63


class RawName(str):
    """A header name that is encoded to bytes that are not UTF-8, as a client in C writes them."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfename"


class Publisher:
    """Fills a batch a partition; one is in flight, so that a partition keeps its order."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partitions: int) -> None:
        self._producer = producer
        self._topic = topic
        self._batches = [self._batch() for _ in range(partitions)]
        self._flying: list[asyncio.Future[Any] | None] = [None] * partitions
        self._counts = [0] * partitions
        self.ends = [0] * partitions

    async def add(self, message: Message) -> None:
        """Append a message to its partition."""
        at = message.partition
        if not (self._spans(at, message.timestamp) and self._append(message)):
            await self._send(at)
            if not self._append(message):
                raise AssertionError("an empty batch takes any message")

    def _spans(self, partition: int, timestamp: int) -> bool:
        """Whether a batch can hold the time: as a difference of 64 bits from its first one."""
        first = self._batches[partition]._builder._first_timestamp
        return first is None or -_FARTHEST <= timestamp - first < _FARTHEST

    async def add_raw_name(self, partition: int, timestamp: int) -> None:
        """A message whose header has a name that is not UTF-8; its value is empty."""
        await self._send(partition)
        await self._landed(partition)
        batch = self._batch()
        batch._builder.append(0, timestamp, b"k", b"", [(RawName(), b"v")])
        batch._relative_offset = 1
        await (await self._producer.send_batch(batch, self._topic, partition=partition))
        self.ends[partition] += 1

    async def flush(self) -> None:
        """Send what waits and see all of it confirmed."""
        for partition in range(len(self._batches)):
            await self._send(partition)
        for partition in range(len(self._batches)):
            await self._landed(partition)

    def _append(self, message: Message) -> bool:
        appended = self._batches[message.partition].append(
            timestamp=message.timestamp,
            key=message.key,
            value=message.value,
            headers=list(message.headers),
        )
        if appended is not None:
            self._counts[message.partition] += 1
        return appended is not None

    async def _send(self, partition: int) -> None:
        if not self._counts[partition]:
            return
        await self._landed(partition)
        batch = self._batches[partition]
        batch.close()
        self._flying[partition] = await self._producer.send_batch(
            batch, self._topic, partition=partition
        )
        self.ends[partition] += self._counts[partition]
        self._counts[partition] = 0
        self._batches[partition] = self._batch()

    def _batch(self) -> Any:
        """An empty batch; it keeps every timestamp.

        aiokafka's compiled builder takes a first timestamp of -1 for none, and gives the record
        the time of the next one.
        """
        batch = self._producer.create_batch()
        batch._builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, BATCH_BYTES)
        return batch

    async def _landed(self, partition: int) -> None:
        flying, self._flying[partition] = self._flying[partition], None
        if flying is not None:
            await flying


async def register(
    producer: AIOKafkaProducer, topic: str, registrations: Iterable[Registration]
) -> None:
    """Write records of the registry topic, one after the other."""
    for each in registrations:
        batch = producer.create_batch()
        batch.append(timestamp=each.timestamp, key=each.key, value=each.value)
        batch.close()
        await (await producer.send_batch(batch, topic, partition=0))
