"""Run the embedded ClickHouse as a child process."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import selectors
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from deploy.embedded.child import end, last_line, stable_port
from deploy.embedded.clickhouse_users import USER
from deploy.embedded.extra import CLICKHOUSE, require

_IN_USE = "is in use by another ClickHouse process"  # as `clickhouse_engine` says it
_START_S = 60.0
_STOP_S = 20.0
_DEFAULT_MEMORY = 700 << 20


class StartError(Exception):
    """The embedded ClickHouse did not start; the message says why."""


class InUseError(StartError):
    """Another process has the directory open."""


class EmbeddedClickHouse:
    """Run ClickHouse on ``http://127.0.0.1:<free port>`` with its data in ``path``.

    Every request must carry its ``key``, which is random for each object unless it is given. It may
    be stopped and started again: key and port stay the same after the first start, so clients
    reconnect. It logs to ``path/clickhouse.log`` and ends with this process.
    """

    module: ClassVar[str] = "deploy.embedded.clickhouse_server"

    def __init__(
        self,
        path: Path,
        *,
        port: int = 0,
        key: str | None = None,
        memory_bytes: int = _DEFAULT_MEMORY,
    ) -> None:
        self.path = path
        self.port = port
        self.host = "127.0.0.1"
        self.user = USER
        self.key = key or secrets.token_urlsafe(32)
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._began_at = 0  # where in the log this start of it begins

    @property
    def url(self) -> str:
        """Address for clients, with user and key: ``http://user:key@127.0.0.1:port``."""
        return f"http://{self.user}:{self.key}@{self.host}:{self.port}"

    @property
    def address(self) -> str:
        """Address without the key, ``http://127.0.0.1:port``."""
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    @property
    def exit_code(self) -> int | None:
        """With which code it ended (negative: by that signal); None: it runs, or was stopped."""
        return None if self._process is None else self._process.poll()

    def start(self) -> EmbeddedClickHouse:
        """Start it and wait until it answers. Raises `StartError`, `NotInstalledError`."""
        require(CLICKHOUSE)
        self.path.mkdir(parents=True, exist_ok=True)
        port = self.port or stable_port()  # a port of the kernel's could be lost while it is down
        with (self.path / "clickhouse.log").open("ab") as log:
            self._began_at = log.seek(0, os.SEEK_END)
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", self.module),
                    *("--path", str(self.path), "--port", str(port)),
                    *("--memory", str(self._memory_bytes), "--parent", str(os.getpid())),
                    "--key-from-stdin",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl+C is for the parent, which stops it in order
            )
        try:
            self._send_key()
            self.port = int(json.loads(self._first_line())["port"])
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Terminate it, and kill it if it does not end. Does nothing if it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        end(process, _STOP_S)
        if process.stdout is not None:
            process.stdout.close()

    def kill(self) -> None:
        """Kill it at once (SIGKILL), as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.stop()

    def __enter__(self) -> EmbeddedClickHouse:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _send_key(self) -> None:
        """Send the key through standard input, where no process listing shows it."""
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), process.stdin:  # its log says why it ended
                process.stdin.write(f"{self.key}\n".encode())

    def _first_line(self) -> bytes:
        """Return the line that the server prints when it is ready."""
        process = self._process
        if process is None or process.stdout is None:
            raise StartError("the embedded ClickHouse was not started")
        deadline = time.monotonic() + _START_S
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            ready = selector.select(max(0.0, deadline - time.monotonic()))
        line = process.stdout.readline() if ready else b""
        if not line:
            log = (self.path / "clickhouse.log").read_bytes()[self._began_at :].strip()
            last = last_line(log) if log else self._how_it_ended()
            refused = InUseError if last.endswith(_IN_USE) else StartError
            raise refused(f"the embedded ClickHouse did not start: {last}")
        return line

    def _how_it_ended(self) -> str:
        """Say why no line came: it was closed at its end, or time was up."""
        process = self._process
        if process is None or process.stdout is None:
            return "it was not started"
        try:
            code = process.wait(1.0)
        except subprocess.TimeoutExpired:
            return f"no answer within {_START_S:.0f} s"
        return f"killed by signal {-code}" if code < 0 else f"it ended with exit code {code}"
