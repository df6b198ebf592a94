"""Runs the streams application as a process: start, signals, a bounded stop, an exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import Final

import structlog
import uvloop
from aiokafka.errors import KafkaError

from schemas.errors import SchemaRegistryError
from schemas.ids import HttpIds
from streams import logs
from streams.app import Parts, create_app
from streams.kafka import Patience, wait_for_topics
from streams.settings import Settings
from streams.state_table import changelog_topic

log = structlog.get_logger(__name__)

STOPPED: Final = 0
FAILED: Final = 1


def run_streams(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code.

    0: told to stop. 1: something happened that only a new start or a person can mend; nothing
    of what was in work is acknowledged. A worker that does not stop within ``stop_s`` ends all
    the same: a crash at any point loses nothing.
    """
    logs.configure(settings)
    # The consumer's thread makes a loop of its own by the policy.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    codes: list[int] = []

    def end(code: int) -> None:
        if not codes:
            _end_surely(settings.stop_s, code)
        codes.append(code)
        over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, STOPPED)
    parts = create_app(settings, lambda _error: end(FAILED))
    work = asyncio.create_task(_work(settings, parts))
    told = asyncio.create_task(over.wait())
    await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        # The work never ends by itself: it failed.
        log.error("the worker fails", exc_info=work.exception())
        end(FAILED)
    code = codes[0]
    log.info("stopping", exit_code=code)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    if code == FAILED:
        # Stopping in order would wait for the batch that cannot be finished.
        _leave(code)
    await parts.app.stop()
    await parts.follower.stop()
    await parts.outbox.stop()
    log.info("stopped")
    return code


async def _work(settings: Settings, parts: Parts) -> None:
    """Wait for the broker, start everything, tick; returns only by an error."""
    await wait_for_topics(
        settings,
        {
            settings.topic_readings: settings.partitions,
            changelog_topic(settings.app_id): settings.partitions,
            settings.topic_registry: None,
            settings.topic_means: None,
            settings.topic_gaps: None,
            settings.topic_violations: None,
            settings.topic_dead_letters: None,
        },
    )
    trouble = Patience(f"broker {settings.broker} does not answer", settings.say_s)
    for part in (parts.outbox, parts.follower):
        while True:
            try:
                await part.start()
            except (KafkaError, OSError) as error:
                await trouble.wait(error)
            else:
                break
    if isinstance(parts.ids, HttpIds):
        await _register(settings, parts.ids)
    await parts.app.start()
    log.info("started", group=settings.group_streams, broker=settings.broker)
    ticking = asyncio.create_task(parts.leader.run())
    try:
        await parts.app.wait_until_stopped()
    finally:
        ticking.cancel()
    raise RuntimeError(f"the application ended: {parts.app.crash_reason!r}")


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


def _end_surely(after_s: float, code: int) -> None:
    """End the process at the deadline, whatever it is waiting for."""
    timer = threading.Timer(after_s, _leave, (code or FAILED,))
    timer.daemon = True
    timer.start()


def _leave(code: int) -> None:
    sys.stderr.flush()
    os._exit(code)
