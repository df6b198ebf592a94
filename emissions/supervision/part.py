"""The parts of a local stack: each starts, says whether it runs, and stops."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final, Protocol

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.child import LOOPBACK, end
from deploy.embedded.clickhouse import EmbeddedClickHouse, InUseError
from deploy.embedded.extra import installed
from deploy.embedded.kafka import KafkaCluster
from emissions.program_process import start_program
from streams.settings import Settings

PORTAL: Final = "portal"
OPEN_DATA: Final = "open-data export"
OPEN_DATA_S: Final = 3600


class Part(Protocol):
    """A part that a supervisor starts, looks at and stops."""

    name: str
    needs: tuple[str, ...]
    log: Path

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""

    def start(self) -> None:
        """Start it; return when others can use it. Raises an error of one sentence."""

    def exit_code(self) -> int | None:
        """Return with which code it ended (negative: by that signal), or None while it runs."""

    def request_stop(self) -> None:
        """Ask it to end, without waiting."""

    def stop(self) -> None:
        """End it, and wait until it is gone. Does nothing if it does not run."""


class BrokerPart:
    """The embedded broker, its topics in a directory."""

    name = "broker"
    needs: tuple[str, ...] = ()

    def __init__(self, directory: Path, log: Path, port: int) -> None:
        self.log = log
        self._broker = EmbeddedBroker(port=port, log=log, data=directory)

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._broker.pid if self._broker.running else None

    def start(self) -> None:
        """Start it and wait until it answers. Raises `BrokerError`."""
        self._broker.stop()  # what is left of an earlier one
        self._broker.start()

    def exit_code(self) -> int | None:
        """Return the code of the one that ended: of it, or of the store of its topics."""
        return self._broker.exit_code

    def request_stop(self) -> None:
        """Do nothing: `stop` is quick."""

    def stop(self) -> None:
        """End it."""
        self._broker.stop()


class KafkaPart:
    """One node of Apache Kafka."""

    name = "broker"
    needs: tuple[str, ...] = ()

    def __init__(self, directory: Path, port: int, say: Callable[[str], None]) -> None:
        self.log = directory / "node-1.log"
        self._cluster = KafkaCluster(directory, ports=(port,), say=say)

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._cluster.node(1).pid if self._cluster.running else None

    def start(self) -> None:
        """Start it and wait until it is ready. Raises `KafkaUnavailable`, `KafkaStartError`."""
        self._cluster.start()

    def exit_code(self) -> int | None:
        """Return with which code it ended, or None while it runs."""
        return next((node.exit_code for node in self._cluster.nodes), None)

    def request_stop(self) -> None:
        """Ask it to end: it writes what it holds, which takes a moment."""
        for node in self._cluster.nodes:
            node.request_stop()

    def stop(self) -> None:
        """End it."""
        for node in self._cluster.nodes:
            node.stop()


class ClickHousePart:
    """The embedded ClickHouse."""

    name = "ClickHouse"
    needs: tuple[str, ...] = ()

    def __init__(self, server: EmbeddedClickHouse) -> None:
        self.log = server.path / "clickhouse.log"
        self._server = server

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._server.pid

    def start(self) -> None:
        """Start it and wait until it answers. Raises `StartError`."""
        self._server.stop()  # what is left of an earlier one
        self._server.start()

    def exit_code(self) -> int | None:
        """Return with which code it ended, or None while it runs."""
        return self._server.exit_code

    def request_stop(self) -> None:
        """Do nothing: it ends after the workers that write to it."""

    def stop(self) -> None:
        """End it, after what it holds is written."""
        self._server.stop()


class ProgramPart:
    """A command of this program, such as a worker, in a process of its own."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        settings: Settings,
        directory: Path,
        needs: tuple[str, ...],
    ) -> None:
        self.name = name
        self.needs = needs
        self.log = directory / f"{name.split()[0]}.log"
        self._arguments = tuple(arguments)
        self._settings = settings
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start the process. It is not waited for: a worker waits for what it needs by itself."""
        self._close()
        self._output = self.log.open("ab")
        self._process = start_program(
            self._arguments, self._settings, self._output, self._directory
        )

    def exit_code(self) -> int | None:
        """Return with which code it ended, or None while it runs."""
        return None if self._process is None else self._process.poll()

    def request_stop(self) -> None:
        """Send SIGTERM, at which it finishes what it is doing."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """End it; kill it if it takes longer than its settings allow."""
        if self._process is not None:
            end(self._process, self._settings.stop_s + 5)
        self._close()

    def _close(self) -> None:
        self._process = None
        if self._output is not None:
            self._output.close()
            self._output = None


def portal_part(port: int, settings: Settings, directory: Path) -> list[Part]:
    """Return the portal on a loopback port, or nothing where its extra is not installed."""
    if not (installed("litestar") and installed("uvicorn")):
        return []
    arguments = ("portal", "--host", LOOPBACK, "--port", str(port))
    return [ProgramPart(PORTAL, arguments, settings, directory, ("ClickHouse",))]


def open_data_part(settings: Settings, directory: Path) -> ProgramPart:
    """Return what writes the open data of the settings' directory, each hour."""
    arguments = ("open-data", "export", "--every", str(OPEN_DATA_S))
    return ProgramPart(OPEN_DATA, arguments, settings, directory, ("ClickHouse",))


def still_in_use(error: Exception) -> bool:
    """Whether a start failed because the process of an earlier run is about to end."""
    return isinstance(error, InUseError)
