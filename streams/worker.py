"""The streams worker: the application with everything that runs beside it, as a process."""

from __future__ import annotations

import asyncio
import tempfile

import structlog
from aiokafka.errors import KafkaError

from schemas.errors import SchemaRegistryError
from schemas.ids import HttpIds
from streams.app import SENTENCES, create_app, state_directory
from streams.health.stage import Stage
from streams.health.streams import streams_health
from streams.kafka import Patience
from streams.memory_disk import kept_in_memory
from streams.partition_count import (
    WrongPartitionsError,
    streams_topics,
    until_wrong_partitions,
    wait_for_topics,
)
from streams.process import FAILED, CannotWorkError, End, leave, run_worker
from streams.segments import StoreError, try_directory
from streams.settings import Settings

log = structlog.get_logger(__name__)


def run_streams(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code (see `run_worker`)."""
    return run_worker(settings, StreamsWorker)


class StreamsWorker:
    """Consumes readings; while the broker is away it says so once a period and waits."""

    def __init__(self, settings: Settings, end: End) -> None:
        self._settings = settings
        self._end = end
        self._parts = create_app(settings, self._fatal)
        self._stage = Stage()
        self._health = streams_health(settings, self._parts, self._stage)

    async def work(self) -> None:
        """Wait for the broker, start everything, tick; returns only by an error."""
        settings, parts = self._settings, self._parts
        try:
            try_directory(state_directory(settings))
        except StoreError as error:
            raise CannotWorkError(str(error)) from None
        look_at_disk(settings)
        if settings.web_port:
            await self._health.start()
        self._stage.waits("the worker waits for the broker and its topics")
        topics = streams_topics(settings)
        try:
            await wait_for_topics(settings, topics)
        except WrongPartitionsError as error:
            raise CannotWorkError(str(error)) from None
        trouble = Patience(f"broker {settings.broker} does not answer", settings.say_s)
        for part in (parts.outbox, parts.follower, parts.holds):
            while True:
                try:
                    await part.start()
                except (KafkaError, OSError) as error:
                    await trouble.wait(error)
                else:
                    break
        if isinstance(parts.ids, HttpIds):
            self._stage.waits("the worker waits for the schema registry")
            await _register(settings, parts.ids)
        self._stage.begins()
        await parts.app.start()
        self._stage.runs()
        log.info("started", group=settings.group_streams, broker=settings.broker)
        ticking = asyncio.create_task(parts.leader.run())
        try:
            await until_wrong_partitions(settings, topics, parts.app.wait_until_stopped())
        except WrongPartitionsError as error:
            await parts.lanes.close()  # nothing is judged after it
            raise CannotWorkError(str(error)) from None
        finally:
            ticking.cancel()
        raise RuntimeError(f"the application ended: {parts.app.crash_reason!r}")

    def _fatal(self, error: BaseException) -> None:
        """End, with the sentence where the error is one."""
        if isinstance(error, (*SENTENCES, WrongPartitionsError)):
            log.error(f"the worker stops: {error}")
        self._end(FAILED)

    async def stop(self, code: int) -> None:
        """Stop in order, or at once after a failure."""
        if code == FAILED:
            # Stopping in order would wait for the batch that cannot be finished.
            leave(code)
        self._stage.stops()
        await self._parts.app.stop()  # waits for the batches in work
        await self._parts.lanes.close()
        await self._parts.state.stop()
        await self._parts.holds.stop()
        await self._parts.follower.stop()
        await self._parts.outbox.stop()
        await self._health.stop()


def look_at_disk(settings: Settings) -> None:
    """Refuse a state directory that lies in memory; warn where nobody chose one.

    Raises `CannotWorkError`.
    """
    directory = state_directory(settings)
    kind = kept_in_memory(directory)
    if kind is None or settings.state_in_memory:
        return
    if directory is not None:
        raise CannotWorkError(
            f"EMISSIONS_STATE_DIRECTORY {directory} is {kind}: the state would lie in memory; "
            "name a directory on a disk, or set EMISSIONS_STATE_IN_MEMORY=1 if that is meant"
        )
    log.warning(
        "the state lies in memory: the system's temporary directory is no disk; "
        "set EMISSIONS_STATE_DIRECTORY to a directory on a disk",
        file_system=kind,
        directory=tempfile.gettempdir(),
    )


async def _register(settings: Settings, ids: HttpIds) -> None:
    """Have every schema's id before the first record: encoding then asks nobody any more."""
    trouble = Patience("the schema registry does not answer", settings.say_s)
    while True:
        try:
            await asyncio.to_thread(ids.start)
        except SchemaRegistryError as error:
            await trouble.wait(error)
        else:
            trouble.over()
            return
