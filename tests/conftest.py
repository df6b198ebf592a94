"""What every area uses: servers that the whole run shares, tiers, and how examples are made."""

from __future__ import annotations

import logging
import os
import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import Phase, settings

from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.kafka import KafkaCluster, KafkaUnavailable
from tests.support import rerun
from tests.support.broker import TestBroker
from tests.support.clickhouse import TestClickHouse
from tests.support.example_run import ExampleRun
from tests.support.generated import shared
from tests.support.schedule import Schedule, ordered
from tests.support.secured_kafka import SecuredKafka
from tests.support.servers import (
    BROKER,
    CLICKHOUSE,
    EXAMPLE_RUN,
    KAFKA,
    SECURED_KAFKA,
    Place,
    RunningClickHouse,
    SharedServers,
    Told,
    asked,
)
from tests.support.tiers import GUARD, is_first, mark

# A failing example is told as it was found: to make it smaller takes many times as long as to
# find it, and is what `make why` is for. A build says the same of the same commit; on a desk every
# run looks somewhere new and begins with what failed before.
_FOUND = (Phase.explicit, Phase.reuse, Phase.generate)
settings.register_profile("desk", deadline=None, max_examples=shared(100), phases=_FOUND)
settings.register_profile("build", settings.get_profile("desk"), derandomize=True, print_blob=True)
settings.register_profile("why", deadline=None)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("build" if os.environ.get("CI") else "desk")
)

_SERVERS = pytest.StashKey[SharedServers]()
_PLACE = pytest.StashKey[Place]()


def pytest_configure(config: pytest.Config) -> None:
    """Tell which tests a run left out, and why; have the servers in the first process of it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell lets what it runs in the background ignore Ctrl-C, and so all that this starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.option.fold_skipped = False
    if "s" not in config.option.reportchars:
        config.option.reportchars += "s"
    if rerun.WANTED and "R" not in config.option.reportchars:
        config.option.reportchars += "R"
    if not hasattr(config, "workerinput"):
        config.stash[_SERVERS] = SharedServers()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if _SERVERS in config.stash:
        config.stash[_SERVERS].stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a test process of pytest-xdist where it may ask for servers."""
    stash = node.config.stash
    if _PLACE not in stash:
        stash[_PLACE] = stash[_SERVERS].listen()
    node.workerinput["servers"] = tuple(stash[_PLACE])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with its tier; mix what waits with what calculates where several run."""
    for item in items:
        mark(item)
        if rerun.WANTED:
            rerun.mark(item)
    if hasattr(config, "workerinput"):
        items[:] = ordered(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give out tests as they are ordered, one by one where that is possible."""
    config.option.loadscopereorder = False
    return Schedule(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """No process and no connection where the tier has none."""
    if not is_first(item):
        return (yield)
    with GUARD.on():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that reached out and caught the refusal; leave logs as they were before it."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    try:
        found = yield
    finally:
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(level)
    if is_first(item) and GUARD.refused:
        pytest.fail(f"a test without a process tried: {', '.join(GUARD.refused)}")
    return found


def started(start: Callable[[], Any]) -> Any:
    """Start Apache Kafka, or skip the test where this machine cannot run it."""
    try:
        return start()
    except KafkaUnavailable as missing:
        if os.environ.get("CI") and shutil.which("java") and shutil.which("mvn"):
            raise  # a build that could run them must not pass without them
        pytest.skip(f"it needs Apache Kafka: {missing}")


@pytest.fixture(scope="session")
def ask_for(pytestconfig: pytest.Config) -> Callable[[str], Told]:
    """Asks for a server of the whole run by its name."""
    if _SERVERS in pytestconfig.stash:
        return pytestconfig.stash[_SERVERS].get
    place = Place(*pytestconfig.workerinput["servers"])  # type: ignore[attr-defined]
    return lambda name: asked(place, name)


@pytest.fixture(scope="session")
def broker(ask_for: Callable[[str], Told]) -> TestBroker:
    """A real broker process; tests keep apart by unique topic and group names."""
    return TestBroker(*ask_for(BROKER))


@pytest.fixture(scope="session")
def kafka(ask_for: Callable[[str], Told]) -> TestBroker:
    """One node of a real Apache Kafka, shared by the whole run: not to be killed."""
    address, pid = started(lambda: ask_for(KAFKA))
    return TestBroker(address, pid, "kafka")


@pytest.fixture(scope="session")
def secured_kafka(ask_for: Callable[[str], Told]) -> SecuredKafka:
    """One node of Apache Kafka with TLS, users and rights, shared by the whole run."""
    return SecuredKafka(*started(lambda: ask_for(SECURED_KAFKA)))


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
        started(made[-1].start)
        return made[-1]

    yield make
    for cluster in made:
        cluster.kill()


@pytest.fixture(scope="session")
def clickhouse_server(ask_for: Callable[[str], Told]) -> EmbeddedClickHouse:
    """A real ClickHouse process, shared by the whole run; tests keep apart by a database each."""
    return RunningClickHouse(*ask_for(CLICKHOUSE))


@pytest.fixture(scope="session")
def example_run(ask_for: Callable[[str], Told]) -> ExampleRun:
    """A replay of the worked example, made once for the whole run."""
    return ExampleRun(Path(*ask_for(EXAMPLE_RUN)))


@pytest.fixture
def clickhouse(clickhouse_server: EmbeddedClickHouse) -> Iterator[TestClickHouse]:
    """A migrated database of the test's own."""
    database = TestClickHouse(clickhouse_server)
    yield database
    database.close()
