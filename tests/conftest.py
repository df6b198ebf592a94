"""Fixtures that every area uses: one embedded broker and one ClickHouse for the whole run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.kafka import KafkaCluster, KafkaUnavailable
from tests.support.broker import TestBroker
from tests.support.clickhouse import TestClickHouse

# A build says the same of the same commit; on a desk every run looks somewhere new.
settings.register_profile("build", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("build" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session")
def broker() -> Iterator[TestBroker]:
    """A real broker process; tests keep apart by unique topic and group names."""
    with EmbeddedBroker() as running:
        yield TestBroker(running.address, running.pid)


def pytest_configure(config: pytest.Config) -> None:
    """A run says which tests it left out, each by its name, and why."""
    config.option.fold_skipped = False
    if "s" not in config.option.reportchars:
        config.option.reportchars += "s"


def started(cluster: KafkaCluster) -> KafkaCluster:
    """Start it, or skip the test where this machine cannot run Apache Kafka."""
    try:
        return cluster.start()
    except KafkaUnavailable as missing:
        if os.environ.get("CI") and shutil.which("java") and shutil.which("mvn"):
            raise  # a build that could run them must not pass without them
        pytest.skip(f"it needs Apache Kafka: {missing}")


@pytest.fixture(scope="session")
def kafka_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """One node of a real Apache Kafka, shared by the whole run: not to be killed."""
    config = {"log.cleaner.backoff.ms": "200"}  # it looks this often for logs to clean
    cluster = started(KafkaCluster(tmp_path_factory.mktemp("kafka"), config=config))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def kafka(kafka_node: KafkaCluster) -> TestBroker:
    """The same, as tests use a broker."""
    return TestBroker(kafka_node.address, kafka_node.node(1).pid, "kafka")


@pytest.fixture(params=["tansu", "kafka"])
def any_broker(request: pytest.FixtureRequest) -> TestBroker:
    """Once the embedded broker, once Apache Kafka: for what must be so on both."""
    name = "broker" if request.param == "tansu" else "kafka"
    found: TestBroker = request.getfixturevalue(name)
    return found


@pytest.fixture
def kafka_cluster(tmp_path: Path) -> Iterator[Callable[..., KafkaCluster]]:
    """Makes clusters of the test's own, to be killed: ``kafka_cluster(nodes=3, config={})``."""
    made: list[KafkaCluster] = []

    def make(nodes: int = 1, **more: object) -> KafkaCluster:
        directory = tmp_path / f"kafka-{len(made)}"
        made.append(KafkaCluster(directory, nodes, **more))  # type: ignore[arg-type]
        return started(made[-1])

    yield make
    for cluster in made:
        cluster.kill()


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    """A real ClickHouse process, shared by the whole run."""
    with EmbeddedClickHouse(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


@pytest.fixture
def clickhouse(clickhouse_server: EmbeddedClickHouse) -> Iterator[TestClickHouse]:
    """A migrated database of the test's own."""
    database = TestClickHouse(clickhouse_server)
    yield database
    database.close()
