"""The results of a run in one shape, from our topics and from a peer's file."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.kafka.client import client_options
from streams.kafka.ends import true_ends
from streams.kafka.patches.stop import stop_consumer
from streams.settings import Settings

WINDOWS = frozenset({"20min", "30min", "1h"})
RULES = frozenset({"KZ-30"})
"""The common subset: what every peer computes."""

MeanKey = tuple[str, str, str, int]
"""Source, parameter, window, start (ms UTC)."""

ViolationKey = tuple[str, str, str, int]
"""Rule, source, parameter, start (ms UTC)."""


class Results(NamedTuple):
    """The last value of everything in the common subset that was not withdrawn."""

    means: dict[MeanKey, float]
    violations: dict[ViolationKey, float]
    revised: set[MeanKey]
    """Means whose window late readings opened again."""


class Written(NamedTuple):
    """What lies in the result topics, of any kind: revisions of means and of violations."""

    means: int
    violations: int


def peer_results(file: Path) -> Results:
    """The lines that a peer wrote: one JSON object each."""
    found = Results({}, {}, set())
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            _add(found, json.loads(line))
    return found


async def our_results(settings: Settings) -> tuple[Results, Written]:
    """Everything in the topics of means and of violations."""
    codec, found = Codec(FileIds()), Results({}, {}, set())
    means = violations = 0
    async for value in _values(settings, settings.topic_means):
        means += 1
        _add(found, {"kind": "mean", **codec.decode(value)[1]})
    async for value in _values(settings, settings.topic_violations):
        violations += 1
        _add(found, {"kind": "violation", **codec.decode(value)[1]})
    return found, Written(means, violations)


def collect(records: Iterable[Mapping[str, Any]]) -> Results:
    """Results of records as a peer writes them."""
    found = Results({}, {}, set())
    for record in records:
        _add(found, record)
    return found


def _add(found: Results, record: Mapping[str, Any]) -> None:
    value, withdrawn = record["value"], record.get("status") == "WITHDRAWN"
    if record["kind"] == "mean":
        if record["window"] in WINDOWS and value is not None:
            key = (
                sys.intern(record["source_id"]),
                sys.intern(record["parameter"]),
                sys.intern(record["window"]),
                record["start"],
            )
            found.means[key] = value
            if record.get("revision", 1) > 1:
                found.revised.add(key)
    elif record["rule"] in RULES:
        key = (record["rule"], record["source_id"], record["parameter"], record["start"])
        if withdrawn:
            found.violations.pop(key, None)
        else:
            found.violations[key] = value


async def _values(settings: Settings, topic: str) -> AsyncIterator[bytes]:
    """The values of everything in a topic, partition by partition in order."""
    consumer = AIOKafkaConsumer(
        **client_options(settings), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in range(settings.partitions)]
        ends = await true_ends(consumer, parts)
        for part in parts:
            consumer.assign([part])
            await consumer.seek_to_beginning(part)
            while await consumer.position(part) < ends[part]:
                for record in (await consumer.getmany(part, timeout_ms=200)).get(part, []):
                    yield record.value
    finally:
        await stop_consumer(consumer)
