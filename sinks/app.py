"""The sinks application: every topic into its table. The composition root; nothing runs here.

A Faust application of its own group, so that a ClickHouse outage delays no violation. One agent
takes the partition batches and gives each to its partition's lane.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import faust
import structlog

from schemas.codec import Codec
from sinks.batch import BatchLimits
from sinks.clickhouse import async_client
from sinks.decode import Route, routes
from sinks.judge import registry_judge
from sinks.lane import Delivery, Holds, Lane
from sinks.writer import FatalError, Writer
from streams.app import faust_app, policy_of, schema_ids
from streams.core.registry_history import RegistryHistory
from streams.dead_letter_limit import limit_policy
from streams.hold_log import HoldLog
from streams.registry.avro import enterprise_from_record
from streams.registry_follower import RegistryFollower
from streams.settings import Settings
from streams.transport import batch_topic

log = structlog.get_logger(__name__)

_RECORDS_IN_FLIGHT: Final = 20_000  # of a partition; twice what a batch takes at most

Fatal = Callable[[str], None]


@dataclass(frozen=True)
class Parts:
    """What has to be started and stopped, the follower first and last."""

    app: faust.App
    follower: RegistryFollower
    holds: HoldLog
    lanes: Lanes
    writer: Writer


class Lanes:
    """The lanes of a worker, made when their partition's first batch comes."""

    def __init__(
        self,
        routes_: dict[str, Route],
        writer: Writer,
        limits: Callable[[str], BatchLimits],
        fatal: Fatal,
        holds: Holds,
        prepare: Mapping[str, RegistryFollower],
    ) -> None:
        self._routes = routes_
        self._writer = writer
        self._limits = limits
        self._fatal = fatal
        self._prepare = prepare
        self._holds = holds
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def give(self, delivery: Delivery) -> None:
        """Hand a delivery to its partition's lane; returns at once."""
        batch = delivery.value
        where = (batch.topic, batch.partition)
        lane = self._lanes.get(where)
        if lane is None:
            follower = self._prepare.get(batch.topic)
            lane = Lane(
                *where,
                self._routes[batch.topic],
                self._writer,
                self._limits(batch.topic),
                self._holds,
                follower,
            )
            self._lanes[where] = lane
            task = asyncio.create_task(lane.run(), name=f"{batch.topic}[{batch.partition}]")
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        lane.give(delivery)

    def waiting(self) -> dict[tuple[str, int], str]:
        """Partitions whose lane waits for something outside, with what it waits for."""
        return {place: lane.waits for place, lane in self._lanes.items() if lane.waits}

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


def limits_of(settings: Settings, topic: str) -> BatchLimits:
    """When a batch of a topic is full; violations, few and awaited, are so sooner than others."""
    age_s = settings.sink_age_s
    if topic == settings.topic_violations:
        age_s = min(age_s, settings.sink_violations_age_s)
    return BatchLimits(
        rows=settings.sink_rows,
        messages=_RECORDS_IN_FLIGHT // 2,
        bytes=settings.sink_bytes,
        age_s=age_s,
    )


def create_app(settings: Settings, fatal: Fatal) -> Parts:
    """The application and its parts. ``fatal`` is told in a sentence what a person must mend."""
    codec = Codec(schema_ids(settings))
    registry = RegistryHistory()
    follower = RegistryFollower(settings, codec, registry, enterprise_from_record)
    judge = registry_judge(registry, policy_of(settings), settings.partitions)
    table_of = routes(settings, codec, judge)
    holds = HoldLog(settings, "sinks")
    writer = Writer(
        lambda: async_client(settings),
        say_s=settings.say_s,
        limit=limit_policy(settings),
        decided=holds.resumed,
    )
    lanes = Lanes(
        table_of, writer, partial(limits_of, settings), fatal, holds,
        prepare={settings.topic_readings: follower},
    )  # fmt: skip
    # A rebalance never waits for ClickHouse: what was not written is read again.
    app = faust_app(
        settings, settings.group_sinks, wait_empty=False, records_in_flight=_RECORDS_IN_FLIGHT
    )

    @app.agent(batch_topic(app, *table_of), concurrency=1, name="sinks")  # type: ignore[untyped-decorator]
    async def deliver(stream: Any) -> None:
        async for event in stream.noack().events():
            lanes.give(event)

    return Parts(app, follower, holds, lanes, writer)
