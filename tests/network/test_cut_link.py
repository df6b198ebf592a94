"""Workers on one host, servers on another: the link is cut and restored; nobody else gets in.

The broker asks for a user; ClickHouse for its key. What the worker's own pages tell is read on its
host, from which alone they can be reached.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer

from deploy.embedded.child import stable_port
from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.kafka import KafkaCluster, KafkaUnavailable
from emissions.doctor.reach import unreachable_brokers
from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.kafka.client import client_options
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.emissions.dead_letters.test_deployment import KNOWN, enterprise, reading
from tests.support.network import Host, answers, hosts, relay
from tests.support.streams_process import SinksProcess, StreamsProcess, own_settings

pytestmark = [pytest.mark.process, pytest.mark.long]
PASSWORD: Final = "s3cret"  # noqa: S105 - of a broker of the tests
PAGES: Final = {"streams": 9101, "sinks": 9102}
CONTROLLER: Final = 9093
_MAIN: Final = "from emissions.cli.main import main; main()"
_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required"


@dataclass
class Place:
    """The hosts, and how workers reach the servers."""

    servers: Host
    workers: Host
    outside: Host
    settings: Settings
    directory: Path

    def rows(self, sql: str) -> Any:
        """Ask ClickHouse on its own host."""

        def ask() -> Any:
            with client(self.settings) as connected:
                return connected.query(sql).result_rows

        return self.servers.run(ask)

    def page(self, worker: str, path: str) -> tuple[int, str]:
        """Read a page of a worker on its host."""

        def read() -> tuple[int, str]:
            url = f"http://127.0.0.1:{PAGES[worker]}{path}"
            try:
                with urllib.request.urlopen(url, timeout=30) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()
            except OSError as error:
                return 0, str(error)

        return self.workers.run(read)

    def until_ready(self, worker: str, status: int, why: str = "") -> None:
        """Wait until a worker says that it is ready (200), or that it is not (503) and why."""

        def says() -> bool:
            found, said = self.page(worker, "/readyz")
            return found == status and why in said

        until(says, f"{worker} answers {status} {why}")

    def send(self, *minutes: int) -> None:
        """Send readings that end so many minutes ago."""

        async def produce() -> None:
            async with AIOKafkaProducer(**client_options(self.settings), acks="all") as producer:
                for each in minutes:
                    await producer.send_and_wait(
                        self.settings.topic_readings, reading(KNOWN, each), key=KNOWN.encode()
                    )

        self.servers.wait(produce())

    def doctor(self, host: Host, settings: Settings) -> str:
        """Run `emissions doctor` on a host."""

        def run() -> str:
            env = {k: v for k, v in os.environ.items() if not k.startswith("EMISSIONS_")}
            done = subprocess.run(
                [sys.executable, "-c", _MAIN, "doctor", "--format", "json"],
                env={**env, **settings.as_env()},
                capture_output=True,
                text=True,
                check=False,
            )
            return done.stdout

        return host.run(run)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("network")
    with ExitStack() as ends:
        servers, workers, outside = ends.enter_context(hosts("servers", "workers", "outside"))
        port, door = stable_port(), stable_port()
        here = servers.address
        config = {
            "listeners": f"SASL://0.0.0.0:{port},CONTROLLER://127.0.0.1:{CONTROLLER}",
            "advertised.listeners": f"SASL://{here}:{port}",
            "controller.quorum.voters": f"1@127.0.0.1:{CONTROLLER}",
            "listener.security.protocol.map": "SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl.plain.sasl.jaas.config": f'{_PLAIN} username="worker" '
            f'password="{PASSWORD}" user_worker="{PASSWORD}";',
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:worker;User:ANONYMOUS",
        }
        cluster = KafkaCluster(directory / "kafka", ports=[port], config=config)
        try:
            servers.run(cluster.start)
        except KafkaUnavailable as missing:
            pytest.skip(str(missing))
        ends.callback(servers.run, cluster.stop)
        store = EmbeddedClickHouse(directory / "clickhouse")
        servers.run(store.start)
        ends.callback(servers.run, store.stop)
        ends.enter_context(relay(servers, door, store.port))
        settings = own_settings(
            f"{here}:{port}",
            partitions=1,
            tick_s=1.0,
            broker_user="worker",
            broker_password=PASSWORD,
            clickhouse_url=f"http://{store.user}:{store.key}@{here}:{door}",
            clickhouse_database="cut",
            session_timeout_s=6.0,
        )
        servers.wait(create_topics(settings))
        servers.wait(publish_registry(settings, [enterprise(KNOWN)], Codec(FileIds()), None))

        def prepare() -> None:
            with client(settings, database=False) as connected:
                migrate(connected, settings.clickhouse_database)

        servers.run(prepare)
        yield Place(servers, workers, outside, settings, directory)


def failing(said: str) -> list[str]:
    """What the doctor finds wrong, but for risks that this network has on purpose."""
    found = [json.loads(line) for line in said.splitlines()]
    return [f"{each}" for each in found if each["state"] not in ("ok", "RISK")]


def until(condition: Callable[[], bool], what: str) -> None:
    """Look again until it holds; the test's own timeout ends it."""
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_a_link_that_is_cut_loses_and_doubles_nothing(place: Place) -> None:
    sent = list(range(60, 0, -1))

    def stored() -> list[int]:
        return [row[0] for row in place.rows("SELECT offset FROM readings ORDER BY offset")]

    with ExitStack() as ends:
        for name, kind in (("streams", StreamsProcess), ("sinks", SinksProcess)):
            settings = replace(place.settings, web_port=PAGES[name])
            worker = kind(settings, place.directory / f"{name}.log")
            place.workers.run(worker.start)
            ends.callback(place.workers.run, worker.__exit__, None, None, None)
            if name == "streams":
                streams = worker
        for name in PAGES:
            place.until_ready(name, 200)
        place.send(*sent[:20])
        assert failing(place.doctor(place.workers, place.settings)) == []
        until(lambda: len(stored()) >= 20, "the first readings arrived")
        ends.callback(place.workers.link, "up")
        place.workers.link("down")
        place.send(*sent[20:40])  # the servers live on, and so do the stations
        for name in PAGES:
            place.until_ready(name, 503, place.servers.address)
            assert place.page(name, "/livez")[0] == 200, "no restart would mend it"
        failed = failing(place.doctor(place.workers, place.settings))
        assert any(place.settings.broker in each for each in failed), failed
        assert len(stored()) == 20
        place.workers.link("up")
        place.send(*sent[40:])
        for name in PAGES:
            place.until_ready(name, 200)
        until(lambda: len(set(stored())) >= 60, "everything arrived")
        assert failing(place.doctor(place.workers, place.settings)) == []
        assert len(stored()) == len(set(stored())) == 60
        doubled = "SELECT count() - uniqExact(source_id, parameter, window, start, revision)"
        assert place.rows(f"{doubled} FROM means") == [(0,)]
        assert place.rows("SELECT count() FROM dead_letters") == [(0,)]
        assert place.workers.run(streams.end, signal.SIGTERM) == 0


