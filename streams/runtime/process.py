"""Runs a worker as a process: signals, a bounded stop, an exit code."""

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

from streams.errors import OperatorError
from streams.kafka.client import broker_answers
from streams.runtime import logs
from streams.runtime.free_memory import give_back_freed_memory, heap_trim, keep_one_heap
from streams.settings import Settings

log = structlog.get_logger(__name__)

STOPPED: Final = 0
FAILED: Final = 1

EXIT_CODES: Final = {
    str(STOPPED): "told to stop (SIGTERM, SIGINT); nothing is lost",
    str(FAILED): "something that only a new start or a person can mend; the log says which",
    "2": "a setting is wrong: one sentence names it",
}
"""Exit codes of a worker (docs/reference/exit-codes.md)."""

End = Callable[[int], None]
"""Ends the process with an exit code; the first call counts."""


class Worker(Protocol):
    """Run in the process until told to stop."""

    async def work(self) -> None:
        """Start everything and run; return only by an error, such as `OperatorError`."""

    async def stop(self, code: int) -> None:
        """Stop everything in order; unfinished batches stay unacknowledged."""


def run_worker(settings: Settings, build: Callable[[Settings, End], Worker]) -> int:
    """Run until SIGTERM, SIGINT or a failure; return the exit code.

    0: told to stop. 1: failed, only a restart or a person helps. A worker that does not stop
    within ``stop_s`` exits all the same, with the same code; nothing is lost at any point. With
    the broker unreachable there is nothing to stop in order (no offset can be committed, no group
    be left), so it exits at once.
    """
    logs.configure(settings)
    # A crash in a compiled extension must say where: it happens once in hundreds of starts.
    faulthandler.enable()
    keep_one_heap()
    relax_gc()
    # The consumer's thread makes a loop of its own by the policy.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    return asyncio.run(_run(settings, build))


def relax_gc() -> None:
    """Collect garbage rarely: the state lives as long as the process and has no cycles.

    Scanning it again for every few hundred new objects finds nothing.
    """
    gc.set_threshold(200_000, 20, 100)


async def _run(settings: Settings, build: Callable[[Settings, End], Worker]) -> int:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    codes: list[int] = []

    def end(code: int) -> None:
        if not codes:
            _exit_after(settings.stop_s, code)
        codes.append(code)
        over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, STOPPED)
    log.info("worker_starting")
    try:
        worker = build(settings, end)
    except OperatorError as missing:
        log.error("worker_needs_operator", problem=str(missing))
        return FAILED
    work = asyncio.create_task(worker.work())
    told = asyncio.create_task(over.wait())
    freeing = asyncio.create_task(give_back_freed_memory(heap_trim()))
    await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        # It never ends by itself: it failed.
        error = work.exception()
        if isinstance(error, OperatorError):
            log.error("worker_needs_operator", problem=str(error))
        else:
            log.error("worker_crashed", exc_info=error)
        end(FAILED)
    code = codes[0]
    log.info("worker_stopping", exit_code=code)
    work.cancel()
    told.cancel()
    freeing.cancel()
    await asyncio.gather(work, told, freeing, return_exceptions=True)
    if not await broker_answers(settings):
        log.warning("worker_stopped_without_broker")
        exit_now(code)
    await worker.stop(code)
    log.info("worker_stopped", exit_code=code)
    return code


def _exit_after(after_s: float, code: int) -> None:
    """Exit the process at the deadline, whatever it is waiting for."""

    def late() -> None:
        log.warning("stop_timed_out", stop_s=after_s)
        exit_now(code)

    timer = threading.Timer(after_s, late)
    timer.daemon = True
    timer.start()


def exit_now(code: int) -> None:
    """Exit the process at once, without waiting for anything."""
    sys.stderr.flush()
    os._exit(code)
