"""Writes registrations to the registry topic."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.codec import Codec
from streams.core.registration import Enterprise
from streams.registry.avro import RECORD, enterprise_to_record
from streams.replay.client import producer_of
from streams.settings import Settings

BATCH_BYTES = 400_000


async def publish_registry(
    settings: Settings, enterprises: Iterable[Enterprise], codec: Codec, timestamp: int | None
) -> int:
    """Each enterprise under its БИН, confirmed; returns how many.

    They apply to readings that arrive from ``timestamp`` (milliseconds UTC) on; None is now.
    """
    sent = []
    async with producer_of(settings, BATCH_BYTES) as producer:
        for enterprise in enterprises:
            value = codec.encode(RECORD, enterprise_to_record(enterprise))
            key = enterprise.bin.encode()
            sent.append(
                await producer.send(settings.topic_registry, value, key, timestamp_ms=timestamp)
            )
        for confirmation in sent:
            await confirmation
    return len(sent)
