"""The same messages through the deployed workers: broker, streams, sinks, ClickHouse, audit.

What the engines found in this process the workers must find as well, message by message; then
garbage goes to the topics that the sinks read, which they must survive.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

from aiokafka import TopicPartition

from emissions.audit.check import AuditCheck
from emissions.audit.run import audit
from emissions.cli.support.workspace import run_settings
from emissions.replay.local_stack import LocalStack
from emissions.replay.wait import wait_until_committed
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from streams.core.registry.enterprise import Enterprise
from streams.kafka.clients import consumer_of, producer_of
from streams.kafka.reader import ends_of
from streams.kafka.topics import create_topics, output_topics
from streams.registry.avro import RECORD, enterprise_to_record
from streams.settings import Settings
from tests.fuzz import mutate
from tests.fuzz.publish import BATCH_BYTES, Publisher, register
from tests.fuzz.registrations import Registration, afterwards, hostile
from tests.fuzz.traffic import BEGIN, Message
from tests.schemas.examples import RECORDS

LONGEST: Final = 16 << 20
"""A producer of garbage may send as much at once."""


@dataclass
class Deployed:
    """What the deployed workers did."""

    messages: int = 0
    published_s: float = 0.0
    judged_s: float = 0.0
    stored_s: float = 0.0
    checks: list[AuditCheck] = field(default_factory=list)
    memory: dict[str, list[int]] = field(default_factory=dict)
    """Most memory of each process so far, bytes, after each quarter and after the garbage."""
    garbage: int = 0
    afterwards: list[AuditCheck] = field(default_factory=list)
    """What the audit says of the garbage; it must name it."""
    extra: int = 0
    """Messages beyond those of the traffic; each is a dead letter."""

    @property
    def counts(self) -> dict[str, int]:
        """Where the messages ended, by the ledgers, added up over the partitions."""
        ledgers = [check.seen for check in self.checks if check.part == "ledger"]
        return {
            what: sum(
                int(count) for seen in ledgers for count in re.findall(rf"(\d+) {what}", seen)
            )
            for what in ("used", "duplicates", "dead-lettered", "ticks")
        }

    @property
    def differences(self) -> list[str]:
        """What the audit did not find in order."""
        return [f"{c.part}, {c.place}: {text}" for c in self.checks for text in c.differences]


def run_deployed(
    traffic: Iterable[Message],
    enterprises: list[Enterprise],
    messages: int,
    workspace: Path,
    *,
    partitions: int,
    seed: int,
    garbage: int = 150,
) -> Deployed:
    """Everything, in processes of its own below ``workspace``.

    ``garbage`` damaged records go to each topic that our own workers write, beside the strange.

    Raises StageError for a process that ended, StalledError for a worker that stands still.
    """
    # Its settings hold no partition, which random messages would at once.
    settings = replace(run_settings(None, None), partitions=partitions)
    with LocalStack(workspace, settings) as stage:
        return asyncio.run(_run(stage, traffic, enterprises, messages, seed, garbage))


async def _run(
    stage: LocalStack,
    traffic: Iterable[Message],
    enterprises: list[Enterprise],
    messages: int,
    seed: int,
    garbage: int,
) -> Deployed:
    found, codec = Deployed(messages), Codec(FileIds())
    stage.start_broker()
    await create_topics(stage.settings, "replay")
    stage.start_clickhouse()
    stage.migrate()
    settings = stage.settings
    good = [
        Registration(e.bin, e.bin.encode(), codec.encode(RECORD, enterprise_to_record(e)), 0)
        for e in enterprises
    ]
    async with producer_of(settings, LONGEST) as producer:
        topic = settings.topic_registry
        await register(producer, topic, hostile(enterprises, codec))
        await register(producer, topic, good)
        await register(producer, topic, afterwards(enterprises))
    stage.start_worker("streams")
    stage.start_worker("sinks")
    stream = iter(traffic)
    async with producer_of(settings, BATCH_BYTES) as producer:
        publisher = Publisher(producer, settings.topic_readings, settings.partitions)
        for quarter in range(4):
            count = messages * (quarter + 1) // 4 - messages * quarter // 4
            began = time.perf_counter()
            for message in islice(stream, count):
                await publisher.add(message)
            if quarter == 2:
                for partition in range(settings.partitions):
                    await publisher.add_raw_name(partition, BEGIN)
                    found.extra += 1
            await publisher.flush()
            found.published_s += time.perf_counter() - began
            await _drained(stage, publisher.ends, found)
            _remember(stage, found)
    with client(settings) as connected:
        found.checks = await audit(settings, codec, connected, sample=50)
    found.garbage = await _garbage(settings, codec, seed, garbage)
    await _drained(stage, publisher.ends, found)
    _remember(stage, found)
    with client(settings) as connected:
        found.afterwards = await audit(settings, codec, connected, sample=0)
    return found


async def _drained(stage: LocalStack, ends: list[int], found: Deployed) -> None:
    """Wait until both workers have taken everything there is."""
    settings = stage.settings
    readings = {TopicPartition(settings.topic_readings, n): end for n, end in enumerate(ends)}
    began = time.perf_counter()
    async with consumer_of(settings, settings.group_streams) as group:
        await wait_until_committed(group, "streams", readings, stage.check, lambda *_: None)
    found.judged_s += time.perf_counter() - began
    began = time.perf_counter()
    rest = await ends_of(settings, *output_topics(settings), settings.topic_registry)
    async with consumer_of(settings, settings.group_sinks) as group:
        everything = {**readings, **rest}
        await wait_until_committed(group, "sinks", everything, stage.check, lambda *_: None)
    found.stored_s += time.perf_counter() - began


def _remember(stage: LocalStack, found: Deployed) -> None:
    for used in stage.usage():
        found.memory.setdefault(used.name, []).append(used.peak_bytes)


async def _garbage(settings: Settings, codec: Codec, seed: int, damaged: int) -> int:
    """Garbage to every topic that only our own workers should write; how many messages."""
    chance, count = Random(seed), 0
    async with producer_of(settings, LONGEST) as producer:
        for topic, name in (
            (settings.topic_means, "WindowMean"),
            (settings.topic_gaps, "DataGap"),
            (settings.topic_violations, "Violation"),
            (settings.topic_findings, "Finding"),
            (settings.topic_notice_verdicts, "NoticeVerdict"),
            (settings.topic_roots, "SourceDayRoot"),
            (settings.topic_dead_letters, "DeadLetter"),
            (settings.topic_registry, RECORD),
        ):
            sound = codec.encode(name, RECORDS[name])
            tick = codec.encode("StreamTick", {"sent_at": 0})
            made: list[bytes | None] = [None, b"", b"\x00", tick, sound + b"\x00", b"\xff" * 99]
            strange = strange_records(name)
            for record in chance.sample(strange, min(len(strange), 2 * damaged)):
                with suppress(KeyError):  # a text in the place of an enum
                    made.append(codec.encode(name, record))
            made += [mutate.damaged(chance, sound, tick) for _ in range(damaged)]
            registrations = (Registration("", b"k", value, 0) for value in made)
            await register(producer, topic, registrations)
            count += len(made)
    return count


def strange_records(name: str) -> list[dict[str, object]]:
    """Records that Avro writes and no column takes, or takes for something else."""
    most, least = (1 << 63) - 1, -(1 << 63)
    made: list[dict[str, object]] = []
    for field_, value in RECORDS[name].items():
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int):
            made += [{field_: number} for number in (most, least, -1, 1 << 31)]
        elif isinstance(value, float):
            made += [{field_: number} for number in (float("nan"), float("inf"), 5e-324)]
        elif isinstance(value, str):
            made += [{field_: text} for text in ("", "\x00", "not an id", "\u202e", "x" * 100_000)]
    return [RECORDS[name] | change for change in made]
