"""Publishes a load so that the topics hold it exactly once, whatever happens to the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.core.records.record import RawRecord
from streams.kafka.client import client_options
from streams.kafka.reader import ends_of
from streams.settings import Settings
from tests.crash.load import Chunk, Load, Registration, Told
from tests.crash.round_context import Progress

_PAUSE_S: Final = 0.3
_REQUEST_MS: Final = 20_000


class Publisher:
    """Sends step after step; a step is confirmed before the next one is sent.

    Every record has the offset that it must get: after a failure the ends of the topics tell what
    is there already, and only the rest is sent again.
    """

    def __init__(self, settings: Settings, *, idempotent: bool) -> None:
        self._settings = settings
        self._idempotent = idempotent
        self._producer: AIOKafkaProducer | None = None

    async def publish(self, load: Load, progress: Progress, flow_s: float) -> None:
        """Everything, spread evenly over ``flow_s`` seconds at least."""
        pause = flow_s / len(load.steps)
        registered = told = 0
        try:
            for number, step in enumerate(load.steps, 1):
                if isinstance(step, Registration):
                    topic = self._settings.topic_registry
                    key, value = step.bin.encode(), step.value
                    chunk = {0: [RawRecord(registered, step.at, key, value, ())]}
                    registered += 1
                elif isinstance(step, Told):
                    topic = self._settings.topic_notices
                    key = step.notice.id.encode()
                    chunk = {0: [RawRecord(told, step.at, key, step.value, ())]}
                    told += 1
                else:
                    topic, chunk = self._settings.topic_readings, step
                await self._surely(topic, chunk)
                progress.to(number / len(load.steps))
                await asyncio.sleep(pause)
        finally:
            await self._disconnect()

    async def _surely(self, topic: str, chunk: Chunk) -> None:
        left = chunk
        while left:
            try:
                await self._send(topic, left)
            except (KafkaError, OSError):
                await self._disconnect()
                left = await _again(lambda left=left: self._missing(topic, left))  # type: ignore[misc]
            else:
                return

    async def _send(self, topic: str, chunk: Chunk) -> None:
        producer = await self._connected()
        sent = []
        for partition, records in chunk.items():
            batch = producer.create_batch()
            for record in records:
                added = batch.append(
                    timestamp=record.timestamp,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                )
                assert added is not None, "a chunk is larger than a batch"
            sent.append(await producer.send_batch(batch, topic, partition=partition))
        for told in await asyncio.gather(*sent, return_exceptions=True):
            if isinstance(told, BaseException):
                raise told

    async def _missing(self, topic: str, chunk: Chunk) -> Chunk:
        ends = {tp.partition: end for tp, end in (await ends_of(self._settings, topic)).items()}
        left = {
            partition: [record for record in records if record.offset >= ends[partition]]
            for partition, records in chunk.items()
        }
        return {partition: records for partition, records in left.items() if records}

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **client_options(self._settings),
                acks="all",
                enable_idempotence=self._idempotent,
                max_batch_size=900_000,
                request_timeout_ms=_REQUEST_MS,
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await asyncio.wait_for(producer.stop(), 5.0)
            except (KafkaError, TimeoutError):
                await producer.client.close()


async def _again(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask a broker that may be away until it answers; whoever waits has a deadline."""
    while True:
        try:
            return await ask()
        except (KafkaError, OSError):
            await asyncio.sleep(_PAUSE_S)
