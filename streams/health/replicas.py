"""Checks from metadata that enough brokers hold what a worker reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from streams.kafka.partitions import PartitionId


def partitions_of(
    described: Iterable[Mapping[str, Any]], topics: Iterable[str]
) -> list[PartitionId]:
    """Return the partitions of those topics that exist."""
    wanted = set(topics)
    return sorted(
        (topic["topic"], partition["partition"])
        for topic in described
        if topic["topic"] in wanted
        for partition in topic["partitions"]
    )


def replica_problem(
    described: Iterable[Mapping[str, Any]], read: Iterable[str], written: Mapping[str, int]
) -> str | None:
    """Say which partition has no leader, or too few in-sync replicas; None if none has.

    ``written`` maps topics to the number of in-sync replicas below which Kafka confirms nothing.
    """
    wanted = {**dict.fromkeys(read, 1), **written}
    for topic in described:
        least = wanted.get(topic["topic"])
        for partition in topic["partitions"] if least is not None else ():
            where = f"{topic['topic']}[{partition['partition']}]"
            if partition["leader"] < 0:
                return f"{where} has no leader: brokers are away"
            if least is not None and len(partition["isr"]) < least:
                return f"{where} is in sync on {len(partition['isr'])} brokers, and {least} must be"
    return None
