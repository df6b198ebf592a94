"""The sinks worker: the application that writes to ClickHouse, as a process."""

from __future__ import annotations

import structlog
from aiokafka.errors import KafkaError

from sinks.app import create_app
from sinks.health import sinks_health
from streams.health.stage import Stage
from streams.kafka import Patience, wait_for_topics
from streams.process import FAILED, End, run_worker
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
        self._topics = (
            settings.topic_readings,
            settings.topic_registry,
            settings.topic_means,
            settings.topic_gaps,
            settings.topic_violations,
            settings.topic_dead_letters,
        )
        self._health = sinks_health(settings, self._parts, self._topics, self._stage)

    async def work(self) -> None:
        """Wait for the broker, start everything; returns only by an error."""
        settings, parts = self._settings, self._parts
        if settings.web_port:
            await self._health.start()
        self._stage.waits("the worker waits for the broker and its topics")
        await wait_for_topics(settings, dict.fromkeys(self._topics))
        trouble = Patience(f"broker {settings.broker} does not answer", settings.say_s)
        while True:
            try:
                await parts.follower.start()
            except (KafkaError, OSError) as error:
                await trouble.wait(error)
            else:
                break
        self._stage.begins()
        await parts.app.start()
        self._stage.runs()
        log.info("started", group=settings.group_sinks, clickhouse=settings.clickhouse_url)
        await parts.app.wait_until_stopped()
        raise RuntimeError(f"the application ended: {parts.app.crash_reason!r}")

    async def stop(self, code: int) -> None:  # noqa: ARG002 (the same way for both)
        """Stop in order: first the lanes, so that what is not written is not acknowledged."""
        self._stage.stops()
        await self._parts.lanes.close()
        await self._parts.app.stop()
        await self._parts.follower.stop()
        await self._health.stop()
