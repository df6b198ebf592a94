"""Run the deployed pipeline once, from messages to drained topics and tables."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from emissions.dead_letters.describe import measured_at_of
from emissions.progress import ReportProgress
from emissions.replay.errors import TopicsInUseError
from emissions.replay.export import ReplayResults
from emissions.replay.local_stack import LocalStack
from emissions.replay.message_buffer import Message, MessageBuffer
from emissions.replay.publication_plan import PublicationPlan, plan_publication
from emissions.replay.publish import (
    BATCH_BYTES,
    OrderedWriter,
    publish,
    publish_measures,
    publish_notices,
    publish_registry,
)
from emissions.replay.wait import wait_until_committed
from schemas.codec import Codec
from streams.core.registry.enterprise import Enterprise
from streams.kafka.clients import consumer_of, producer_of
from streams.kafka.partition_count import sinks_topics
from streams.kafka.reader import ends_of, partitions_of, read_log
from streams.kafka.topic_check import compare_topics
from streams.kafka.topics import create_topics, output_topics
from streams.registry.measures import DatedMeasure
from streams.registry.notices import DatedNotice
from streams.rules.load import load_rules
from streams.settings import Settings

RECORDED_AT_ONCE = 2_000
DEAD_LETTER = "DeadLetter"


@dataclass(frozen=True)
class RunReport:
    """What a run did: its plan, and the seconds it took to publish, judge and store."""

    plan: PublicationPlan
    messages: int
    pipeline_s: float  # from the first message published until the last one was judged
    whole_s: float  # from the start of the processes until everything was stored


async def run_pipeline(
    stage: LocalStack,
    enterprises: Sequence[Enterprise],
    messages: Iterable[Message] | MessageBuffer,
    *,
    codec: Codec,
    until: int | None,
    now: int,
    report: ReportProgress,
    started: Callable[[Settings], None] = lambda _: None,
    notices: Sequence[DatedNotice] = (),
    measures: Sequence[DatedMeasure] = (),
) -> RunReport:
    """Start all parts, publish the messages in order of arrival, and wait until all is stored.

    The registry is published first, with timestamp 0, so that it applies to every reading; then
    the notices and measures that arrive until ``until``, each with the time of its arrival.
    ``messages`` are buffered while the parts start, unless they are a MessageBuffer already.
    ``started`` receives the settings as soon as the parts can be queried. The stack is left
    running. Raises the errors of the rules, of the input, of a process that ended, and of Kafka.
    """
    began = time.monotonic()
    load_rules(stage.settings.rules)  # report a mistake in a rule before anything is started
    stage.start_broker()
    await create_topics(stage.settings, "replay")
    await _refuse_if_occupied(stage.settings)
    await publish_registry(stage.settings, enterprises, codec, timestamp=0)
    told = [each for each in notices if until is None or (each.arrived_at or 0) <= until]
    await publish_notices(stage.settings, told, codec)
    decided = [each for each in measures if until is None or (each.arrived_at or 0) <= until]
    await publish_measures(stage.settings, decided, codec)
    stage.start_worker("streams")  # joins its group while the other parts start
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
    stored_topics = [each for each in output_topics(settings) if each in sinks_topics(settings)]
    found = await ends_of(settings, *stored_topics)
    async with consumer_of(settings, settings.group_sinks) as group:
        everything = {**readings, **found}
        await wait_until_committed(
            group, "sinks", everything, stage.check, lambda *at: report("storing", *at)
        )
    stored = time.monotonic()
    return RunReport(plan, len(plan.order), judged - published, stored - began)


async def collect_findings(settings: Settings, codec: Codec) -> ReplayResults:
    """Collect the last revision of every result from the output topics."""
    findings = ReplayResults()
    ends = await ends_of(settings, *output_topics(settings))
    async with consumer_of(settings) as consumer:
        async for record in read_log(consumer, ends):
            if record.value is not None:
                name, found = codec.decode(record.value)
                if name == DEAD_LETTER:
                    found = {**found, "measured_at": measured_at_of(found["value"], codec)}
                findings.add(name, found)
    return findings


async def _record(
    messages: Iterable[Message] | MessageBuffer, stage: LocalStack, report: ReportProgress
) -> MessageBuffer:
    if isinstance(messages, MessageBuffer):
        return messages
    tape = MessageBuffer()
    for message in messages:
        tape.append(message)
        if len(tape) % RECORDED_AT_ONCE == 0:
            report("reading", len(tape), None)
            stage.check()
            await asyncio.sleep(0)  # let an interrupt through
    report("reading", len(tape), len(tape))
    return tape


async def _refuse_if_occupied(settings: Settings) -> None:
    """Refuse topics that are not empty, or not stamped by the publisher."""
    for difference in await compare_topics(settings, "replay"):
        if difference.breaks:
            raise TopicsInUseError(
                f"the topics at {settings.broker} are unsuitable for a run: {difference}"
            )
    names = (
        settings.topic_readings,
        settings.topic_registry,
        settings.topic_notices,
        settings.topic_measures,
        *output_topics(settings),
        settings.topic_advice,
    )
    async with consumer_of(settings) as consumer:
        partitions = await partitions_of(consumer, *names)
        for partition, end in (await consumer.end_offsets(partitions)).items():
            if end > 0:
                raise TopicsInUseError(
                    f"topic {partition.topic} at {settings.broker} already holds records; a run "
                    "needs empty topics (set other names with EMISSIONS_TOPIC_... variables)"
                )
