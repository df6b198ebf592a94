"""Read the records of one kind from a topic of results, and follow it from there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from schemas.errors import Undecodable, UnknownSchema

if TYPE_CHECKING:
    from aiokafka import TopicPartition

    from schemas.codec import Codec
    from streams.settings import Settings

Record = dict[str, Any]
Ends = Mapping["TopicPartition", int]


async def changes_of(
    settings: Settings, codec: Codec, kind: str, topic: str
) -> tuple[list[Record], Ends]:
    """Return the records of a kind that a topic holds, and its ends.

    Messages that are none are left out: whoever may write to a topic can write them. Raises
    LookupError for a topic that is not there.
    """
    from streams.kafka.clients import consumer_of
    from streams.kafka.reader import ends_of, read_log

    found: list[Record] = []
    ends = await ends_of(settings, topic)
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            change = decoded(codec, kind, record.value)
            if change is not None:
                found.append(change)
    return found, ends


async def following(
    settings: Settings, codec: Codec, kind: str, ends: Ends
) -> AsyncIterator[Record]:
    """Yield the records of a kind that come after the ends, for ever."""
    from streams.kafka.clients import consumer_of

    async with consumer_of(settings) as consumer:
        consumer.assign(list(ends))
        for partition, end in ends.items():
            consumer.seek(partition, end)
        async for record in consumer:
            change = decoded(codec, kind, record.value)
            if change is not None:
                yield change


def decoded(codec: Codec, kind: str, value: bytes | None) -> Record | None:
    """Decode a record of a kind; return None for any other message."""
    try:
        name, record = codec.decode(value or b"")
    except (Undecodable, UnknownSchema):
        return None
    return record if name == kind else None
