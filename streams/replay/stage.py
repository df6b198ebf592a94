"""The processes of one run: broker, ClickHouse and workers, started, watched and surely stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.child import dying_with_parent
from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.extra import BROKER, CLICKHOUSE, require
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.replay.failures import StageError, require_room
from streams.replay.usage import Usage, usage_of
from streams.settings import PREFIX, Settings

STOP_S = 15.0


class Stage:
    """Broker and ClickHouse (embedded where the run brings none) and the deployed workers.

    Use from the main thread as a context manager: children are arranged to die with it. Logs and
    data lie in ``workspace``: ``broker.log``, ``clickhouse/``, ``streams.log``, ``sinks.log``.
    Raises `NotInstalledError` where a part that is to be embedded is not installed.
    """

    def __init__(
        self,
        workspace: Path,
        settings: Settings,
        *,
        embed_broker: bool = True,
        embed_clickhouse: bool = True,
    ) -> None:
        embedded = ((BROKER, embed_broker), (CLICKHOUSE, embed_clickhouse))
        require(*(module for module, wanted in embedded if wanted))
        self._workspace = workspace
        self._broker = EmbeddedBroker(log=workspace / "broker.log") if embed_broker else None
        self._clickhouse = (
            EmbeddedClickHouse(workspace / "clickhouse") if embed_clickhouse else None
        )
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []
        self.settings = settings

    def start_broker(self) -> None:
        """The embedded broker, unless the run uses another; ``settings`` then name it."""
        require_room(self._workspace)
        if self._broker is not None:
            self._broker.start()
            self.settings = replace(self.settings, broker=self._broker.address)

    def start_clickhouse(self) -> None:
        """The embedded ClickHouse, unless the run uses another; ``settings`` then name it."""
        if self._clickhouse is not None:
            self._clickhouse.start()
            self.settings = replace(self.settings, clickhouse_url=self._clickhouse.url)

    def migrate(self) -> None:
        """Bring the tables and views of ClickHouse up to date."""
        with client(self.settings, database=False) as connected:
            migrate(connected, self.settings.clickhouse_database)

    def start_worker(self, kind: str) -> None:
        """``emissions worker streams`` or ``sinks`` with the settings of the run."""
        log = self.log_of(kind).open("ab")
        self._logs.append(log)
        outer = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        self._workers[kind] = subprocess.Popen(
            [sys.executable, "-m", "streams.cli.main", "worker", kind],
            cwd=self._workspace,  # the runtime's own data directory belongs to the run
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**outer, **self.settings.as_env()},
            preexec_fn=dying_with_parent(),
            start_new_session=True,  # Ctrl-C is for this process, which stops them in order
        )

    def log_of(self, kind: str) -> Path:
        """Where a worker writes what it does."""
        return self._workspace / f"{kind}.log"

    def usage(self) -> list[Usage]:
        """What each process that runs, and this one, has used so far."""
        pids = {"this command": os.getpid()}
        pids |= {f"{kind} worker": worker.pid for kind, worker in self._workers.items()}
        if self._broker is not None and self._broker.running:
            pids["broker"] = self._broker.pid
        if self._clickhouse is not None and self._clickhouse.pid is not None:
            pids["ClickHouse"] = self._clickhouse.pid
        return [used for name, pid in pids.items() if (used := usage_of(name, pid))]

    def check(self) -> None:
        """Raises StageError if a part that was started is gone, FullDiskError without room."""
        require_room(self._workspace)
        for kind, worker in self._workers.items():
            if worker.poll() is not None:
                raise StageError(
                    f"the {kind} worker (exit code {worker.returncode})", self.log_of(kind)
                )
        if self._broker is not None and not self._broker.running:
            raise StageError("the embedded broker", self._workspace / "broker.log")
        if self._clickhouse is not None and self._clickhouse.port and not self._clickhouse.pid:
            log = self._workspace / "clickhouse" / "clickhouse.log"
            raise StageError("the embedded ClickHouse", log)

    def stop_workers(self) -> None:
        """Ask the workers to end, then make sure that they did."""
        for worker in self._workers.values():
            worker.terminate()
        for worker in self._workers.values():
            try:
                worker.wait(STOP_S)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        self._workers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop_workers()
        finally:
            if self._clickhouse is not None:
                self._clickhouse.stop()
            if self._broker is not None:
                self._broker.stop()
            for log in self._logs:
                log.close()
