"""Run the coroutine of a command so that every ending passes through its clean-up."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import TypeVar

import click
import structlog

Result = TypeVar("Result")
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(work: Coroutine[object, object, Result], *, starts_processes: bool = False) -> Result:
    """Run the coroutine; Ctrl-C, SIGTERM and SIGHUP cancel it and exit with 128 + signal.

    Work that ``starts_processes`` has stopped them then, which is said. Further signals are
    ignored: the clean-up is under way and bounded. Logs of the pipeline go to standard error
    meanwhile, because standard output carries the command's result.
    """
    before = structlog.get_config()
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    received: list[int] = []

    async def supervised() -> Result:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work)

        def end(number: int) -> None:
            if not received:
                received.append(number)
                task.cancel()

        for number in ENDINGS:
            loop.add_signal_handler(number, end, number)
        return await task

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        if not received:
            raise RuntimeError("the work was cancelled without a signal") from None
        stopped = "; all started processes are stopped" if starts_processes else ""
        click.echo(f"emissions: interrupted{stopped}", err=True)
        raise click.exceptions.Exit(128 + received[0]) from None
    finally:
        structlog.configure(**before)
