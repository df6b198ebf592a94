"""The sinks application: every topic into its table. The composition root; nothing runs here.

A Faust application of its own group, so that a ClickHouse outage delays no violation. One agent
takes the partition batches and gives each to its partition's lane.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import faust
import structlog

from schemas.codec import Codec
from schemas.ids import FileIds, HttpIds, SchemaIds
from sinks.batch import BatchLimits
from sinks.clickhouse import async_client
from sinks.decode import Judge, Route, every_channel_valid, routes
from sinks.lane import Delivery, Lane
from sinks.writer import FatalError, Writer
from streams.settings import Settings
from streams.transport import batch_topic, install

log = structlog.get_logger(__name__)

_RECORDS_IN_FLIGHT: Final = 20_000  # of a partition; twice what a batch takes at most

Fatal = Callable[[str], None]


class Lanes:
    """The lanes of a worker, made when their partition's first batch comes."""

    def __init__(
        self, routes_: dict[str, Route], writer: Writer, limits: BatchLimits, fatal: Fatal
    ) -> None:
        self._routes = routes_
        self._writer = writer
        self._limits = limits
        self._fatal = fatal
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def give(self, delivery: Delivery) -> None:
        """Hand a delivery to its partition's lane; returns at once."""
        batch = delivery.value
        where = (batch.topic, batch.partition)
        lane = self._lanes.get(where)
        if lane is None:
            lane = Lane(*where, self._routes[batch.topic], self._writer, self._limits)
            self._lanes[where] = lane
            task = asyncio.create_task(lane.run(), name=f"{batch.topic}[{batch.partition}]")
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        lane.give(delivery)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A lane only ends by cancellation or because nothing can be written any more."""
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, FatalError):
            self._fatal(str(error))
        elif error is not None:
            log.error("a lane failed", lane=task.get_name(), exc_info=error)
            self._fatal(f"{task.get_name()} cannot be written: {type(error).__name__}: {error}")

    async def close(self) -> None:
        """Stop the lanes, dropping what was not written, and close the client."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._writer.close()


def create_app(
    settings: Settings, fatal: Fatal, *, judge: Judge = every_channel_valid
) -> faust.App:
    """The application. ``fatal`` is called with a sentence when a person must act."""
    ids: SchemaIds = (
        HttpIds(settings.schema_registry_url) if settings.schema_registry_url else FileIds()
    )
    table_of = routes(settings, Codec(ids), judge)
    limits = BatchLimits(
        rows=settings.sink_rows,
        messages=_RECORDS_IN_FLIGHT // 2,
        bytes=settings.sink_bytes,
        age_s=settings.sink_age_s,
    )
    writer = Writer(lambda: async_client(settings), say_s=settings.say_s)
    lanes = Lanes(table_of, writer, limits, fatal)
    app = faust.App(
        settings.group_sinks,
        broker=[f"kafka://{address}" for address in settings.broker_addresses],
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,  # a rebalance never waits for ClickHouse
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=settings.commit_s,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_s,
        broker_max_poll_records=settings.poll_records,
        stream_recovery_delay=0.0,
    )
    install(app, records_in_flight=_RECORDS_IN_FLIGHT)

    @app.agent(batch_topic(app, *table_of), concurrency=1, name="sinks")  # type: ignore[untyped-decorator]
    async def deliver(stream: Any) -> None:
        async for event in stream.noack().events():
            lanes.give(event)

    @app.on_before_shutdown.connect  # type: ignore[untyped-decorator]
    async def stop(*_: Any, **__: Any) -> None:
        await lanes.close()

    return app