async def _why(settings: Settings) -> str:
    return (await unreachable_brokers(settings))[settings.broker].why


def test_a_stranger_on_the_network_is_refused_at_each_door(place: Place) -> None:
    outside, settings = place.outside, place.settings
    with ExitStack() as ends:
        worker = StreamsProcess(
            replace(settings, web_port=PAGES["streams"]), place.directory / "pages.log"
        )
        place.workers.run(worker.start)
        ends.callback(place.workers.run, worker.__exit__, None, None, None)
        until(lambda: place.page("streams", "/livez")[0] == 200, "its pages are there")
        assert place.page("streams", "/metrics")[0] == 200
        here, there = place.workers.address, place.servers.address
        assert outside.run(answers, here, PAGES["streams"]) == "refused", "health and metrics"
        assert outside.run(answers, there, CONTROLLER) == "refused", "the broker's controller"
        port = int(settings.broker.rpartition(":")[2])
        assert outside.run(answers, there, port) == "open", "the broker is reached, and asks"
        for stranger, said in (
            (replace(settings, broker_password="wrong"), "rejects the user"),  # noqa: S106
            (replace(settings, broker_user=None, broker_password=None), "requires a user"),
        ):
            assert said in outside.wait(_why(stranger))
        without_key = settings.clickhouse_url

        def knock() -> int:
            try:
                with urllib.request.urlopen(f"{without_key}/?query=SELECT+1", timeout=30) as said:  # noqa: S310
                    return int(said.status)
            except urllib.error.HTTPError as error:
                return error.code

        assert "@" not in without_key
        assert outside.run(knock) in (401, 403), "ClickHouse wants its key"
