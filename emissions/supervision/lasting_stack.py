"""A local stack that lasts: broker, ClickHouse and workers on a directory, kept running."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.exceptions import Error as ClickHouseError

from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.extra import BROKER, CLICKHOUSE, require
from deploy.embedded.kafka_jars import KafkaUnavailable
from emissions.replay.errors import require_room
from emissions.replay.publish import publish_registry
from emissions.supervision.directory import About, StackDirectory, StackError
from emissions.supervision.local_settings import leading_to
from emissions.supervision.part import (
    BrokerPart,
    ClickHousePart,
    KafkaPart,
    Part,
    ProgramPart,
    open_data_part,
    portal_part,
    still_in_use,
)
from emissions.supervision.ports import require_free, wanted_ports
from emissions.supervision.status import Figures, figures_of
from emissions.supervision.supervisor import Supervisor, Tell
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.core.registry.enterprise import Enterprise
from streams.kafka.reader import ends_of
from streams.kafka.topic_check import compare_topics
from streams.kafka.topics import create_topics
from streams.settings import Settings
from streams.signing.ed25519 import new_key, write_key

LOG_ORIGIN: Final = "localhost/emissions"
SIMULATION: Final = "simulation"
_PATIENCE_S: Final = 15.0
"""So long the processes of a run that was killed may take to end."""
_PAUSE_S: Final = 0.2


@dataclass(frozen=True)
class Simulation:
    """The nation that a stack simulates, and its first local day."""

    enterprises: int
    seed: int
    first_day: str  # ISO


class LastingStack:
    """The parts of a stack on its directory; start it and stop it from the main thread.

    ``tell`` receives what happens: ``part_started``, ``part_ended``, ``part_not_started``,
    ``part_finished``, ``topics_created``, ``tables_migrated``, ``registry_loaded``, ``waiting``.
    """

    def __init__(
        self,
        directory: StackDirectory,
        about: About,
        settings: Settings,
        tell: Tell,
        *,
        used_before: bool,
        simulation: Simulation | None = None,
    ) -> None:
        require(*((CLICKHOUSE,) if about.broker == "kafka" else (BROKER, CLICKHOUSE)))
        self._directory = directory
        self._path = directory.path
        self._about = about
        self._tell = tell
        self._used_before = used_before
        self._server = EmbeddedClickHouse(
            self._path / "clickhouse",
            port=about.clickhouse_port,
            key=directory.clickhouse_key(),
        )
        self.settings = _settings(self._path, about, settings, self._server)
        self._supervisor = Supervisor(
            self._parts(simulation),
            tell,
            finished=lambda name, code: name == SIMULATION and code == 0,
        )

    @property
    def supervisor(self) -> Supervisor:
        """What runs, and since when."""
        return self._supervisor

    def start(self, enterprises: Sequence[Enterprise]) -> None:
        """Start everything; load the registry where the topic has none yet.

        Raises the first error of a part that does not start, `StackError` where a port is taken.
        """
        require_room(self._path)
        require_free(
            wanted_ports(
                self._about.broker_port, self._about.clickhouse_port, self._about.portal_port
            ),
            _PATIENCE_S if self._used_before else 0.0,
            lambda why: self._tell("waiting", why=why),
        )
        self._key_of_the_log()
        self._start_broker()
        asyncio.run(self._prepare_topics(enterprises))
        self._start_clickhouse()
        with client(self.settings, database=False) as connected:
            done = migrate(connected, self.settings.clickhouse_database, rules=self.settings.rules)
        if done:
            self._tell("tables_migrated", count=len(done), newest=done[-1])
        while self.look() == 0.0:
            pass  # those that need one another, in turn

    def look(self) -> float | None:
        """Start again what ended; return the seconds until a part is due, None if none waits."""
        return self._supervisor.look()

    def figures(self) -> Figures | None:
        """Ask ClickHouse what stands in it; None while it does not answer."""
        try:
            with client(self.settings) as connected:
                return figures_of(connected)
        except (ClickHouseError, OSError):
            return None

    def stop(self) -> None:
        """Stop every part, the workers first."""
        self._supervisor.stop()

    def _parts(self, simulation: Simulation | None) -> list[Part]:
        about, path = self._about, self._path
        broker: Part
        if about.broker == "kafka":
            broker = KafkaPart(
                path / "kafka", about.broker_port, lambda what: self._tell("waiting", why=what)
            )
        else:
            broker = BrokerPart(path / "broker", path / "broker.log", about.broker_port)
        parts: list[Part] = [broker, ClickHousePart(self._server)]
        both = (broker.name, parts[1].name)
        for kind in ("streams", "sinks", "seal"):
            arguments = ("worker", kind)
            parts.append(ProgramPart(f"{kind} worker", arguments, self.settings, path, both))
        parts.append(open_data_part(self.settings, path))
        parts += portal_part(about.portal_port, self.settings, path)
        if simulation is not None:
            arguments_of_it = (
                *("simulate", "--live", "--start", simulation.first_day),
                *("--enterprises", str(simulation.enterprises), "--tampered", "0"),
                *("--seed", str(simulation.seed)),
                *("--position", str(path / "simulation.position")),
            )
            parts.append(
                ProgramPart(SIMULATION, arguments_of_it, self.settings, path, ("streams worker",))
            )
        return parts

    def _start_broker(self) -> None:
        try:
            self._supervisor.start("broker")
        except KafkaUnavailable:
            raise  # nothing has begun
        except BaseException:
            self._directory.keep()  # its log says why
            raise
        self._directory.keep()

    def _start_clickhouse(self) -> None:
        deadline = time.monotonic() + (_PATIENCE_S if self._used_before else 0.0)
        while True:
            try:
                self._supervisor.start("ClickHouse")
            except Exception as error:
                if not still_in_use(error) or time.monotonic() >= deadline:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return

    def _key_of_the_log(self) -> None:
        key = self.settings.log_key_file
        if key is not None and not Path(key).exists():
            write_key(Path(key), new_key())

    async def _prepare_topics(self, enterprises: Sequence[Enterprise]) -> None:
        created = await create_topics(self.settings)
        if created:
            self._tell("topics_created", count=len(created))
        for difference in await compare_topics(self.settings, "production"):
            if difference.breaks:
                raise StackError(f"the topics of {self._path} are unsuitable: {difference}")
        topic = self.settings.topic_registry
        if enterprises and not any((await ends_of(self.settings, topic)).values()):
            await publish_registry(self.settings, enterprises, Codec(FileIds()), None)
            sources = sum(len(enterprise.sources) for enterprise in enterprises)
            self._tell("registry_loaded", enterprises=len(enterprises), sources=sources)


def _settings(path: Path, about: About, given: Settings, server: EmbeddedClickHouse) -> Settings:
    """Return the settings of the stack: those that were given, and where its own parts are."""
    return replace(
        leading_to(server, about.broker_port, given),
        partitions=about.partitions,
        replication=1,
        state_directory=str(_made(path / "state")),
        state_in_memory=True,  # whoever chose the directory chose its disk
        log_path=str(path / "transparency-log"),
        log_origin=given.log_origin or LOG_ORIGIN,
        log_key_file=given.log_key_file or str(path / "log.pem"),
        portal_data_path=str(Path(given.portal_data_path or path / "open-data").absolute()),
        web_port=0,  # several workers on one machine
    )


def _made(directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    return directory
