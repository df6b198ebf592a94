"""Serves ``/livez``, ``/readyz`` and ``/metrics`` from a thread of its own.

The thread has its own event loop, so it answers while a batch is processed, while the worker still
waits for the broker, and when the worker's loop hangs. All that it knows of the worker is a
`WorkerSnapshot`, which the worker's loop takes twice a second.
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

from streams.errors import OperatorError
from streams.health.broker_probe import NOT_ASKED, BrokerProbe, DependencyCheck
from streams.health.metrics import HealthMetrics, Watched
from streams.health.progress import ProgressMonitor
from streams.health.report import (
    ExternalChecks,
    Page,
    WorkerSnapshot,
    livez,
    observation,
    readyz,
)
from streams.metrics.metric_set import MetricSet
from streams.settings import Settings

log = structlog.get_logger(__name__)

SNAPSHOT_S: Final = 0.5
PROBE_S: Final = 3.0
_START_S: Final = 10.0
_NO_SNAPSHOT: Final = WorkerSnapshot({}, {"started": "the worker is starting"})


class Health:
    """Watch one worker; start it before the worker's other parts, stop it after them."""

    def __init__(
        self,
        settings: Settings,
        *,
        group: str,
        topics: Collection[str],
        snapshot: Callable[[], WorkerSnapshot],
        metrics: MetricSet,
        dependencies: Mapping[str, DependencyCheck] | None = None,
        written: Mapping[str, int] | None = None,
    ) -> None:
        """Watch ``topics``; ``written``: the topics it writes, with the in-sync replicas needed.

        ``metrics`` are those of the worker, which get the ones of its health as well.
        """
        self._settings = settings
        self._take_snapshot = snapshot
        self._monitor = ProgressMonitor(settings.stuck_s)
        self._probe = BrokerProbe(settings, group, topics, dependencies or {}, written or {})
        self._period_s = min(PROBE_S, settings.stuck_s / 5)
        self._snapshot = _NO_SNAPSHOT
        self._checks = NOT_ASKED
        self._metrics = metrics
        self._health_metrics = HealthMetrics(metrics, group, self._watched)
        self._reasons: list[str] = []
        self._snapshots: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self._open = threading.Event()
        self._error: OSError | None = None

    async def start(self) -> None:
        """Open the port and start watching; raise `OperatorError` if the port cannot be opened."""
        self._snapshots = asyncio.create_task(self._take_snapshots())
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()
        await asyncio.to_thread(self._open.wait, _START_S)
        if self._error is not None:
            raise OperatorError(
                f"port {self._settings.web_port} of {self._settings.web_host} cannot be opened "
                f"({self._error.strerror}): EMISSIONS_WEB_PORT names another"
            )

    async def stop(self) -> None:
        """Close the port."""
        if self._snapshots is not None:
            self._snapshots.cancel()
        if self._loop is not None and self._serving is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._serving.cancel)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _START_S)

    async def _take_snapshots(self) -> None:
        """Take snapshots in the worker's loop, periodically."""
        iterations = 0
        while True:
            iterations += 1
            self._snapshot = dataclasses.replace(self._take_snapshot(), loop_iterations=iterations)
            await asyncio.sleep(SNAPSHOT_S)

    # --- in the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._serving = asyncio.get_running_loop(), asyncio.current_task()
        pages = web.Application()
        pages.router.add_get("/livez", self._livez)
        pages.router.add_get("/readyz", self._readyz)
        pages.router.add_get("/metrics", self._show_metrics)
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
            await self._probe.close()

    async def _round(self) -> None:
        """Check outside, then fold the snapshot from before with the results."""
        before = self._snapshot
        doubtful = {stalled.place for stalled in self._monitor.stalled(0.5)}
        try:
            self._checks = await self._probe.ask(before.positions, doubtful)
            # A position that is read before the end never looks nearer to it than it is.
            self._monitor.observe(observation(time.monotonic(), before, self._checks))
            self._health_metrics.observe()
        except Exception as error:  # the pages must not rest on a probe that stopped
            log.exception("broker_probe_failed")
            self._checks = ExternalChecks(f"the watch failed: {error!r}", {}, {})
        if self._monitor.reasons != self._reasons:
            self._log(self._monitor.reasons)

    def _log(self, reasons: list[str]) -> None:
        if reasons and not self._reasons:
            log.error("no_progress", reasons=reasons)
        elif self._reasons and not reasons:
            log.info("progress_resumed")
        self._reasons = reasons

    async def _livez(self, _: web.Request) -> web.Response:
        return _response(livez(self._monitor, self._snapshot, self._checks, os.getpid()))

    async def _readyz(self, _: web.Request) -> web.Response:
        return _response(readyz(self._monitor, self._snapshot, self._checks))

    async def _show_metrics(self, request: web.Request) -> web.Response:
        body, content_type = self._metrics.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    def _watched(self) -> Watched:
        return Watched(self._monitor, self._snapshot, self._checks)


def _response(page: Page) -> web.Response:
    return web.json_response(page.body, status=page.status)
