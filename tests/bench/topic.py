"""A load on its topics: readings written once, for everybody who is measured on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from emissions.replay.publish import BATCH_BYTES, OrderedWriter, publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.kafka.clients import producer_of
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.bench.data import Load, Message, messages, registered
from tests.support.broker import unique


class Filled(NamedTuple):
    """A load that lies on a broker."""

    load: Load
    settings: Settings
    """The topics of readings and registry; whoever runs on them takes names of its own for the
    rest (`own_names`)."""
    readings: int
    """Messages without the ticks, over all partitions."""
    records: int
    """Messages with the ticks."""
    ends: list[int]
    """The offset after the last message of each partition."""
    value_bytes: int


async def fill(broker: str, load: Load, partitions: int) -> Filled:
    """Create the topics of a load and write everything to them."""
    name = unique(f"bench.{load.name}")
    settings = Settings(
        broker=broker,
        partitions=partitions,
        tick_s=0.0,  # the load has its own
        topic_readings=f"{name}.readings",
        topic_registry=f"{name}.registry",
        log_format="json",
    )
    settings = own_names(settings, name)
    await create_topics(settings, "replay")
    codec = Codec(FileIds())
    await publish_registry(settings, registered(load), codec, timestamp=0)
    found = messages(load, codec)
    ends = await _publish(settings, found)
    ticks = sum(message.key is None for message in found)
    return Filled(
        load,
        settings,
        len(found) - ticks,
        len(found) - ticks + ticks * partitions,
        ends,
        sum(len(message.value) for message in found if message.key is not None),
    )


def own_names(settings: Settings, prefix: str) -> Settings:
    """The same readings and registry, with results, state and groups of its own."""
    return replace(
        settings,
        topic_means=f"{prefix}.means",
        topic_gaps=f"{prefix}.gaps",
        topic_findings=f"{prefix}.findings",
        topic_notice_verdicts=f"{prefix}.notice-verdicts",
        topic_violations=f"{prefix}.violations",
        topic_cases=f"{prefix}.cases",
        topic_roots=f"{prefix}.roots",
        topic_advice=f"{prefix}.advice",
        topic_dead_letters=f"{prefix}.dead-letters",
        group_streams=f"{prefix}-streams",
        group_sinks=f"{prefix}-sinks",
    )


async def _publish(settings: Settings, found: Sequence[Message]) -> list[int]:
    async with producer_of(settings, BATCH_BYTES) as producer:
        writer = OrderedWriter(producer, settings.topic_readings, settings.partitions)
        for message in found[:-1]:
            if message.key is None:
                await writer.broadcast(message.arrived_at, message.value)
            else:
                await writer.write(message.key, message.arrived_at, message.value)
        await writer.flush()
        # A batch of its own: the embedded broker tells the end of a topic by the first offset of
        # its last batch, and a peer that asks for it must not miss a part.
        await writer.broadcast(found[-1].arrived_at, found[-1].value)
        return await writer.flush()
