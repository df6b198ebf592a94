"""The thread that looks after a worker and answers ``/livez`` and ``/readyz``.

It has an event loop of its own, so that it answers while a batch is judged, while the worker still
waits for the broker, and when the worker's loop hangs. What it knows of the worker is a `Look`,
which the worker's loop puts down twice a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

import structlog
from aiohttp import web

from streams.health.movement import Movement
from streams.health.report import Look, Outside, Page, livez, observation, readyz
from streams.health.watch import NOBODY, Question, Watch
from streams.process import CannotWorkError
from streams.settings import Settings

log = structlog.get_logger(__name__)

LOOK_S: Final = 0.5
WATCH_S: Final = 3.0
_START_S: Final = 10.0
_NOT_YET: Final = Look({}, {"started": "the worker is starting"})


class Health:
    """Started before everything else of a worker, and stopped after it."""

    def __init__(
        self,
        settings: Settings,
        *,
        group: str,
        topics: Collection[str],
        look: Callable[[], Look],
        questions: Mapping[str, Question] | None = None,
        written: Mapping[str, int] | None = None,
    ) -> None:
        """``written``: topics that the worker writes, with the in-sync replicas they need."""
        self._settings = settings
        self._ask = look
        self._movement = Movement(settings.stuck_s)
        self._watch = Watch(settings, group, topics, questions or {}, written or {})
        self._period_s = min(WATCH_S, settings.stuck_s / 5)
        self._look = _NOT_YET
        self._outside = NOBODY
        self._reasons: list[str] = []
        self._looking: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self._open = threading.Event()
        self._error: OSError | None = None

    async def start(self) -> None:
        """Open the port and begin to look; `CannotWorkError` when the port cannot be opened."""
        self._looking = asyncio.create_task(self._look_often())
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()
        await asyncio.to_thread(self._open.wait, _START_S)
        if self._error is not None:
            raise CannotWorkError(
                f"port {self._settings.web_port} of {self._settings.web_host} cannot be opened "
                f"({self._error.strerror}): EMISSIONS_WEB_PORT names another"
            )

    async def stop(self) -> None:
        """Close the port."""
        if self._looking is not None:
            self._looking.cancel()
        if self._loop is not None and self._serving is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._serving.cancel)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _START_S)

    async def _look_often(self) -> None:
        """In the worker's loop: put down what the worker tells of itself."""
        turns = 0
        while True:
            turns += 1
            self._look = dataclasses.replace(self._ask(), turns=turns)
            await asyncio.sleep(LOOK_S)

    # --- in the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._serving = asyncio.get_running_loop(), asyncio.current_task()
        pages = web.Application()
        pages.router.add_get("/livez", self._livez)
        pages.router.add_get("/readyz", self._readyz)
        runner = web.AppRunner(pages, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, self._settings.web_host, self._settings.web_port)
        try:
            await site.start()
        except OSError as error:
            self._error = error
            return
        finally:
            self._open.set()
        try:
            while True:
                await self._round()
                await asyncio.sleep(self._period_s)
        except asyncio.CancelledError:
            pass
        finally:
            await runner.cleanup()
            await self._watch.close()

    async def _round(self) -> None:
        """Look outside, and judge what was seen inside before and is to be seen there now."""
        before = self._look
        doubtful = {standing.place for standing in self._movement.standing(0.5)}
        try:
            self._outside = await self._watch.ask(before.positions, doubtful)
            # A position that is read before the end never looks nearer to it than it is.
            self._movement.observe(observation(time.monotonic(), before, self._outside))
        except Exception as error:  # the pages must not rest on a watch that stopped
            log.exception("the watch failed, will try again")
            self._outside = Outside(f"the watch failed: {error!r}", {}, {})
        if self._movement.reasons != self._reasons:
            self._say(self._movement.reasons)

    def _say(self, reasons: list[str]) -> None:
        if reasons and not self._reasons:
            log.error("the worker does not get on", reasons=reasons)
        elif self._reasons and not reasons:
            log.info("the worker gets on again")
        self._reasons = reasons

    async def _livez(self, _: web.Request) -> web.Response:
        return _response(livez(self._movement, self._look, self._outside, os.getpid()))

    async def _readyz(self, _: web.Request) -> web.Response:
        return _response(readyz(self._movement, self._look, self._outside))


def _response(page: Page) -> web.Response:
    return web.json_response(page.body, status=page.status)
