"""The composition root of the streams worker: readings in, findings out. Nothing runs here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import faust
import structlog
from faust.types import TP

from schemas.codec import Codec
from schemas.ids import SchemaIds
from streams.changelog.restore import StateRestorer
from streams.changelog.write_behind import CheckpointPolicy
from streams.core.cases.measures import MeasureHistory
from streams.core.cases.scene import CaseLaw
from streams.core.engine.partition import PartitionProcessor
from streams.core.quality.authenticity import Signatures
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.errors import OperatorError
from streams.holds.clock_check import ClockPolicy, clock_check
from streams.holds.partition_holds import PartitionHolds
from streams.kafka.client import client_options
from streams.kafka.partition_count import too_many
from streams.kafka.producer import ConfirmedProducer
from streams.kafka.schema_registry import schema_ids
from streams.kafka.topics import changelog_topic
from streams.metrics.metric_set import MetricSet
from streams.registry.avro import enterprise_from_record
from streams.registry.follower import RegistryFollower
from streams.registry.measure_follower import MeasureFollower
from streams.registry.notice_follower import NoticeFollower
from streams.registry.topic_follower import TopicFollowers
from streams.rules.calendar import load_calendar
from streams.rules.detectors import load_detectors
from streams.rules.load import load_rules
from streams.rules.payment import load_payment
from streams.runtime.batch_metrics import BatchMetrics
from streams.runtime.checkpoint import Checkpoint
from streams.runtime.outputs import OutcomeEncoder
from streams.runtime.partition_tasks import PartitionTasks
from streams.runtime.processor import BatchProcessor
from streams.runtime.readings_reader import ReadingsReader
from streams.runtime.tick_publisher import TickPublisher
from streams.runtime.trace_export import start_traces
from streams.runtime.traces import Traces
from streams.settings import Settings
from streams.signing.ed25519 import verify
from streams.transport.faust_app import create_faust_app
from streams.transport.install import batch_topic

log = structlog.get_logger(__name__)

Fatal = Callable[[BaseException], None]
"""Called with an error after which nothing may be processed."""


@dataclass(frozen=True)
class StreamsParts:
    """The parts of a streams worker that are started before the application, stopped after it."""

    app: faust.App
    producer: ConfirmedProducer
    follower: TopicFollowers
    registrations: RegistryFollower
    notices: NoticeFollower
    measures: MeasureFollower
    holds: PartitionHolds
    ticks: TickPublisher
    state: StateRestorer
    processor: BatchProcessor
    tasks: PartitionTasks
    readings: ReadingsReader
    ids: SchemaIds
    metrics: MetricSet
    batch_metrics: BatchMetrics
    traces: Traces

    def records_restored(self) -> dict[int, int]:
        """Count the state records and replayed readings that were read, by partition."""
        state, readings = self.state.records_read, self.readings.records_read
        return {
            partition: state.get(partition, 0) + readings.get(partition, 0)
            for partition in state.keys() | readings.keys()
        }


def create_app(settings: Settings, fatal: Fatal) -> StreamsParts:
    """Wire the streams worker; ``fatal`` is called with errors that nothing here can handle."""
    app = create_faust_app(settings, settings.app_id)
    ids = schema_ids(settings)
    codec = Codec(ids)
    rules = load_rules(settings.rules)
    calendar = load_calendar(rules.country.code)
    told = NoticeHistory(calendar, settings.policy)
    history = RegistryHistory(told)
    decided = MeasureHistory()
    cases = CaseLaw(load_payment(settings.rules), calendar, decided, settings.case_policy)
    detectors = load_detectors()
    options = client_options(settings)
    changelog = changelog_topic(settings.app_id)
    state = StateRestorer(
        options,
        changelog,
        directory=settings.state_path,
        log_interval_s=settings.log_interval_s,
    )
    producer = ConfirmedProducer(options, log_interval_s=settings.log_interval_s)
    registrations = RegistryFollower(
        settings, codec, history, enterprise_from_record, rules.country
    )
    notices = NoticeFollower(settings, codec, told, rules.country)
    measures = MeasureFollower(settings, codec, decided, rules.country)
    follower = TopicFollowers(registrations, notices, measures)
    holds = PartitionHolds(settings, "streams")
    readings = ReadingsReader(
        options,
        settings.topic_readings,
        max_records=settings.poll_records,
        log_interval_s=settings.log_interval_s,
    )

    metrics = MetricSet("streams", metadata.version("emission-streams"))
    traces = start_traces(settings, settings.group_streams, metrics)
    decode = traces.decoding(codec.decode_readings)

    def engine(partition: int, state: Mapping[str, bytes]) -> PartitionProcessor:
        return PartitionProcessor(
            topic=settings.topic_readings,
            partition=partition,
            partitions=settings.partitions,
            decode=decode,
            rules=rules,
            detectors=detectors,
            policy=settings.policy,
            registry=history,
            state=state,
            limit=settings.dead_letter_limit,
            resumed=holds.resumed(settings.topic_readings, partition),
            cases=cases,
            signatures=Signatures(verify, settings.signatures),
            advice=settings.advice,
        )

    batch_metrics = BatchMetrics(metrics, traces=traces)
    processor = BatchProcessor(
        state=state,
        checkpoint=Checkpoint(producer, changelog, batch_metrics),
        follower=follower,
        readings=readings,
        engine=engine,
        encode=traces.encoding(OutcomeEncoder(codec, settings)),
        holds=holds,
        clock_check=clock_check(
            ClockPolicy(int(settings.max_ahead_s * 1000), int(settings.max_step_s * 1000)),
            holds.resumed,
            now_ms=lambda: time.time_ns() // 1_000_000,
        ),
        policy=CheckpointPolicy(settings.save_records, settings.save_s),
        log_interval_s=settings.log_interval_s,
        metrics=batch_metrics,
    )
    ticks = TickPublisher(
        producer,
        codec,
        topic=settings.topic_readings,
        partitions=settings.partitions,
        period_s=settings.tick_s,
        is_leader=lambda: _owns_partition_0(app, settings.topic_readings),
    )
    tasks = _connect(app, settings, processor, state, holds, batch_metrics, traces, fatal)
    return StreamsParts(
        app,
        producer,
        follower,
        registrations,
        notices,
        measures,
        holds,
        ticks,
        state,
        processor,
        tasks,
        readings,
        ids,
        metrics,
        batch_metrics,
        traces,
    )


def _connect(
    app: faust.App,
    settings: Settings,
    processor: BatchProcessor,
    state: StateRestorer,
    holds: PartitionHolds,
    metrics: BatchMetrics,
    traces: Traces,
    fatal: Fatal,
) -> PartitionTasks:
    """Submit fetched batches to the processor, and tell the parts which partitions are assigned."""
    topic = settings.topic_readings

    def failed(error: BaseException, batch: str) -> None:
        if not isinstance(error, OperatorError):
            log.error("batch_failed", batch=batch, exc_info=error)
        fatal(error)

    tasks = PartitionTasks(
        traces.processing(processor.process), failed, most_records=settings.poll_records
    )
    app.transport.traced = traces.on

    @app.agent(batch_topic(app, topic), concurrency=1, name="readings")  # type: ignore[untyped-decorator]
    async def readings(stream: Any) -> None:
        async for event in stream.noack().events():
            tasks.submit(event)

    @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
    async def assigned(_: Any, assigned: set[TP], **__: Any) -> None:
        partitions = {tp.partition for tp in assigned if tp.topic == topic}
        if partitions and max(partitions) >= settings.partitions:
            tasks.cancel()  # the group may know of new partitions before this worker checks
            fatal(too_many(settings, max(partitions)))
            return
        tasks.retain(partitions)
        processor.retain(partitions)
        holds.retain((topic, partition) for partition in partitions)
        state.assign(partitions, app.consumer_generation_id)
        metrics.rebalanced(partitions)

    app.transport.on_drained = processor.save_all
    return tasks


def _owns_partition_0(app: faust.App, topic: str) -> bool:
    """Tell whether this worker owns partition 0 of the readings and is not rejoining."""
    return not app.rebalancing and TP(topic, 0) in app.consumer.assignment()
