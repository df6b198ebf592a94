"""The streams worker as a process: the application and everything that runs beside it."""

from __future__ import annotations

import asyncio
import tempfile

import structlog
from aiokafka.errors import KafkaError

from schemas.errors import SchemaRegistryError
from schemas.ids import HttpIds
from streams.app import create_app
from streams.changelog.segments import try_directory
from streams.errors import OperatorError
from streams.health.lifecycle import Lifecycle
from streams.kafka.partition_count import (
    WrongPartitionsError,
    streams_topics,
    until_wrong_partitions,
    wait_for_topics,
)
from streams.kafka.retry import Backoff
from streams.runtime.memory_disk import memory_file_system
from streams.runtime.process import FAILED, End, exit_now, run_worker
from streams.settings import Settings
from streams.worker_health import streams_health

log = structlog.get_logger(__name__)


def run_streams(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; return the exit code (see `run_worker`)."""
    return run_worker(settings, StreamsWorker)


class StreamsWorker:
    """Consume readings; while the broker is unreachable, log it periodically and wait."""

    def __init__(self, settings: Settings, end: End) -> None:
        self._settings = settings
        self._end = end
        self._parts = create_app(settings, self._fatal)
        self._lifecycle = Lifecycle()
        self._health = streams_health(settings, self._parts, self._lifecycle)

    async def work(self) -> None:
        """Wait for the broker, start everything, publish ticks; return only by an error."""
        settings, parts = self._settings, self._parts
        try_directory(settings.state_path)
        check_state_directory(settings)
        if settings.web_port:
            await self._health.start()
        self._lifecycle.waiting_for("the worker waits for the broker and its topics")
        topics = streams_topics(settings)
        await wait_for_topics(settings, topics)
        backoff = Backoff(
            "connect", f"broker {settings.broker} does not answer", settings.log_interval_s
        )
        for part in (parts.producer, parts.follower, parts.holds):
            while True:
                try:
                    await part.start()
                except (KafkaError, OSError) as error:
                    await backoff.wait(error)
                else:
                    break
        if isinstance(parts.ids, HttpIds):
            self._lifecycle.waiting_for("the worker waits for the schema registry")
            await _register(settings, parts.ids)
        self._lifecycle.starting()
        await parts.app.start()
        self._lifecycle.running()
        log.info("worker_started", group=settings.group_streams, broker=settings.broker)
        ticking = asyncio.create_task(parts.ticks.run())
        try:
            await until_wrong_partitions(settings, topics, parts.app.wait_until_stopped())
        except WrongPartitionsError:
            await parts.tasks.close()  # nothing is processed after it
            raise
        finally:
            ticking.cancel()
        raise RuntimeError(f"the application ended: {parts.app.crash_reason!r}")

    def _fatal(self, error: BaseException) -> None:
        """End the process; log the error if it is a sentence for the operator."""
        if isinstance(error, OperatorError):
            log.error("worker_needs_operator", problem=str(error))
        self._end(FAILED)

    async def stop(self, code: int) -> None:
        """Stop in order, or at once after a failure."""
        if code == FAILED:
            # Stopping in order would wait for the batch that cannot be finished.
            exit_now(code)
        self._lifecycle.stopping()
        await self._parts.app.stop()  # waits for the batches in work
        await self._parts.tasks.close()
        await self._parts.state.stop()
        await self._parts.holds.stop()
        await self._parts.follower.stop()
        await self._parts.producer.stop()
        await self._health.stop()
        self._parts.traces.close()


def check_state_directory(settings: Settings) -> None:
    """Refuse a chosen state directory that lies in memory; warn if the default one does.

    Raises `OperatorError`.
    """
    directory = settings.state_path
    kind = memory_file_system(directory)
    if kind is None or settings.state_in_memory:
        return
    if directory is not None:
        raise OperatorError(
            f"EMISSIONS_STATE_DIRECTORY {directory} is {kind}: the state would lie in memory; "
            "name a directory on a disk, or set EMISSIONS_STATE_IN_MEMORY=1 if that is meant"
        )
    log.warning(
        "state_directory_in_memory",
        file_system=kind,
        directory=tempfile.gettempdir(),
        setting="EMISSIONS_STATE_DIRECTORY",
    )


async def _register(settings: Settings, ids: HttpIds) -> None:
    """Get every schema's id before the first record, so that encoding never waits for one."""
    backoff = Backoff(
        "register_schemas", "the schema registry does not answer", settings.log_interval_s
    )
    while True:
        try:
            await asyncio.to_thread(ids.start)
        except SchemaRegistryError as error:
            await backoff.wait(error)
        else:
            backoff.recovered()
            return
