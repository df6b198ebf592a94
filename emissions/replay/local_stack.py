"""The processes of a run: broker, ClickHouse and workers, started, watched and stopped."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.extra import BROKER, CLICKHOUSE, require
from emissions.program_process import start_program
from emissions.replay.errors import ProcessEndedError, require_room
from emissions.replay.usage import Usage, usage_of
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.settings import Settings

STOP_S = 15.0
TOPICS = "broker"
CLICKHOUSE_DATA = "clickhouse"


class LocalStack:
    """Broker and ClickHouse (embedded unless the run names others) and the deployed workers.

    Use from the main thread as a context manager: children die with it. ``workspace`` holds logs
    and data: ``broker.log``, ``clickhouse/``, ``streams.log``, ``sinks.log``; with ``keep_topics``
    also ``broker/``, which `emissions serve` opens again. Raises `NotInstalledError` where a part
    to embed is not installed.
    """

    def __init__(
        self,
        workspace: Path,
        settings: Settings,
        *,
        embed_broker: bool = True,
        embed_clickhouse: bool = True,
        keep_topics: bool = False,
    ) -> None:
        embedded = ((BROKER, embed_broker), (CLICKHOUSE, embed_clickhouse))
        require(*(module for module, wanted in embedded if wanted))
        self._workspace = workspace
        topics = workspace / TOPICS if keep_topics else None
        self._broker = (
            EmbeddedBroker(log=workspace / "broker.log", data=topics) if embed_broker else None
        )
        self._clickhouse = (
            EmbeddedClickHouse(workspace / CLICKHOUSE_DATA) if embed_clickhouse else None
        )
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []
        self.settings = settings

    def start_broker(self) -> None:
        """Start the embedded broker, unless the run uses another; ``settings`` then name it."""
        require_room(self._workspace)
        if self._broker is not None:
            self._broker.start()
            self.settings = replace(self.settings, broker=self._broker.address)

    def start_clickhouse(self) -> None:
        """Start the embedded ClickHouse, unless the run uses another; ``settings`` then name it."""
        if self._clickhouse is not None:
            self._clickhouse.start()
            self.settings = replace(self.settings, clickhouse_url=self._clickhouse.url)

    def migrate(self) -> None:
        """Create or update the tables and views of ClickHouse."""
        with client(self.settings, database=False) as connected:
            database, rules = self.settings.clickhouse_database, self.settings.rules
            migrate(connected, database, rules=rules)

    def start_worker(self, kind: str) -> None:
        """Start ``emissions worker streams`` or ``sinks`` with the settings of the run."""
        log = self.log_of(kind).open("ab")
        self._logs.append(log)
        self._workers[kind] = start_program(("worker", kind), self.settings, log, self._workspace)

    def log_of(self, kind: str) -> Path:
        """Return the log file of a worker."""
        return self._workspace / f"{kind}.log"

    def usage(self) -> list[Usage]:
        """Return processor time and peak memory of each running process and of this one."""
        pids = {"this command": os.getpid()}
        pids |= {f"{kind} worker": worker.pid for kind, worker in self._workers.items()}
        if self._broker is not None and self._broker.running:
            pids["broker"] = self._broker.pid
        if self._clickhouse is not None and self._clickhouse.pid is not None:
            pids["ClickHouse"] = self._clickhouse.pid
        return [used for name, pid in pids.items() if (used := usage_of(name, pid))]

    def check(self) -> None:
        """Raise ProcessEndedError if a started part has ended, FullDiskError without disk space."""
        require_room(self._workspace)
        for kind, worker in self._workers.items():
            if worker.poll() is not None:
                raise ProcessEndedError(
                    f"the {kind} worker (exit code {worker.returncode})", self.log_of(kind)
                )
        if self._broker is not None and not self._broker.running:
            raise ProcessEndedError("the embedded broker", self._workspace / "broker.log")
        if self._clickhouse is not None and self._clickhouse.port and not self._clickhouse.pid:
            log = self._workspace / CLICKHOUSE_DATA / "clickhouse.log"
            raise ProcessEndedError("the embedded ClickHouse", log)

    def stop_workers(self) -> None:
        """Stop the workers; kill those that do not end in time."""
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
