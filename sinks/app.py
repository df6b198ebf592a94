"""Build the sinks application, which writes every topic to its ClickHouse table; nothing runs here.

It is a Faust application with its own consumer group, so that a ClickHouse outage delays no
violation. Its one agent receives partition batches and submits each to the writer of its partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import Any, Final

import faust
import structlog

from schemas.codec import Codec
from sinks.batch import BatchLimits
from sinks.batch_writer import BatchWriter
from sinks.case_counts import CaseCounts
from sinks.clickhouse import async_client
from sinks.decode import Route, routes
from sinks.metrics import SinkMetrics
from sinks.partition_writer import PartitionWriter
from sinks.readings.quality import quality_assessor
from streams.core.sources.history import RegistryHistory
from streams.errors import OperatorError
from streams.holds.partition_holds import PartitionHolds
from streams.kafka.schema_registry import schema_ids
from streams.metrics.metric_set import MetricSet
from streams.registry.avro import enterprise_from_record
from streams.registry.follower import RegistryFollower
from streams.rules.country import load_country
from streams.runtime.processor import Holds
from streams.runtime.trace_export import start_traces
from streams.runtime.traces import Traces
from streams.settings import Settings
from streams.transport.batch import Delivery
from streams.transport.faust_app import create_faust_app
from streams.transport.install import batch_topic

log = structlog.get_logger(__name__)

_MAX_RECORDS_IN_FLIGHT: Final = 20_000  # of a partition; twice what a batch takes at most

OnFatal = Callable[[BaseException], None]


@dataclass(frozen=True)
class SinksParts:
    """The parts to start and stop; the registry follower is started first and stopped last."""

    app: faust.App
    follower: RegistryFollower
    holds: PartitionHolds
    partition_writers: PartitionWriters
    writer: BatchWriter
    metrics: MetricSet
    case_counts: CaseCounts
    traces: Traces


class PartitionWriters:
    """Own the writer of each partition, created with the partition's first batch."""

    def __init__(
        self,
        routes_: dict[str, Route],
        batch_writer: BatchWriter,
        limits: Callable[[str], BatchLimits],
        on_fatal: OnFatal,
        holds: Holds,
        followers: Mapping[str, RegistryFollower],
    ) -> None:
        """Keep what a new writer needs.

        ``followers``: per topic, the registry follower to catch up with before messages are
        decoded.
        """
        self._routes = routes_
        self._batch_writer = batch_writer
        self._limits = limits
        self._on_fatal = on_fatal
        self._followers = followers
        self._holds = holds
        self._writers: dict[tuple[str, int], PartitionWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, delivery: Delivery) -> None:
        """Hand a delivery to the writer of its partition; return at once."""
        batch = delivery.value
        place = (batch.topic, batch.partition)
        writer = self._writers.get(place)
        if writer is None:
            writer = self._writers[place] = PartitionWriter(
                *place,
                self._routes[batch.topic],
                self._batch_writer,
                self._limits(batch.topic),
                self._holds,
                self._followers.get(batch.topic),
            )
            task = asyncio.create_task(writer.run(), name=f"{batch.topic}[{batch.partition}]")
            self._tasks.add(task)
            task.add_done_callback(self._on_task_done)
        writer.submit(delivery)

    def blocked(self) -> dict[tuple[str, int], str]:
        """Return the partitions whose writer waits for an outside system, with a sentence each."""
        return {
            place: writer.waiting_for
            for place, writer in self._writers.items()
            if writer.waiting_for
        }

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        # A writer only ends by cancellation or because nothing can be written any more.
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        if not isinstance(error, OperatorError):
            log.error("partition_writer_failed", writer=task.get_name(), exc_info=error)
        self._on_fatal(error)

    async def close(self) -> None:
        """Cancel the writers, dropping what was not written, and close the client."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._batch_writer.close()


def batch_limits(settings: Settings, topic: str) -> BatchLimits:
    """Return the limits at which a batch of the topic is frozen.

    Batches of violations are frozen earlier: there are few of them, and people wait for them.
    """
    age_s = settings.sink_age_s
    if topic == settings.topic_violations:
        age_s = min(age_s, settings.sink_violations_age_s)
    return BatchLimits(
        rows=settings.sink_rows,
        messages=_MAX_RECORDS_IN_FLIGHT // 2,
        bytes=settings.sink_bytes,
        age_s=age_s,
    )


def create_app(settings: Settings, on_fatal: OnFatal) -> SinksParts:
    """Create the application and its parts.

    ``on_fatal`` is called with a sentence when only a person can resolve the failure.
    """
    codec = Codec(schema_ids(settings))
    country = load_country(settings.rules)
    registry = RegistryHistory()
    follower = RegistryFollower(settings, codec, registry, enterprise_from_record, country)
    assess_quality = quality_assessor(registry, settings.policy, settings.partitions)
    table_of = routes(settings, codec, assess_quality, country)
    holds = PartitionHolds(settings, "sinks")
    metrics = MetricSet("sinks", metadata.version("emission-streams"))
    traces = start_traces(settings, settings.group_sinks, metrics)
    counted = SinkMetrics(metrics, traces=traces)
    writer = BatchWriter(
        lambda: async_client(settings),
        log_interval_s=settings.log_interval_s,
        limit=settings.dead_letter_limit,
        decided=holds.resumed,
        metrics=counted,
        replicated=settings.clickhouse_cluster is not None,
    )
    partition_writers = PartitionWriters(
        table_of, writer, partial(batch_limits, settings), on_fatal, holds,
        followers={settings.topic_readings: follower},
    )  # fmt: skip
    # A rebalance never waits for ClickHouse: what was not written is read again.
    app = create_faust_app(
        settings, settings.group_sinks, wait_empty=False, records_in_flight=_MAX_RECORDS_IN_FLIGHT
    )

    app.transport.traced = traces.on

    @app.agent(batch_topic(app, *table_of), concurrency=1, name="sinks")  # type: ignore[untyped-decorator]
    async def deliver(stream: Any) -> None:
        async for event in stream.noack().events():
            partition_writers.submit(event)

    @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
    async def assigned(*_: Any, **__: Any) -> None:
        counted.rebalanced()

    case_counts = CaseCounts(metrics, lambda: async_client(settings))
    return SinksParts(app, follower, holds, partition_writers, writer, metrics, case_counts, traces)
