"""What a demo or replay left, served again: broker, ClickHouse and portal, no workers."""

from __future__ import annotations

from pathlib import Path

from deploy.embedded.broker import STORE_FILE
from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.extra import BROKER, CLICKHOUSE, require
from emissions.replay.local_stack import CLICKHOUSE_DATA, TOPICS
from emissions.supervision.directory import ABOUT, ENV, StackError, environment, write_private
from emissions.supervision.local_settings import leading_to
from emissions.supervision.part import BrokerPart, ClickHousePart, Part, portal_part
from emissions.supervision.ports import require_free, wanted_ports
from emissions.supervision.supervisor import Supervisor, Tell
from streams.settings import Settings


class KeptRun:
    """Serves a workspace on three ports; start it and stop it from the main thread.

    ``has_topics`` tells whether the run kept its topics too, ``has_portal`` whether the portal is
    installed. Raises `StackError` where the
    directory holds no kept run.
    """

    def __init__(
        self,
        workspace: Path,
        settings: Settings,
        tell: Tell,
        *,
        broker_port: int,
        clickhouse_port: int,
        portal_port: int,
    ) -> None:
        self._path = workspace.absolute()
        if (self._path / ABOUT).exists():
            raise StackError(
                f"{workspace} belongs to `emissions up`: start `emissions up --directory "
                f"{workspace}`"
            )
        if not (self._path / CLICKHOUSE_DATA).is_dir():
            raise StackError(f"{workspace} holds no kept run (no ClickHouse data)")
        self.has_topics = (self._path / TOPICS / STORE_FILE).exists()
        require(*((BROKER, CLICKHOUSE) if self.has_topics else (CLICKHOUSE,)))
        ports = wanted_ports(broker_port, clickhouse_port, portal_port)
        self._ports = ports if self.has_topics else ports[1:]
        server = EmbeddedClickHouse(self._path / CLICKHOUSE_DATA, port=clickhouse_port)
        parts: list[Part] = [ClickHousePart(server)]
        if self.has_topics:
            log = self._path / "broker.log"
            parts.insert(0, BrokerPart(self._path / TOPICS, log, broker_port))
        self.settings = leading_to(server, broker_port, settings)
        portal = portal_part(portal_port, self.settings, self._path)
        self.has_portal = bool(portal)
        parts += portal
        self._names = [part.name for part in parts]
        self.supervisor = Supervisor(parts, tell)

    def start(self) -> None:
        """Start all. Raises their errors, and `StackError` where a port is taken."""
        require_free(self._ports)
        for name in self._names:
            self.supervisor.start(name)

    def write_environment(self) -> Path:
        """Write the variables that lead other commands to it, for its owner alone; return it."""
        file = self._path / ENV
        write_private(file, environment(self.settings))
        return file
