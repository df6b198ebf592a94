"""Runs the sinks application as a process: start, signals, a bounded stop, an exit code."""

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

from sinks.app import Parts, create_app
from streams import logs
from streams.kafka import Patience, wait_for_topics
from streams.settings import Settings

log = structlog.get_logger(__name__)

STOPPED: Final = 0
FAILED: Final = 1


def run_sinks(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code.

    0: told to stop. 1: ClickHouse refuses in a way that only a person can mend; the sentence is
    in the log, and nothing that was not written is acknowledged. While ClickHouse or the broker
    is away, the worker says so once a period and waits.
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

    def fatal(sentence: str) -> None:
        log.error("the worker stops: " + sentence)
        end(FAILED)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, STOPPED)
    parts = create_app(settings, fatal)
    work = asyncio.create_task(_work(settings, parts))
    told = asyncio.create_task(over.wait())
    await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        # The work never ends by itself: it failed.
        log.error("the worker fails", exc_info=work.exception())
        end(FAILED)
    work.cancel()
    told.cancel()
    await asyncio.gather(work, told, return_exceptions=True)
    await parts.lanes.close()  # first: what is not written is not acknowledged
    await parts.app.stop()
    await parts.follower.stop()
    log.info("stopped", exit_code=codes[0])
    return codes[0]


async def _work(settings: Settings, parts: Parts) -> None:
    """Wait for the broker, start everything; returns only by an error."""
    topics = (
        settings.topic_readings,
        settings.topic_registry,
        settings.topic_means,
        settings.topic_gaps,
        settings.topic_violations,
        settings.topic_dead_letters,
    )
    await wait_for_topics(settings, dict.fromkeys(topics))
    trouble = Patience(f"broker {settings.broker} does not answer", settings.say_s)
    while True:
        try:
            await parts.follower.start()
        except (KafkaError, OSError) as error:
            await trouble.wait(error)
        else:
            break
    await parts.app.start()
    log.info("started", group=settings.group_sinks, clickhouse=settings.clickhouse_url)
    await parts.app.wait_until_stopped()
    raise RuntimeError(f"the application ended: {parts.app.crash_reason!r}")


def _end_surely(after_s: float, code: int) -> None:
    """End the process at the deadline, whatever it is waiting for."""

    def leave() -> None:
        sys.stderr.flush()
        os._exit(code or FAILED)

    timer = threading.Timer(after_s, leave)
    timer.daemon = True
    timer.start()
