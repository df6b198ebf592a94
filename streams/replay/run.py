"""One run of the deployed pipeline, end to end, from messages to drained topics and tables."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from schemas.codec import Codec
from streams.core.reading import Reading
from streams.core.registration import Enterprise
from streams.replay.client import consumer_of, producer_of
from streams.replay.drain import wait_until_committed
from streams.replay.export import Findings
from streams.replay.failures import OccupiedError
from streams.replay.logs import ends_of, partitions_of, read_log
from streams.replay.plan import Plan, plan_publication
from streams.replay.publish import BATCH_BYTES, OrderedWriter, publish
from streams.replay.registry_topic import publish_registry
from streams.replay.stage import Stage
from streams.replay.tape import Message, Tape
from streams.rule_files import load_rules
from streams.settings import Settings
from streams.topic_differences import compare_topics
from streams.topics import create_topics

RECORDED_AT_ONCE = 2_000
DEAD_LETTER = "DeadLetter"
Report = Callable[[str, int, int | None], None]
"""Told of progress: the step (reading, publishing, judging, storing), done, total if known."""


@dataclass(frozen=True)
class RunReport:
    """What a run did: its plan, and how long (seconds) it took to publish, judge and store."""

    plan: Plan
    messages: int
    pipeline_s: float  # from the first message published until the last one was judged
    whole_s: float  # from the start of the processes until everything was stored


async def run_pipeline(
    stage: Stage,
    enterprises: Sequence[Enterprise],
    messages: Iterable[Message] | Tape,
    *,
    codec: Codec,
    until: int | None,
    now: int,
    report: Report,
    started: Callable[[Settings], None] = lambda _: None,
) -> RunReport:
    """Start everything, publish the messages in order of arrival, wait until it is drained.

    The registry is loaded before the first message (timestamp 0), so that it applies to all.
    ``messages`` are recorded while the parts start, or were before (a tape).
    ``started`` is told where everything is, as soon as it can be asked. The stage is
    left running. Errors of the rules, of the input, of a process that ended and of Kafka come
    through.
    """
    began = time.monotonic()
    load_rules()  # a mistake in a rule file is told before anything is started
    stage.start_broker()
    await create_topics(stage.settings, "replay")
    await _refuse_if_occupied(stage.settings)
    await publish_registry(stage.settings, enterprises, codec, timestamp=0)
    stage.start_worker("streams")  # joins its group while the rest starts
    stage.start_clickhouse()
    stage.migrate()
    stage.start_worker("sinks")
    started(stage.settings)

    tape = await _record(messages, stage, report)
    plan = plan_publication(tape.arrived, tape.ends, until, now)
    published = time.monotonic()
    settings = stage.settings
    async with producer_of(settings, BATCH_BYTES) as producer:
        writer = OrderedWriter(producer, settings.topic_readings, settings.partitions)
        total = len(plan.order)
        ends = await publish(
            writer, tape, plan, codec, lambda done: report("publishing", done, total)
        )
    readings = {TopicPartition(settings.topic_readings, n): end for n, end in enumerate(ends)}
    async with consumer_of(settings, settings.group_streams) as group:
        await wait_until_committed(
            group, "streams", readings, stage.check, lambda *at: report("judging", *at)
        )
    judged = time.monotonic()
    found = await ends_of(settings, *outputs(settings))
    async with consumer_of(settings, settings.group_sinks) as group:
        everything = {**readings, **found}
        await wait_until_committed(
            group, "sinks", everything, stage.check, lambda *at: report("storing", *at)
        )
    stored = time.monotonic()
    return RunReport(plan, len(plan.order), judged - published, stored - began)


def outputs(settings: Settings) -> tuple[str, ...]:
    """The topics that carry what was found."""
    return (
        settings.topic_means,
        settings.topic_gaps,
        settings.topic_violations,
        settings.topic_dead_letters,
    )


async def collect_findings(settings: Settings, codec: Codec) -> Findings:
    """The last revision of everything in the output topics."""
    findings = Findings()
    ends = await ends_of(settings, *outputs(settings))
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            if record.value is not None:
                name, found = codec.decode(record.value)
                if name == DEAD_LETTER:
                    found = {**found, "measured_at": measured_at_of(found["value"], codec)}
                findings.add(name, found)
    return findings


def measured_at_of(value: bytes | None, codec: Codec) -> int | None:
    """The start of a message's interval, ms UTC; None where it is no reading."""
    reading = codec.decode_reading(value)
    return reading.measured_at if isinstance(reading, Reading) else None


async def _record(messages: Iterable[Message] | Tape, stage: Stage, report: Report) -> Tape:
    if isinstance(messages, Tape):
        return messages
    tape = Tape()
    for message in messages:
        tape.append(message)
        if len(tape) % RECORDED_AT_ONCE == 0:
            report("reading", len(tape), None)
            stage.check()
            await asyncio.sleep(0)  # an interrupt is noticed here
    report("reading", len(tape), len(tape))
    return tape


async def _refuse_if_occupied(settings: Settings) -> None:
    """The topics of a run are its own: empty, and stamped by who publishes."""
    for difference in await compare_topics(settings, "replay"):
        if difference.breaks:
            raise OccupiedError(f"the topics at {settings.broker} do not fit a run: {difference}")
    names = (settings.topic_readings, settings.topic_registry, *outputs(settings))
    async with consumer_of(settings) as consumer:
        partitions = await partitions_of(consumer, *names)
        for partition, end in (await consumer.end_offsets(partitions)).items():
            if end > 0:
                raise OccupiedError(
                    f"topic {partition.topic} at {settings.broker} holds records already; a run "
                    "needs topics of its own (name others with EMISSIONS_TOPIC_... variables)"
                )
