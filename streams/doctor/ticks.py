"""How old the last tick of each partition of the readings is, and whether the topic is ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from schemas.errors import SchemaRegistryError
from schemas.ids import FileIds, SchemaIds
from streams.doctor.check import ANSWER_S, Check, duration
from streams.leader import RECORD as TICK
from streams.replay.client import consumer_of
from streams.replay.logs import ends_of
from streams.schema_registry import registry_ids
from streams.settings import Settings

PART: Final = "ticks"
READINGS: Final = "readings"
LATE: Final = 3
"""A tick older than so many periods is late."""

_LOOKS: Final = (200, 2_000, 20_000)
"""So many of the last messages of a partition are looked through for a tick."""
_FETCH_MS: Final = 200
_OURS: Final = ("EmissionReading", TICK)


def ids_to_look_with(settings: Settings) -> SchemaIds:
    """Ids to read messages with; nothing is registered by asking them for a schema."""
    place = settings.schema_registry_url
    return FileIds() if place is None else registry_ids(settings, place)


class Tail(NamedTuple):
    """The last messages of a partition: how many, how many are not ours, the last tick's time."""

    messages: int
    foreign: int
    tick_ms: int | None


async def look_at_readings(settings: Settings, ids: SchemaIds) -> list[Check]:
    """The age of the last ticks, and messages that are none of ours. Never raises."""
    topic = settings.topic_readings
    try:
        async with asyncio.timeout(ANSWER_S * 2):
            ends = await ends_of(settings, topic)
            async with consumer_of(settings) as consumer:
                tails = {tp: await _tail(consumer, tp, end, ids) for tp, end in ends.items()}
    except TopicAuthorizationFailedError:
        remedy = f"allow this user READ on the topic {topic} (kafka-acls.sh)"
        return [Check(PART, "UNSEEN", f"not allowed to read {topic}", remedy)]
    except LookupError as error:
        return [Check(PART, "UNSEEN", str(error), "emissions topics create")]
    except (KafkaError, SchemaRegistryError, OSError, TimeoutError) as error:
        what = str(error) or f"{topic} was not read within {ANSWER_S * 2:g} s"
        return [Check(PART, "UNSEEN", what, "try again")]
    return list(checks(settings, tails, time.time_ns() // 1_000_000))


def checks(
    settings: Settings, tails: Mapping[TopicPartition, Tail], now_ms: int
) -> Iterator[Check]:
    """What the tails of the partitions say at ``now_ms``."""
    if settings.tick_s:
        yield _ticks(settings, tails, now_ms)
    foreign = {tp: tail for tp, tail in tails.items() if tail.foreign}
    if foreign:
        tp, tail = min(foreign.items())
        what = (
            f"{tail.foreign} of the last {tail.messages} messages of {tp.topic}[{tp.partition}] "
            "are no readings: another program writes to the topic"
        )
        remedy = "emissions dead-letters list --summary says what they are; name a topic of our own"
        yield Check(READINGS, "RISK", what, remedy)


def _ticks(settings: Settings, tails: Mapping[TopicPartition, Tail], now_ms: int) -> Check:
    due = f"one is due each {duration(settings.tick_s)}"
    look = "start a worker (emissions worker streams), or look at the log of the one that leads"
    if not any(tail.messages for tail in tails.values()):
        return Check(PART, "MISSING", f"no tick was ever written; {due}", look)
    ages = {
        tp: None if tail.tick_ms is None else (now_ms - tail.tick_ms) / 1000
        for tp, tail in tails.items()
    }
    without = [tp for tp, age in ages.items() if age is None]
    if without:
        tp = min(without)
        what = (
            f"{tp.topic}[{tp.partition}] has no tick among its last {tails[tp].messages} messages"
        )
        return Check(PART, "MISSING", f"{what}; {due}: silence is not noticed", look)
    tp, oldest = max(ages.items(), key=lambda item: item[1] or 0.0)
    age = oldest or 0.0
    if age > LATE * settings.tick_s + 1:
        what = f"the last tick of {tp.topic}[{tp.partition}] is {duration(age)} old; {due}"
        return Check(PART, "MISSING", f"{what}: silence is not noticed, windows stay open", look)
    if age < -LATE * settings.tick_s - 1:
        what = f"the last tick of {tp.topic}[{tp.partition}] lies {duration(-age)} ahead"
        return Check(PART, "RISK", what, "set the clocks of the brokers and of this machine right")
    return Check(PART, "ok", f"the oldest of the last ones is {duration(age)} old; {due}")


async def _tail(consumer: AIOKafkaConsumer, tp: TopicPartition, end: int, ids: SchemaIds) -> Tail:
    """The last messages of a partition, further back until a tick is among them."""
    found = Tail(0, 0, None)
    if end <= 0:
        return found
    consumer.assign([tp])
    begin = (await consumer.beginning_offsets([tp]))[tp]
    names: dict[bytes, str | None] = {}
    for count in _LOOKS:
        first = max(begin, end - count)
        consumer.seek(tp, first)
        found = Tail(0, 0, None)
        while await consumer.position(tp) < end:
            batches = await consumer.getmany(tp, timeout_ms=_FETCH_MS)
            for record in batches.get(tp, []):
                head = (record.value or b"")[:5]
                if head not in names:  # a schema registry is asked by way of a thread
                    names[head] = await asyncio.to_thread(_name, head, ids)
                name = names[head]
                found = Tail(
                    found.messages + 1,
                    found.foreign + (name not in _OURS),
                    record.timestamp if name == TICK else found.tick_ms,
                )
        if found.tick_ms is not None or first == begin:
            break
    return found


def _name(head: bytes, ids: SchemaIds) -> str | None:
    """Which record a message is, by the schema id in its first bytes; None: none that we know."""
    if len(head) < 5 or head[0] != 0:
        return None
    definition = ids.schema_of(int.from_bytes(head[1:], "big"))
    return None if definition is None else definition.name
