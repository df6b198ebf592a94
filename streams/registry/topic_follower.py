"""Follows a topic that every worker reads whole, so that a record applies to readings after it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import SchemaRegistryError
from streams.core.quality.rejection import arrival_rejection
from streams.kafka.client import client_options, partitions_by_topic
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer
from streams.kafka.retry import Backoff
from streams.log_events import Operation
from streams.settings import Settings

log = structlog.get_logger(__name__)

_FETCH_MS: Final = 200


class TopicFollower(ABC):
    """Read a topic from its beginning, without a group, and apply each record.

    `catch_up` is awaited before each batch of readings: a record that was in the topic before a
    reading was published is known by the time the reading is judged. A record that cannot be used
    is logged by the follower of its kind, counted in ``skipped`` and ignored.
    """

    def __init__(self, settings: Settings, topic: str, operation: Operation, what: str) -> None:
        """``operation`` names the reading in the log, ``what`` the topic in a sentence."""
        self._settings = settings
        self._topic = topic
        self._consumer: AIOKafkaConsumer | None = None
        # A connection of its own for end offsets: on the reader's they would wait behind a fetch.
        self._ends_client: AIOKafkaConsumer | None = None
        self._partitions: list[TopicPartition] = []
        self._reading = asyncio.Lock()
        self._requested = 0  # calls of `catch_up`
        self._served = 0  # the first calls, which have what they asked for
        self._backoff = Backoff(operation, f"{what} cannot be read", settings.log_interval_s)
        self.applied = 0
        self.skipped = 0

    @abstractmethod
    def apply(self, record: ConsumerRecord) -> None:
        """Apply one record; raise ValueError with a sentence where it cannot be used."""

    @abstractmethod
    def ignored(self, problem: str, record: ConsumerRecord) -> None:
        """Log a record that cannot be used."""

    @property
    def failure(self) -> str | None:
        """Why the topic cannot be read now, in a sentence; None while it can."""
        return self._backoff.reason

    async def start(self) -> None:
        """Connect; raise ``KafkaError`` when the broker is unreachable or the topic missing."""
        await self.stop()
        self._ends_client = committed_consumer(**client_options(self._settings), group_id=None)
        await self._ends_client.start()
        numbers = (await partitions_by_topic(self._ends_client)).get(self._topic)
        if not numbers:
            raise KafkaError(f"topic {self._topic} is missing")
        self._partitions = [TopicPartition(self._topic, number) for number in numbers]
        self._consumer = committed_consumer(
            **client_options(self._settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=8 * 1024 * 1024,
        )
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning(*self._partitions)

    async def stop(self) -> None:
        """Disconnect."""
        for client in (self._consumer, self._ends_client):
            if client is not None:
                await stop_consumer(client)
        self._consumer = self._ends_client = None

    async def catch_up(self) -> None:
        """Apply every record that the topic holds at the moment of the call.

        Waits for a broker or a schema registry that does not answer, without end, and logs it
        periodically. Concurrent calls share one reading, which begins after each of them.
        """
        self._requested += 1
        mine = self._requested
        async with self._reading:
            while self._served < mine:
                requested = self._requested  # before the end offsets are asked
                try:
                    await self._read_to_the_end()
                except (KafkaError, SchemaRegistryError, OSError) as error:
                    await self._backoff.wait(error)
                else:
                    self._backoff.recovered()
                    self._served = requested

    async def _read_to_the_end(self) -> None:
        consumer, ends_client = self._consumer, self._ends_client
        if consumer is None or ends_client is None:
            raise KafkaError("not connected")
        # The answer may be too low by a part of the last record batch (`streams.kafka.ends`), but
        # it is beyond what was read unless that batch was: enough for this loop, since a batch
        # is always read whole.
        ends: dict[TopicPartition, int] = await ends_client.end_offsets(self._partitions)
        while True:
            behind = [tp for tp in self._partitions if await consumer.position(tp) < ends[tp]]
            if not behind:
                return
            fetched = await consumer.getmany(*behind, timeout_ms=_FETCH_MS)
            # In order of arrival over the partitions: what is kept only grows at its end.
            records = sorted(
                (record for records in fetched.values() for record in records),
                key=lambda record: (record.timestamp, record.partition, record.offset),
            )
            for at, record in enumerate(records):
                try:
                    self._apply(record)
                except SchemaRegistryError:
                    self._seek_back(consumer, records[at:])
                    raise

    def _seek_back(self, consumer: AIOKafkaConsumer, records: list[ConsumerRecord]) -> None:
        """Seek to the records that were fetched and not applied."""
        first: dict[TopicPartition, int] = {}
        for record in records:
            tp = TopicPartition(record.topic, record.partition)
            first[tp] = min(first.get(tp, record.offset), record.offset)
        for tp, offset in first.items():
            consumer.seek(tp, offset)

    def _apply(self, record: ConsumerRecord) -> None:
        """Apply one record, or log why it cannot be."""
        try:
            untimely = arrival_rejection(record.timestamp)
            if untimely is not None:
                # It would delay every later record: those count from the time of the one before.
                raise ValueError(untimely.detail)
            self.apply(record)
        except SchemaRegistryError:
            raise
        except Exception as error:  # whoever may write to the topic can write anything
            self.skipped += 1
            self.ignored(str(error), record)
        else:
            self.applied += 1


class TopicFollowers:
    """Several followers as one: each batch waits until all of them have caught up."""

    def __init__(self, *followers: TopicFollower) -> None:
        self._followers = followers

    @property
    def failure(self) -> str | None:
        """Why one of the topics cannot be read now, in a sentence; None while all can."""
        return next((each.failure for each in self._followers if each.failure), None)

    async def start(self) -> None:
        """Connect all; raise ``KafkaError`` when the broker is unreachable or a topic missing."""
        for each in self._followers:
            await each.start()

    async def stop(self) -> None:
        """Disconnect all."""
        for each in self._followers:
            await each.stop()

    async def catch_up(self) -> None:
        """Apply every record that the topics hold at the moment of the call."""
        await asyncio.gather(*(each.catch_up() for each in self._followers))
