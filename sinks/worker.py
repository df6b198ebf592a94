"""The sinks worker: the application that writes to ClickHouse, as a process."""

from __future__ import annotations

import structlog
from aiokafka.errors import KafkaError

from sinks.app import create_app
from sinks.health import sinks_health
from streams.health.stage import Stage
from streams.kafka import Patience
from streams.partition_count import (
    WrongPartitionsError,
    sinks_topics,
    until_wrong_partitions,
    wait_for_topics,
)
from streams.process import FAILED, CannotWorkError, End, run_worker
from streams.settings import Settings

log = structlog.get_logger(__name__)


def run_sinks(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code (see `run_worker`).

    While ClickHouse or the broker is away, the worker says so once a period and waits; it ends
    with 1 when ClickHouse refuses in a way that only a person can mend.
    """
    return run_worker(settings, SinksWorker)


class SinksWorker:
    """Writes what the topics carry."""

    def __init__(self, settings: Settings, end: End) -> None:
        def fatal(sentence: str) -> None:
            log.error("the worker stops: " + sentence)
            end(FAILED)

        self._settings = settings
        self._parts = create_app(settings, fatal)
        self._stage = Stage()
        self._topics = sinks_topics(settings)
        self._health = sinks_health(settings, self._parts, tuple(self._topics), self._stage)

    async def work(self) -> None:
        """Wait for the broker, start everything; returns only by an error."""
        settings, parts = self._settings, self._parts
        if settings.web_port:
            await self._health.start()
        self._stage.waits("the worker waits for the broker and its topics")
        try:
            await wait_for_topics(settings, {**self._topics, settings.topic_holds: None})
        except WrongPartitionsError as error:
            raise CannotWorkError(str(error)) from None
        trouble = Patience(f"broker {settings.broker} does not answer", settings.say_s)
        for part in (parts.follower, parts.holds):
            while True:
                try:
                    await part.start()
                except (KafkaError, OSError) as error:
                    await trouble.wait(error)
                else:
                    break
        self._stage.begins()
        await parts.app.start()
        self._stage.runs()
        log.info("started", group=settings.group_sinks, clickhouse=settings.clickhouse_url)
        try:
            await until_wrong_partitions(settings, self._topics, parts.app.wait_until_stopped())
        except WrongPartitionsError as error:
            raise CannotWorkError(str(error)) from None
        raise RuntimeError(f"the application ended: {parts.app.crash_reason!r}")

    async def stop(self, code: int) -> None:  # noqa: ARG002 (the same way for both)
        """Stop in order: first the lanes, so that what is not written is not acknowledged."""
        self._stage.stops()
        await self._parts.lanes.close()
        await self._parts.app.stop()
        await self._parts.holds.stop()
        await self._parts.follower.stop()
        await self._health.stop()
