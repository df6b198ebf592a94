"""A worker as a process: signals, a bounded stop, an exit code."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Final, Protocol

import structlog
import uvloop

from streams import logs
from streams.kafka import broker_answers
from streams.settings import Settings

log = structlog.get_logger(__name__)

STOPPED: Final = 0
FAILED: Final = 1

End = Callable[[int], None]
"""Called with the exit code when the process has to end; the first call counts."""


class CannotWorkError(RuntimeError):
    """The worker cannot go on; the text is a sentence that tells a person what to mend."""


class Worker(Protocol):
    """What runs in the process."""

    async def work(self) -> None:
        """Start everything and go on; returns only by an error, such as `CannotWorkError`."""

    async def stop(self, code: int) -> None:
        """Stop everything in order; what was not finished is not acknowledged."""


def run_worker(settings: Settings, build: Callable[[Settings, End], Worker]) -> int:
    """Run until SIGTERM, SIGINT or a failure; returns the exit code.

    0: told to stop. 1: something happened that only a new start or a person can mend. A worker
    that does not stop within ``stop_s`` ends all the same, with the same code: what it was told
    to do is done, and at no point is anything lost. With the broker away there is nothing to stop
    in order (no offset can be committed, no group be left), so it ends at once.
    """
    logs.configure(settings)
    # A crash in a compiled extension must say where: it is seen once in hundreds of starts.
    faulthandler.enable()
    collect_seldom()
    # The consumer's thread makes a loop of its own by the policy.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    return asyncio.run(_run(settings, build))


def collect_seldom() -> None:
    """Look for cycles seldom: the state lives as long as the process and has none.

    Looking through it again for every few hundred new objects finds nothing.
    """
    gc.set_threshold(200_000, 20, 100)


async def _run(settings: Settings, build: Callable[[Settings, End], Worker]) -> int:
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
    log.info("starting")
    worker = build(settings, end)
    work = asyncio.create_task(worker.work())
    told = asyncio.create_task(over.wait())
    await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        # The work never ends by itself: it failed.
        error = work.exception()
        if isinstance(error, CannotWorkError):
            log.error(f"the worker stops: {error}")
        else:
            log.error("the worker fails", exc_info=error)
        end(FAILED)
    code = codes[0]
    log.info("stopping", exit_code=code)
    work.cancel()
    told.cancel()
    await asyncio.gather(work, told, return_exceptions=True)
    if not await broker_answers(settings):
        log.warning("stopped while the broker is away: what it could not take is done again later")
        leave(code)
    await worker.stop(code)
    log.info("stopped", exit_code=code)
    return code


def _end_surely(after_s: float, code: int) -> None:
    """End the process at the deadline, whatever it is waiting for."""

    def late() -> None:
        log.warning("not stopped in time: what is unfinished is done again later", stop_s=after_s)
        leave(code)

    timer = threading.Timer(after_s, late)
    timer.daemon = True
    timer.start()


def leave(code: int) -> None:
    """End the process at once, without waiting for anything."""
    sys.stderr.flush()
    os._exit(code)
