"""A cluster whose changelog holds the state of many sources, and time and readings on top of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer

from deploy.embedded.kafka import KafkaCluster
from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.records.partitioning import partition_of
from streams.kafka.client import client_options
from streams.kafka.producer import ConfirmedProducer, PartitionRecord
from streams.kafka.topics import changelog_topic, create_topics
from streams.settings import Settings
from tests.bench.cloned_state import (
    MINUTE,
    changelog_records,
    enterprises,
    reading_of,
    seed_state,
    source_ids,
)
from tests.support.broker import TestBroker

END = 1_780_254_000_000 + 18 * MINUTE
"""Where the state ends: 2026-06-01T00:18+05:00, so that two minutes later the last day closes."""
CLOSING_MINUTE = 1
"""Of the minutes that follow: its readings arrive when the day may close."""
HOUR = 60 * MINUTE


class Load(NamedTuple):
    """What was laid into the cluster: state that reaches offset 1 of every partition."""

    settings: Settings
    broker: TestBroker
    sources: int
    records: int
    size: int
    """Bytes of the keys and values of the state."""
    kept: int
    """Hours of each source that are remembered."""

    @property
    def end(self) -> int:
        """When the last interval of the state ends, ms UTC."""
        return END

    async def tick(self) -> None:
        """One tick for every partition, at the end of the state."""
        value = Codec(FileIds()).encode("StreamTick", {"sent_at": END})
        for partition in range(self.settings.partitions):
            await self.broker.produce(
                self.settings.topic_readings,
                [value],
                partition=partition,
                key=None,
                timestamp_ms=self.end + 1,
            )

    async def minute(self, number: int) -> dict[int, int]:
        """A reading of every source, ``number`` minutes after the end; how many per partition."""
        producer = AIOKafkaProducer(**client_options(self.settings), linger_ms=20)
        count: dict[int, int] = {}
        await producer.start()
        try:
            sent = []
            for name, value in self._values(number):
                partition = partition_of(name, self.settings.partitions)
                count[partition] = count.get(partition, 0) + 1
                place = {"partition": partition, "timestamp_ms": self.end + (number + 1) * MINUTE}
                topic = self.settings.topic_readings
                sent.append(await producer.send(topic, value, key=name.encode(), **place))
            for each in sent:
                await each
        finally:
            await producer.stop()
        return count

    def _values(self, number: int) -> Iterator[tuple[str, bytes]]:
        codec, noise = Codec(FileIds()), random.Random(number)
        for name in source_ids(self.sources):
            reading = reading_of(name, self.end + number * MINUTE, noise)
            yield name, codec.encode("EmissionReading", msgspec.structs.asdict(reading))


async def load_state(
    cluster: KafkaCluster, sources: int, hours: int, *, state_directory: str | None = None
) -> Load:
    """Topics, registry, the changelog, and two ticks in every partition."""
    settings = Settings(
        broker=cluster.address,
        tick_s=0,
        session_timeout_s=3.0,
        heartbeat_s=1.0,
        log_format="json",
        state_directory=state_directory,
    )
    broker = TestBroker(cluster.address, cluster.node(1).pid)
    await create_topics(settings, "replay")
    names = source_ids(sources)
    await publish_registry(settings, enterprises(names), Codec(FileIds()), timestamp=0)
    seed = seed_state(END - hours * HOUR, hours)
    written = changelog_records(seed, names, settings.partitions, 1)
    records, kept = sum(map(len, written.values())), sum("/hour/" in key for key in seed)
    load = Load(settings, broker, sources, records, _size(written), kept)
    producer = ConfirmedProducer(client_options(settings))
    topic = changelog_topic(settings.app_id)
    await producer.start()
    for partition in list(written):
        await producer.produce_to(topic, partition, written.pop(partition), revoked=lambda: False)
    await producer.stop()
    await load.tick()
    await load.tick()
    return load


def _size(written: dict[int, list[PartitionRecord]]) -> int:
    return sum(len(r.key or b"") + len(r.value or b"") for it in written.values() for r in it)
