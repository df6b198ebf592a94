"""Run an embedded Kafka-compatible broker (Tansu) as a process on a free loopback port.

    with EmbeddedBroker(log=Path("broker.log")) as broker:
        settings = Settings(broker=broker.address)

Without ``data`` everything is kept in memory: a stop loses every topic. With it topics and offsets
are in a file of that directory (`object_store`), and whoever starts a broker on it again finds
them. It is meant for the demo, replay, local use and tests; production uses Apache Kafka.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from deploy.embedded.broker_binary import BinaryError, broker_binary
from deploy.embedded.child import (
    LOOPBACK,
    accepts_connections,
    die_with_parent,
    end,
    last_line,
    stable_port,
)
from deploy.embedded.extra import BROKER, require

STORE_FILE: Final = "topics.db"
_ATTEMPTS: Final = 5
_STORE_STOP_S: Final = 5.0
_BUCKET: Final = "topics"


class BrokerError(RuntimeError):
    """The embedded broker could not be started; the message gives the reason and its log."""


class EmbeddedBroker:
    """Start, watch and stop one broker process; a context manager.

    ``log`` receives the output of the broker (default: a temporary file, removed at the end).
    ``port`` 0 takes a free port, so several brokers can run beside each other. ``data`` is the
    directory that keeps its topics; one process at a time may use it.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        log: Path | None = None,
        data: Path | None = None,
        ready_s: float = 20.0,
    ) -> None:
        self._wanted_port = port
        self._log = log
        self._data = data
        self._store: subprocess.Popen[bytes] | None = None
        self._ready_s = ready_s
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._began_at = 0  # where in the log this start of it begins
        self.port = 0

    @property
    def address(self) -> str:
        """``host:port`` for clients; valid once started."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the broker."""
        if self._process is None:
            raise BrokerError("the embedded broker is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the broker, and the store of what it keeps, are alive."""
        return (
            self._process is not None
            and self._process.poll() is None
            and (self._store is None or self._store.poll() is None)
        )

    @property
    def exit_code(self) -> int | None:
        """With which code the broker or its store ended (negative: by that signal); None: alive."""
        codes = (each.poll() for each in (self._process, self._store) if each is not None)
        return next((code for code in codes if code is not None), None)

    def start(self) -> Self:
        """Start the broker and wait until it answers. Raises `BrokerError`, `NotInstalledError`."""
        if self._process is not None:
            raise BrokerError("the embedded broker is running already")
        require(BROKER)
        try:
            binary = broker_binary()
        except BinaryError as error:
            raise BrokerError(f"no embedded broker: {error}") from None
        for attempt in range(_ATTEMPTS):
            # Another process may take the free port before the broker does: try the next one.
            self.port = self._wanted_port or stable_port()
            self._spawn(binary)
            if self._wait_until_ready():
                return self
            said = self._last_words()
            self.stop()
            if self._wanted_port or attempt == _ATTEMPTS - 1:
                break
        raise BrokerError(f"the embedded broker did not start on port {self.port}: {said}")

    def stop(self, patience_s: float = 3.0) -> None:
        """Terminate the process, and kill it if it does not end. Does nothing if not running."""
        process, self._process = self._process, None
        if process is not None:
            end(process, patience_s)
        store, self._store = self._store, None
        if store is not None:
            end(store, _STORE_STOP_S)
            if store.stdout is not None:
                store.stdout.close()
        if self._output is not None:
            self._output.close()
            self._output = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _spawn(self, binary: Path) -> None:
        self._output = (
            tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed by stop()
            if self._log is None
            else self._log.open("a+b")
        )
        self._began_at = self._output.seek(0, os.SEEK_END)
        storage, access = "memory://tansu/", {}
        if self._data is not None:
            storage, access = f"s3://{_BUCKET}/", self._start_store(self._data)
        listener = f"tcp://{self.address}"
        self._process = subprocess.Popen(
            [
                str(binary), "broker",
                "--storage-engine", storage,
                "--listener-url", listener,
                "--advertised-listener-url", listener,
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                "RUST_LOG": os.environ.get("RUST_LOG", "warn"),
                "NO_COLOR": "1",
                **access,
            },
            preexec_fn=die_with_parent(),
            # Ctrl+C in a terminal reaches the whole group: the broker must outlive the workers.
            start_new_session=True,
        )  # fmt: skip

    def _start_store(self, directory: Path) -> dict[str, str]:
        """Start the store of the directory; return the variables that lead the broker to it."""
        directory.mkdir(parents=True, exist_ok=True)
        key = secrets.token_hex(24)
        self._store = subprocess.Popen(
            [
                *(sys.executable, "-m", "deploy.embedded.object_server"),
                *("--file", str(directory.resolve() / STORE_FILE)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            preexec_fn=die_with_parent(),
            start_new_session=True,
        )
        if self._store.stdin is None or self._store.stdout is None:
            raise BrokerError("the store of the embedded broker has no streams")
        with contextlib.suppress(BrokenPipeError), self._store.stdin as given:
            given.write(f"{key}\n".encode())
        said = self._store.stdout.readline()
        if not said:
            words = self._last_words()
            self.stop()
            raise BrokerError(f"the topics of the embedded broker cannot be opened: {words}")
        return {
            "AWS_ENDPOINT": f"http://{LOOPBACK}:{json.loads(said)['port']}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": key,
            "AWS_DEFAULT_REGION": "local",
        }

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + self._ready_s
        while self.running and time.monotonic() < deadline:
            if accepts_connections(self.pid, self.port):
                return True
            time.sleep(0.02)
        return False

    def _last_words(self) -> str:
        if self._output is None:
            return "no output"
        self._output.seek(self._began_at)
        where = f" (log: {self._log})" if self._log else ""
        return last_line(self._output.read()) + where
