"""One broker, one Apache Kafka and one ClickHouse for a whole run, in however many processes.

What takes as long and is only read is shared the same way: the replay of the worked example.

The process that was started by a person owns them and starts each when it is first asked for; the
test processes of pytest-xdist ask it over a socket of theirs. Nobody may kill or stop a shared
server: whoever does starts one of its own.
"""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, Final, NamedTuple

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.kafka import KafkaCluster, KafkaUnavailable
from tests.emissions.replay.command import replay
from tests.support.secured_kafka import SecuredNode

BROKER: Final = "broker"
KAFKA: Final = "kafka"
CLICKHOUSE: Final = "clickhouse"
SECURED_KAFKA: Final = "secured kafka"
EXAMPLE_RUN: Final = "replay of the example"

_EXAMPLE: Final = Path(__file__).parents[1] / "oracle" / "example"

Told = tuple[Any, ...]


class Place(NamedTuple):
    """Where the owner of the servers answers, and the key that it wants."""

    address: str
    key: str


class RunningClickHouse(EmbeddedClickHouse):
    """A ClickHouse that another process started, as tests use one."""

    def __init__(self, path: str, port: int, key: str, pid: int) -> None:
        super().__init__(Path(path), port=port)
        self.key = key
        self._pid = pid

    @property
    def pid(self) -> int | None:
        """Process id of the server."""
        return self._pid


class SharedServers:
    """Starts each server once, when it is first asked for, and stops all of them."""

    def __init__(self) -> None:
        self._ends = ExitStack()
        self._directory = Path(
            self._ends.enter_context(tempfile.TemporaryDirectory(prefix="shared-servers-"))
        )
        self._begin: Mapping[str, Callable[[], Told]] = {
            BROKER: self._broker,
            KAFKA: self._kafka,
            CLICKHOUSE: self._clickhouse,
            SECURED_KAFKA: self._secured_kafka,
            EXAMPLE_RUN: self._example_run,
        }
        # The kernel ends a child with the thread that started it: these live as long as the run.
        self._threads = ThreadPoolExecutor(len(self._begin))
        self._started: dict[str, Future[Told]] = {}
        self._lock = threading.Lock()
        self._listener: Listener | None = None

    def get(self, name: str) -> Told:
        """What a test must know of a server; raises what its start raises, each time."""
        with self._lock:
            if name not in self._started:
                self._started[name] = self._threads.submit(self._begin[name])
        return self._started[name].result()

    def listen(self) -> Place:
        """Answer other processes from now on."""
        key = secrets.token_hex(16)
        self._listener = Listener(str(self._directory / "asked"), "AF_UNIX", authkey=key.encode())
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return Place(str(self._listener.address), key)

    def stop(self) -> None:
        """Stop every server that was started."""
        if self._listener is not None:
            self._listener.close()
        self._threads.shutdown()
        self._ends.close()

    def _accept(self, listener: Listener) -> None:
        while True:
            try:
                connection = listener.accept()
            except OSError:  # it was closed
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: Connection) -> None:
        with suppress(EOFError, OSError), connection:
            try:
                connection.send((True, self.get(connection.recv())))
            except Exception as error:  # whoever asked is told, and fails
                connection.send((False, (isinstance(error, KafkaUnavailable), str(error))))

    def _broker(self) -> Told:
        running = self._ends.enter_context(EmbeddedBroker())
        return running.address, running.pid

    def _kafka(self) -> Told:
        config = {"log.cleaner.backoff.ms": "200"}  # it looks this often for logs to clean
        cluster = self._ends.enter_context(KafkaCluster(self._directory / "kafka", config=config))
        return cluster.address, cluster.node(1).pid

    def _secured_kafka(self) -> Told:
        return tuple(self._ends.enter_context(SecuredNode(self._directory / "secured")).found)

    def _example_run(self) -> Told:
        directory = self._directory / "example"
        directory.mkdir()
        replay(
            *("--registry", _EXAMPLE / "registry.yaml", "--input", _EXAMPLE / "input.csv"),
            *("--workspace", directory / "workspace"),
            export=directory / "out",
        )
        return (str(directory),)

    def _clickhouse(self) -> Told:
        server = self._ends.enter_context(EmbeddedClickHouse(self._directory / "clickhouse"))
        return str(server.path), server.port, server.key, server.pid


def asked(place: Place, name: str) -> Told:
    """The same as `SharedServers.get`, from another process."""
    with Client(place.address, "AF_UNIX", authkey=place.key.encode()) as connection:
        connection.send(name)
        started, told = connection.recv()
    if started:
        found: Told = told
        return found
    unavailable, why = told
    raise (KafkaUnavailable if unavailable else RuntimeError)(why)
