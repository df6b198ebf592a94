"""Apache Kafka as a part of the tests: it keeps what it confirmed and never outlives them."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from aiokafka import AIOKafkaProducer

from deploy.embedded import kafka_jars
from deploy.embedded.kafka import KafkaCluster, KafkaStartError, KafkaUnavailable, jars
from tests.support.broker import TestBroker, eventually, unique
from tests.support.processes import runs

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]


def test_the_tests_run_on_the_version_that_is_deployed() -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert composed["services"]["kafka"]["image"] == f"apache/kafka:{kafka_jars.version()}"


async def test_a_node_that_was_killed_has_all_that_it_confirmed(
    kafka_cluster: Callable[..., KafkaCluster],
) -> None:
    cluster = kafka_cluster(config={"log.retention.ms": "-1"})
    assert cluster.running
    broker, topic = TestBroker(cluster.address, cluster.node(1).pid, "kafka"), unique("kept")
    await broker.create(topic)
    for round_ in range(2):
        producer = AIOKafkaProducer(bootstrap_servers=cluster.address, acks="all")
        await producer.start()
        await producer.send_and_wait(topic, b"%d" % round_)
        pid = cluster.node(1).pid
        cluster.node(1).kill()
        assert not cluster.running
        assert not runs(pid)
        await producer.stop()
        cluster.node(1).start()
        assert cluster.address == broker.address
        assert [record.value for record in await broker.read(topic)] == [
            b"%d" % number for number in range(round_ + 1)
        ]
    with pytest.raises(KafkaStartError, match="is running already"):
        cluster.node(1).start()


async def test_what_was_stopped_starts_again_with_its_data(
    kafka_cluster: Callable[..., KafkaCluster],
) -> None:
    cluster = kafka_cluster()
    broker, topic = TestBroker(cluster.address, cluster.node(1).pid, "kafka"), unique("kept")
    await broker.create(topic)
    await broker.produce(topic, [b"x"])
    cluster.stop()
    cluster.stop()  # harmless
    cluster.start()
    assert [record.value for record in await broker.read(topic)] == [b"x"]


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("offsets.topic.num.partitions", "none", r"not formatted: .*none.*offsets\.topic"),
        ("metric.reporters", "no.Such", r"node 1 ended: .*no\.Such.* \(log: .*node-1\.log\)"),
    ],
)
def test_a_failed_start_says_why(
    kafka: TestBroker, tmp_path: Path, setting: str, value: str, told: str
) -> None:
    cluster = KafkaCluster(tmp_path, config={setting: value})
    with pytest.raises(KafkaStartError, match=told):
        cluster.start()
    assert not cluster.running


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_kafka_node_dies_with_its_parent(kafka: TestBroker, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from deploy.embedded.kafka import KafkaCluster\n"
        "cluster = KafkaCluster(Path(sys.argv[1])).start()\n"
        "print(cluster.node(1).pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert runs(pid)
        parent.send_signal(signal.SIGKILL)
    asyncio.run(eventually(lambda: not runs(pid), "the node is gone"))


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache and nothing in ``PATH`` but what a test puts there."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    monkeypatch.setenv("PATH", str(binaries))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(kafka_jars, "java", kafka_jars.java.__wrapped__)  # it looks once
    return binaries


def program(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_what_is_missing_is_named(bare: Path) -> None:
    with pytest.raises(KafkaUnavailable, match="needs Java 17: no java in PATH"):
        jars()
    program(bare, "java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2")
    with pytest.raises(KafkaUnavailable, match=r"needs Java 17: .*bin/java is openjdk .*11\.0\.2"):
        jars()
    program(bare, "java", "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2")
    with pytest.raises(KafkaUnavailable, match="and there is no mvn in PATH"):
        jars()
    program(bare, "mvn", "echo '[INFO] looking'; echo '[ERROR] no route to the repository'; exit 1")
    with pytest.raises(KafkaUnavailable, match=r"could not resolve .*: no route to the repos"):
        jars()
    assert not any(path.is_dir() for path in (bare.parent / "cache/emission-streams").iterdir())


def test_two_processes_may_resolve_the_jars_at_once(bare: Path) -> None:
    """Each is made to wait until the other has resolved them too; one of them is then late."""
    marks = bare.parent / "marks"
    marks.mkdir()
    program(bare, "java", "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2")
    program(
        bare,
        "mvn",
        'for word; do case "$word" in -DoutputDirectory=*) into="${word#*=}";; esac; done\n'
        ': > "$into/kafka.jar"\n'
        f': > "{marks}/$$"; set -- "{marks}"/*; while [ $# -lt 2 ]; do set -- "{marks}"/*; done',
    )
    code = "from deploy.embedded.kafka import jars; print(jars())"
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
        for _ in range(2)
    ]
    said = {process.communicate(timeout=300)[0].decode().strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    (kept,) = map(Path, said)
    assert list(kept.parent.iterdir()) == [kept]
    assert [jar.name for jar in kept.iterdir()] == ["kafka.jar"]
