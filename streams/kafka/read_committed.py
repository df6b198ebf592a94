"""Reads committed records only: the factory of all consumers, and where partitions end.

Records of an aborted transaction are no evidence, and those of an open one may still be aborted.
So every consumer is created here. What it may read ends at the partition's last stable offset, the
first record of the oldest open transaction, which is the high watermark where none is open. Offsets
of markers and of aborted records hold no record.
"""

from __future__ import annotations

from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.patches.install import install_patches

COMMITTED: Final = "read_committed"


def committed_consumer(**options: Any) -> AIOKafkaConsumer:
    """Create a consumer of committed records, not started; options as of ``AIOKafkaConsumer``."""
    install_patches()
    return AIOKafkaConsumer(**options, isolation_level=COMMITTED)


def fetched_end(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int | None:
    """Return the end of a partition's committed records as its last fetch told it.

    None before the first fetch. Unlike the answer of ListOffsets it is right on every broker (see
    `streams.kafka.ends`).
    """
    highwater: int | None = consumer.highwater(partition)
    stable: int | None = consumer.last_stable_offset(partition)
    if highwater is None or stable is None or stable < 0:  # -1: a broker without transactions
        return highwater
    return min(highwater, stable)
