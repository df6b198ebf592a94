"""Copies the log of readings, in an order that depends on it alone.

So a copy that was interrupted goes on by being made again: what is in the new topic already is
compared with what belongs there, and the rest is written. A copy of a finished copy proves it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from emissions.repartition.merge import Placed, TimeMerge
from emissions.repartition.placement import Placement
from emissions.replay.publish import OrderedWriter
from schemas.reading import Reading, Rejected, Tick
from streams.core.records.record import RawRecord
from streams.kafka.client import topic_partitions
from streams.kafka.clients import consumer_of, idempotent_producer_of
from streams.kafka.reader import FETCH_MS, ends_of
from streams.settings import Settings

Decode = Callable[[bytes | None], Reading | Tick | Rejected]
Report = Callable[[int, int], None]
"""Is told how many records of the old topic are done, of how many."""

BATCH_BYTES: Final = 400_000
_MOST_FETCHED: Final = 5_000
_REPORT_EVERY: Final = 5_000


class CopyError(Exception):
    """The log cannot be copied like that; the text is a sentence that says what to do."""


class Copied(NamedTuple):
    """What a copy did: records of the old topic that were passed, left, and of the new one."""

    passed: int
    left: int
    compared: int
    written: int


async def copy_log(
    settings: Settings,
    source: str,
    decode: Decode,
    *,
    last: bool,
    report: Report,
    still_s: float,
    earlier: Sequence[int] = (),
) -> Copied:
    """Copy topic ``source`` to the readings topic of the settings.

    Without ``last`` it goes as far as every partition has records: what the old topic still gets
    may belong between what it has. With it the old topic must stand still, which is looked at for
    ``still_s`` seconds first. ``earlier``: numbers of partitions that it had before. Raises
    `CopyError`, LookupError for a topic that is not there, and Kafka's errors.
    """
    placement = await _placement(settings, source, earlier)
    ends = await ends_of(settings, source)
    if last:
        await asyncio.sleep(still_s)
        if await ends_of(settings, source) != ends:
            raise CopyError(
                f"topic {source} still grows: stop what writes to it and the workers that judge "
                "it, then run this again"
            )
    filled = {
        tp.partition: end for tp, end in (await ends_of(settings, settings.topic_readings)).items()
    }
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(consumer_of(settings))
        new = await stack.enter_async_context(consumer_of(settings))
        producer = await stack.enter_async_context(idempotent_producer_of(settings, BATCH_BYTES))
        writer = _NewTopic(settings.topic_readings, filled, new, producer)
        passed = 0
        async for partition, record in _merged(old, ends, last=last):
            for place in placement.of(partition, record.key, decode(record.value)):
                await writer.put(place, record)
            passed += 1
            if passed % _REPORT_EVERY == 0:
                report(passed, sum(ends.values()))
        await writer.finish()
        if last and writer.compared < sum(filled.values()):
            raise CopyError(
                f"topic {settings.topic_readings} has {sum(filled.values()) - writer.compared} "
                f"records that {source} has not: something else writes to it; take new topics"
            )
    if last and await ends_of(settings, source) != ends:
        raise CopyError(
            f"topic {source} has grown meanwhile: stop what writes to it, and copy to new topics"
        )
    return Copied(passed, sum(ends.values()) - passed, writer.compared, writer.written)


async def _placement(settings: Settings, source: str, earlier: Sequence[int]) -> Placement:
    if source == settings.topic_readings:
        raise CopyError(
            f"{source} cannot be copied to itself: EMISSIONS_TOPIC_READINGS must name the new topic"
        )
    there = await topic_partitions(settings)
    for name in (source, settings.topic_readings):
        if name not in there:
            raise CopyError(f"topic {name} does not exist")
    if there[settings.topic_readings] != settings.partitions:
        raise CopyError(
            f"topic {settings.topic_readings} has {there[settings.topic_readings]} partitions "
            f"instead of {settings.partitions} (EMISSIONS_PARTITIONS)"
        )
    if settings.partitions == 1 and there[source] > 1:
        raise CopyError(
            "into one partition nothing can be copied that was refused for its partition: take 2"
        )
    return Placement((there[source], *earlier), settings.partitions)


async def _merged(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int], *, last: bool
) -> AsyncIterator[Placed]:
    """Yield the records of a topic by stream time, with few of each partition in memory."""
    merge = TimeMerge(len(ends))
    partitions = {tp.partition: tp for tp in ends}
    unread = {tp for tp, end in ends.items() if end > 0}
    if last:
        for tp in ends.keys() - unread:
            merge.end(tp.partition)
    consumer.assign(list(ends))
    await consumer.seek_to_beginning(*ends)
    while True:
        for placed in merge.take():
            yield placed
        awaited = [partitions[number] for number in merge.awaited()]
        if not awaited or not unread.issuperset(awaited):
            return
        fetched = await consumer.getmany(*awaited, timeout_ms=FETCH_MS, max_records=_MOST_FETCHED)
        for tp, records in fetched.items():
            merge.add(tp.partition, [_raw(each) for each in records if each.offset < ends[tp]])
        for tp in awaited:
            if await consumer.position(tp) >= ends[tp]:
                unread.discard(tp)
                if last:
                    merge.end(tp.partition)


def _raw(record: ConsumerRecord[bytes | None, bytes | None]) -> RawRecord:
    headers = tuple(record.headers)
    return RawRecord(record.offset, record.timestamp, record.key, record.value, headers)


class _NewTopic:
    """The new topic: what is in it is compared, what is not is written."""

    def __init__(
        self,
        topic: str,
        filled: Mapping[int, int],
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
    ) -> None:
        self.compared = 0
        self.written = 0
        self._topic = topic
        self._filled = dict(filled)
        self._done = dict.fromkeys(filled, 0)  # records of each partition that were put
        self._consumer = consumer
        self._there: dict[int, deque[RawRecord]] = {number: deque() for number in filled}
        self._writer = OrderedWriter(producer, topic, len(filled))
        consumer.assign([TopicPartition(topic, number) for number in filled])

    async def put(self, partition: int, record: RawRecord) -> None:
        """Have the next record of a partition: it is there already, or it is written."""
        offset = self._done[partition]
        self._done[partition] += 1
        if offset >= self._filled[partition]:
            self.written += 1
            _, timestamp, key, value, headers = record
            await self._writer.write_to(partition, timestamp, key, value, list(headers))
            return
        self.compared += 1
        there = await self._next(partition)
        if there[1:] != record[1:] or there.offset != offset:
            raise CopyError(
                f"{self._topic}[{partition}]@{there.offset} is not what belongs there: something "
                "else wrote to it, or the old topic has lost its beginning; take new topics"
            )

    async def _next(self, partition: int) -> RawRecord:
        buffer, tp = self._there[partition], TopicPartition(self._topic, partition)
        while not buffer:
            fetched = await self._consumer.getmany(
                tp, timeout_ms=FETCH_MS, max_records=_MOST_FETCHED
            )
            buffer.extend(_raw(each) for each in fetched.get(tp, ()))
        return buffer.popleft()

    async def finish(self) -> None:
        """Have everything confirmed, each record once."""
        for partition, end in enumerate(await self._writer.flush()):
            if end and end != self._done[partition]:
                raise CopyError(
                    f"{self._topic}[{partition}] ends at {end} instead of {self._done[partition]}: "
                    "something else writes to it; take new topics"
                )
