"""Run the sinks application, which writes to ClickHouse, as a process."""

from __future__ import annotations

import asyncio

import structlog
from aiokafka.errors import KafkaError

from sinks.app import create_app
from sinks.health import sinks_health
from streams.errors import OperatorError
from streams.health.lifecycle import Lifecycle
from streams.kafka.partition_count import (
    sinks_topics,
    until_wrong_partitions,
    wait_for_topics,
)
from streams.kafka.retry import Backoff
from streams.runtime.process import FAILED, End, run_worker
from streams.settings import Settings

log = structlog.get_logger(__name__)


def run_sinks(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT and return the exit code (see `run_worker`).

    While ClickHouse or the broker is unavailable, the worker waits and logs the reason once per
    interval. It exits with 1 when ClickHouse refuses in a way that only a person can resolve.
    """
    return run_worker(settings, SinksWorker)


class SinksWorker:
    """Write the messages of all topics to ClickHouse."""

    def __init__(self, settings: Settings, end: End) -> None:
        def on_fatal(error: BaseException) -> None:
            if isinstance(error, OperatorError):
                log.error("worker_needs_operator", problem=str(error))
            end(FAILED)

        self._settings = settings
        self._parts = create_app(settings, on_fatal)
        self._lifecycle = Lifecycle()
        self._topics = sinks_topics(settings)
        self._health = sinks_health(settings, self._parts, tuple(self._topics), self._lifecycle)

    async def work(self) -> None:
        """Wait for the broker, start every part, and run; return only by raising an error."""
        settings, parts = self._settings, self._parts
        if settings.web_port:
            await self._health.start()
        self._lifecycle.waiting_for("the worker waits for the broker and its topics")
        await wait_for_topics(settings, {**self._topics, settings.topic_holds: None})
        backoff = Backoff(
            "connect", f"broker {settings.broker} does not answer", settings.log_interval_s
        )
        for part in (parts.follower, parts.holds):
            while True:
                try:
                    await part.start()
                except (KafkaError, OSError) as error:
                    await backoff.wait(error)
                else:
                    break
        self._lifecycle.starting()
        await parts.app.start()
        self._lifecycle.running()
        log.info("worker_started", group=settings.group_sinks, clickhouse=settings.clickhouse_url)
        counting = asyncio.create_task(self._count_cases())
        try:
            await until_wrong_partitions(settings, self._topics, parts.app.wait_until_stopped())
        finally:
            counting.cancel()
        raise RuntimeError(f"the application ended: {parts.app.crash_reason!r}")

    async def _count_cases(self) -> None:
        """Count cases where somebody can read the counts."""
        if self._settings.web_port:
            await self._parts.case_counts.run()

    async def stop(self, code: int) -> None:  # noqa: ARG002 (the same way for both)
        """Stop in order: first the writers, so that what is not written is not acknowledged."""
        self._lifecycle.stopping()
        await self._parts.partition_writers.close()
        await self._parts.app.stop()
        await self._parts.holds.stop()
        await self._parts.follower.stop()
        await self._health.stop()
        self._parts.traces.close()
