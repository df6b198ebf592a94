"""Letters made without a worker: messages in the readings, and what would be kept of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.records import record_of
from streams.core.engine.dead_letter import dead_letter
from streams.core.records.record import RawRecord
from streams.settings import Settings

CODEC = Codec(FileIds())


class Message(NamedTuple):
    """A message of the readings; a partition of None is that of its key."""

    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    letter_timestamp: int | None = None
    """What the letter says of its arrival, where that is not the message's timestamp."""


async def keep(settings: Settings, messages: Sequence[Message], reason: str) -> list[str]:
    """Write the messages, and a letter of each; returns their places."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.broker, linger_ms=5, max_request_size=1 << 24
    )
    await producer.start()
    try:
        sent = await asyncio.gather(
            *[
                await producer.send(
                    settings.topic_readings,
                    message.value,
                    message.key,
                    message.partition,
                    headers=list(message.headers),
                )
                for message in messages
            ]
        )
        waiting = []
        for message, at in zip(messages, sent, strict=True):
            arrived = message.letter_timestamp
            arrived = at.timestamp if arrived is None else arrived
            letter = dead_letter(
                RawRecord(at.offset, arrived, message.key, message.value, message.headers),
                topic=at.topic,
                partition=at.partition,
                stage="validate",
                reason=reason,
                detail="a test says so",
                source_id=None,
            )
            value = CODEC.encode("DeadLetter", record_of(letter))
            waiting.append(await producer.send(settings.topic_dead_letters, value, message.key))
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()
    return [f"{at.topic}/{at.partition}/{at.offset}" for at in sent]
