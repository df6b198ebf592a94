"""Check the ages of the last ticks and readings, and for messages of other programs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from emissions.doctor import clocks
from emissions.doctor.check import ANSWER_S, PartCheck
from emissions.wording import duration_words
from schemas.codec import Codec
from schemas.errors import SchemaRegistryError, Undecodable, UnknownSchema
from schemas.ids import FileIds, SchemaIds
from streams.kafka.clients import consumer_of
from streams.kafka.reader import ends_of
from streams.kafka.schema_registry import registry_ids
from streams.runtime.tick_publisher import RECORD as TICK
from streams.settings import Settings

PART: Final = "ticks"
READINGS: Final = "readings"
LATE: Final = 3
"""A tick is late after this many periods."""

QUIET_S: Final = 2 * 3600 + 600
"""Without a reading for this long the whole nation is silent: the longest period is an hour."""

_APPENDED: Final = 1
_LOOKS: Final = (200, 2_000, 20_000)
"""Messages at the end of a partition to search for a tick, in steps."""
_FETCH_MS: Final = 200
_READING: Final = "EmissionReading"
_OURS: Final = (_READING, TICK)


def schema_ids(settings: Settings) -> SchemaIds:
    """Return schema ids for reading; they register nothing."""
    place = settings.schema_registry_url
    return FileIds() if place is None else registry_ids(settings, place)


class PartitionTail(NamedTuple):
    """The last messages of a partition: count, foreign ones, time of the last tick; ms.

    ``ahead_ms``: how far the broker's stamp of the last tick is ahead of what its worker's clock
    said; None where the broker stamps nothing. ``since_ms``: the oldest message of them.
    ``whole``: nothing was before them.
    """

    messages: int
    foreign: int
    tick_ms: int | None
    reading_ms: int | None = None
    ahead_ms: int | None = None
    since_ms: int | None = None
    whole: bool = False


async def look_at_readings(settings: Settings, ids: SchemaIds) -> list[PartCheck]:
    """Check the age of the last ticks and look for foreign messages. Never raises."""
    topic = settings.topic_readings
    try:
        async with asyncio.timeout(ANSWER_S * 2):
            ends = await ends_of(settings, topic)
            async with consumer_of(settings) as consumer:
                tails = {tp: await _tail(consumer, tp, end, ids) for tp, end in ends.items()}
    except TopicAuthorizationFailedError:
        remedy = f"allow this user READ on the topic {topic} (kafka-acls.sh)"
        return [PartCheck(PART, "UNSEEN", f"access to {topic} denied", remedy)]
    except LookupError as error:
        return [PartCheck(PART, "UNSEEN", str(error), "emissions topics create")]
    except (KafkaError, SchemaRegistryError, OSError, TimeoutError) as error:
        what = str(error) or f"{topic} could not be read within {ANSWER_S * 2:g} s"
        return [PartCheck(PART, "UNSEEN", what, "try again")]
    return list(checks(settings, tails, time.time_ns() // 1_000_000))


def checks(
    settings: Settings, tails: Mapping[TopicPartition, PartitionTail], now_ms: int
) -> Iterator[PartCheck]:
    """Judge the tails of the partitions at ``now_ms``."""
    if settings.tick_s:
        yield _ticks(settings, tails, now_ms)
    else:
        what = "no tick is ever written: silence goes undetected, windows stay open"
        yield PartCheck(PART, "RISK", what, "set EMISSIONS_TICK_S to 10")
    yield from _clock(tails)
    yield from _readings(settings, tails, now_ms)
    foreign = {tp: tail for tp, tail in tails.items() if tail.foreign}
    if foreign:
        tp, tail = min(foreign.items())
        what = (
            f"{tail.foreign} of the last {tail.messages} messages of {tp.topic}[{tp.partition}] "
            "are no readings: another program writes to the topic"
        )
        remedy = "see emissions dead-letters list --summary; use a topic of your own"
        yield PartCheck(READINGS, "RISK", what, remedy)


def _clock(tails: Mapping[TopicPartition, PartitionTail]) -> Iterator[PartCheck]:
    """Compare the clock of the worker that writes the ticks with that of the brokers."""
    ahead = [tail.ahead_ms / 1000 for tail in tails.values() if tail.ahead_ms is not None]
    if ahead:
        yield clocks.judged(
            "the brokers' clock", max(ahead, key=abs), "that of the worker that writes the ticks"
        )


def _readings(
    settings: Settings, tails: Mapping[TopicPartition, PartitionTail], now_ms: int
) -> Iterator[PartCheck]:
    """Judge the age of the newest reading of all partitions; without one, that of the log.

    Whoever is registered is waited for: a nation that never sent is silent like one that stopped.
    """
    look = "check the gateways and the stations, and what producers write to the topic"
    filled = [tail for tail in tails.values() if tail.messages]
    known = [tail.reading_ms for tail in filled if tail.reading_ms is not None]
    since = [tail.since_ms for tail in filled if tail.since_ms is not None]
    never = all(tail.whole for tail in filled)
    if known:
        age = (now_ms - max(known)) / 1000
        if age <= QUIET_S:
            yield PartCheck(READINGS, "ok", f"the newest is {duration_words(age)} old")
        else:
            what = f"no source has sent anything for {duration_words(age)}"
            yield PartCheck(READINGS, "MISSING", what, look)
    elif since and (age := (now_ms - max(since)) / 1000) > QUIET_S:
        what = f"no source has sent anything for more than {duration_words(age)}"
        if never:
            what = f"none has ever arrived, {duration_words(age)} after the first tick"
        yield PartCheck(READINGS, "MISSING", what, look)
    elif filled and never:
        what = f"none has arrived yet; a fault from {duration_words(QUIET_S)} after the first tick"
        yield PartCheck(READINGS, "RISK", what, look)
    elif not filled and not settings.tick_s:  # with ticks their own check says that none came
        what = "none has ever arrived, and without ticks nothing tells since when"
        yield PartCheck(READINGS, "MISSING", what, look)


def _ticks(
    settings: Settings, tails: Mapping[TopicPartition, PartitionTail], now_ms: int
) -> PartCheck:
    due = f"one is due every {duration_words(settings.tick_s)}"
    look = "start a worker (emissions worker streams), or check the logs of the workers"
    if not any(tail.messages for tail in tails.values()):
        return PartCheck(PART, "MISSING", f"no tick yet; {due}", look)
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
        return PartCheck(PART, "MISSING", f"{what}; {due}: silence goes undetected", look)
    tp, oldest = max(ages.items(), key=lambda item: item[1] or 0.0)
    age = oldest or 0.0
    if age > LATE * settings.tick_s + 1:
        what = f"the last tick of {tp.topic}[{tp.partition}] is {duration_words(age)} old; {due}"
        return PartCheck(
            PART, "MISSING", f"{what}: silence goes undetected, windows stay open", look
        )
    if age < -LATE * settings.tick_s - 1:
        what = (
            f"the last tick of {tp.topic}[{tp.partition}] is {duration_words(-age)} in the future"
        )
        return PartCheck(
            PART, "RISK", what, "correct the clocks of the brokers and of this machine"
        )
    return PartCheck(PART, "ok", f"the oldest last tick is {duration_words(age)} old; {due}")


async def _tail(
    consumer: AIOKafkaConsumer, tp: TopicPartition, end: int, ids: SchemaIds
) -> PartitionTail:
    """Read the last messages, further back until a tick is among them, and a reading or hours."""
    found = PartitionTail(0, 0, None)
    if end <= 0:
        return found
    consumer.assign([tp])
    begin = (await consumer.beginning_offsets([tp]))[tp]
    names: dict[bytes, str | None] = {}
    codec = Codec(ids)
    for count in _LOOKS:
        first = max(begin, end - count)
        consumer.seek(tp, first)
        found = PartitionTail(0, 0, None, whole=first == begin == 0)
        while await consumer.position(tp) < end:
            batches = await consumer.getmany(tp, timeout_ms=_FETCH_MS)
            for record in batches.get(tp, []):
                head = (record.value or b"")[:5]
                if head not in names:  # a schema registry is asked by way of a thread
                    names[head] = await asyncio.to_thread(_name, head, ids)
                found = _with(found, record, names[head], codec)
        quiet = found.tick_ms is not None and found.since_ms is not None
        if first == begin or (
            quiet
            and (
                found.reading_ms is not None or found.tick_ms - found.since_ms > QUIET_S * 1000  # type: ignore[operator]
            )
        ):
            break
    return found


def _with(
    found: PartitionTail, record: ConsumerRecord, name: str | None, codec: Codec
) -> PartitionTail:
    """Add a message to what was found; it is the newest so far."""
    stamp: int = record.timestamp
    ahead = found.ahead_ms
    if name == TICK and record.timestamp_type == _APPENDED:
        with suppress(Undecodable, UnknownSchema):  # a foreign program's
            ahead = stamp - int(codec.decode(record.value)[1]["sent_at"])
    return found._replace(
        messages=found.messages + 1,
        foreign=found.foreign + (name not in _OURS),
        tick_ms=stamp if name == TICK else found.tick_ms,
        reading_ms=stamp if name == _READING else found.reading_ms,
        ahead_ms=ahead,
        since_ms=stamp if found.since_ms is None else found.since_ms,
    )


def _name(head: bytes, ids: SchemaIds) -> str | None:
    """Return the record name by the schema id in the first bytes; None if unknown."""
    if len(head) < 5 or head[0] != 0:
        return None
    definition = ids.schema_of(int.from_bytes(head[1:], "big"))
    return None if definition is None else definition.name
