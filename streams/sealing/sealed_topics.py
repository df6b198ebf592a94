"""Reads the sealed topics on from where the log ends, all partitions, committed records only.

The log itself remembers how far it has read. The offsets are committed to a consumer group too,
for people and tools that watch the lag: nothing rests on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.client import client_options, partitions_by_topic
from streams.kafka.partitions import PartitionId
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer
from streams.kafka.retry import Backoff
from streams.sealing.records import Record
from streams.settings import Settings

_FETCH_MS: Final = 200
_MOST_RECORDS: Final = 5_000
_FETCH_BYTES: Final = 8 * 1024 * 1024


class SealedTopics:
    """Read topics from given offsets on, and tell the broker how far they are sealed."""

    def __init__(self, settings: Settings, topics: Iterable[str]) -> None:
        self._settings = settings
        self._topics = tuple(topics)
        self._consumer: AIOKafkaConsumer | None = None
        self._connecting = Backoff(
            "connect", f"broker {settings.broker} does not answer", settings.log_interval_s
        )
        self._committing = Backoff(
            "commit_sealed",
            f"the offsets of {settings.group_seal} are not committed",
            settings.log_interval_s,
        )
        self.partitions: list[TopicPartition] = []

    async def start(self, offsets: Mapping[PartitionId, int]) -> None:
        """Connect, and go on from the offsets, elsewhere from the beginning; wait for a broker."""
        while True:
            try:
                await self._start(offsets)
            except (KafkaError, OSError) as error:
                await self._connecting.wait(error)
            else:
                self._connecting.recovered()
                return

    async def stop(self) -> None:
        """Disconnect."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop_consumer(consumer)

    async def fetch(self) -> tuple[list[Record], dict[PartitionId, int]]:
        """Return the next records, none after a while, and where each partition goes on."""
        if self._consumer is None:
            raise KafkaError("not connected")
        fetched = await self._consumer.getmany(timeout_ms=_FETCH_MS, max_records=_MOST_RECORDS)
        records = [record for part in fetched.values() for record in part]
        upto = {
            (tp.topic, tp.partition): await self._consumer.position(tp) for tp in self.partitions
        }
        return records, upto

    async def commit(self, offsets: Mapping[PartitionId, int]) -> None:
        """Tell the broker how far the topics are sealed; log it where that fails."""
        told = {TopicPartition(*place): offset for place, offset in offsets.items()}
        if self._consumer is None or not told:
            return
        try:
            await self._consumer.commit(told)
        except KafkaError as error:
            self._committing.report(error)
        else:
            self._committing.recovered()

    async def _start(self, offsets: Mapping[PartitionId, int]) -> None:
        await self.stop()
        consumer = self._consumer = committed_consumer(
            **client_options(self._settings),
            group_id=self._settings.group_seal,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        await consumer.start()
        there = await partitions_by_topic(consumer)
        self.partitions = [
            TopicPartition(topic, number)
            for topic in self._topics
            for number in there.get(topic, ())
        ]
        consumer.assign(self.partitions)
        await consumer.seek_to_beginning(*self.partitions)
        for tp in self.partitions:
            sealed = offsets.get((tp.topic, tp.partition))
            if sealed is not None:
                consumer.seek(tp, sealed)
