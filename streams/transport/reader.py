"""The one way to read a topic: committed records alone, and where they end.

What a transaction that was rolled back has written is no evidence, and what one that is open has
written may still be rolled back. So every consumer is made here. What it may read ends at the
partition's last stable offset, the first record of the oldest open transaction, which is the high
watermark where none is open. Offsets of markers and of what was rolled back hold no record.
"""

from __future__ import annotations

from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

COMMITTED: Final = "read_committed"


def reader(**options: Any) -> AIOKafkaConsumer:
    """A consumer of committed records, with the options of an ``AIOKafkaConsumer``; not started."""
    return AIOKafkaConsumer(**options, isolation_level=COMMITTED)


def fetched_end(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int | None:
    """Where the committed records of an assigned partition end, as its last fetch told.

    None before the first fetch. Unlike the answer to a question for offsets it is right on every
    broker (see `streams.transport.ends`).
    """
    highwater: int | None = consumer.highwater(partition)
    stable: int | None = consumer.last_stable_offset(partition)
    if highwater is None or stable is None or stable < 0:  # -1: a broker without transactions
        return highwater
    return min(highwater, stable)
