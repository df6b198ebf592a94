"""Run Apache Kafka (KRaft) on free loopback ports, each node as a process.

    with KafkaCluster(Path("kafka"), nodes=3) as cluster:
        settings = Settings(broker=cluster.address)
        cluster.node(1).kill()      # as a crash would
        cluster.node(1).start()     # the same data, the same ports

Every node is broker and controller. Its data are in ``directory/node-N``, its warnings in
``directory/node-N.log``. Nodes end with the process that started them; start them from its main
thread. Needs Java 17 and, the first time, Maven: see `jars`.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.embedded.child import LOOPBACK, die_with_parent, stable_port
from deploy.embedded.kafka_jars import KafkaUnavailable, jars, java
from deploy.embedded.kafka_jvm import Jvm
from deploy.embedded.kafka_node import KafkaNode, KafkaStartError, reason

__all__ = ["KafkaCluster", "KafkaNode", "KafkaStartError", "KafkaUnavailable", "jars"]

_ATTEMPTS: Final = 3
_STOP_S: Final = 3.0  # the last of three waits longer, in vain, for a majority
_WRITE_S: Final = 120.0


class KafkaCluster:
    """Start, watch and stop the nodes; a context manager.

    ``ports`` are those of the nodes for clients (default: free ones, anew for each object).
    ``config`` adds or replaces settings of every node (Kafka's names), ``java_properties`` system
    properties of Java (``name=value``). With three nodes or more a
    topic has three replicas, two of which must have a record before it is acknowledged, unless the
    topic says otherwise. ``say`` is called before something slow, which only happens the first time
    on a machine. The directory may hold the data of an earlier run with as many nodes, but not of
    one that still runs: Kafka writes to them before it checks.
    """

    def __init__(
        self,
        directory: Path,
        nodes: int = 1,
        *,
        ports: Sequence[int] | None = None,
        config: Mapping[str, str] | None = None,
        java_properties: Sequence[str] = (),
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.directory = directory
        self._count = nodes
        self._ports = tuple(ports or ())
        self._config = dict(config or {})
        self._java_properties = tuple(java_properties)
        self._say = say
        self._nodes: list[KafkaNode] = []

    @property
    def address(self) -> str:
        """The bootstrap list, ``host:port`` of each node; valid once started."""
        return ",".join(node.address for node in self._nodes)

    @property
    def nodes(self) -> tuple[KafkaNode, ...]:
        """The nodes in the order of their numbers; none before the first start."""
        return tuple(self._nodes)

    def node(self, number: int) -> KafkaNode:
        """Return the node with a number: 1 to the number of nodes, Kafka's ``node.id``."""
        return self._nodes[number - 1]

    @property
    def running(self) -> bool:
        """Whether every node is alive."""
        return bool(self._nodes) and all(node.running for node in self._nodes)

    def start(self) -> Self:
        """Start every node and wait until all are ready.

        Raises `KafkaUnavailable` if Kafka cannot run here, `KafkaStartError` if it fails.
        """
        if self._nodes:
            self._start_nodes()
            return self
        jvm = _archived(Jvm(java(), jars(self._say)), self._say)
        self._start_first(jvm, replace(jvm, properties=self._java_properties))
        return self

    def _start_first(self, tool: Jvm, jvm: Jvm) -> None:
        """Prepare and start new nodes, retrying with other ports if one is taken."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, _ATTEMPTS + 1):
            self._nodes = self._make_nodes(jvm)
            try:
                self._format(tool)
                self._start_nodes()
            except KafkaStartError as error:
                self._nodes = []
                # Another process may take a free port before the node does: try others, unless it
                # was given.
                taken = "Address already in use" in str(error) and not self._ports
                if attempt == _ATTEMPTS or not taken:
                    raise
            else:
                return

    def stop(self) -> None:
        """Terminate every node, and kill those that do not end. Does nothing if none runs."""
        for node in self._nodes:
            node.request_stop()  # all at once: the last ones have nobody to hand over to
        for node in self._nodes:
            node.stop(_STOP_S)

    def kill(self) -> None:
        """Kill every node at once (SIGKILL), as a loss of power would."""
        for node in self._nodes:
            node.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start_nodes(self) -> None:
        try:
            for node in self._nodes:
                node.start(wait=False)
            for node in self._nodes:
                node.wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _make_nodes(self, jvm: Jvm) -> list[KafkaNode]:
        wanted = self._ports or tuple(stable_port() for _ in range(self._count))
        ports = [(port, stable_port()) for port in wanted]
        voters = ",".join(
            f"{number}@{LOOPBACK}:{controller}" for number, (_, controller) in enumerate(ports, 1)
        )
        return [
            KafkaNode(
                number,
                port,
                self.directory,
                jvm,
                {
                    **_settings(self._count),
                    "controller.quorum.voters": voters,
                    "listeners": f"PLAINTEXT://{LOOPBACK}:{port},"
                    f"CONTROLLER://{LOOPBACK}:{controller}",
                    "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
                    **self._config,
                },
            )
            for number, (port, controller) in enumerate(ports, 1)
        ]

    def _format(self, jvm: Jvm) -> None:
        """Format the data directories that are not formatted yet, at the same time."""
        cluster_id = _cluster_id()
        under_way = []
        for node in self._nodes:
            node.write_config()
            if not (node.data / "meta.properties").exists():
                shutil.rmtree(node.data, ignore_errors=True)  # of a format that was cut short
                command = jvm.command(
                    "kafka.tools.StorageTool",
                    *("format", "--cluster-id", cluster_id, "--config", str(node.config_file)),
                )
                under_way.append(
                    subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        preexec_fn=die_with_parent(),
                    )
                )
        said = [process.communicate()[0] for process in under_way]
        for process, text in zip(under_way, said, strict=True):
            if process.returncode:
                raise KafkaStartError(f"Kafka's storage was not formatted: {reason(text)}")


def _cluster_id() -> str:
    """Generate a cluster id in Kafka's form, which must not start with a dash."""
    identity = uuid.uuid4().bytes
    found = bytes([identity[0] & 0x7F]) + identity[1:]
    return base64.urlsafe_b64encode(found).decode().rstrip("=")


def _archived(jvm: Jvm, say: Callable[[str], None] | None) -> Jvm:
    """Return the same Java with an archive of Kafka's classes, which halves the start time.

    The first time on a machine, a node is started and stopped only to write it.
    """
    kept = jvm.archive_file()
    if not kept.exists():
        if say is not None:
            say(f"preparing a fast start of Apache Kafka in {kept} (once)")
        with tempfile.TemporaryDirectory(prefix=f"{kept.name}.", dir=kept.parent) as directory:
            made = Path(directory) / "classes.jsa"
            one = KafkaCluster(Path(directory))
            one._start_first(jvm, jvm.writing(made))
            one.node(1).stop(_WRITE_S)
            if made.exists():
                os.replace(made, kept)  # another process may have been faster; theirs is as good
    return jvm.reading(kept) if kept.exists() else jvm


def _settings(nodes: int) -> dict[str, str]:
    """Return the settings of every node: small and fast, and as strict as production."""
    copies = str(min(3, nodes))
    confirmed = str(min(2, nodes))
    return {
        "process.roles": "broker,controller",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        # A misspelt topic is an error; a record that was confirmed is not given up.
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": confirmed,
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": confirmed,
        "transaction.state.log.num.partitions": "2",
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": confirmed,
        "share.coordinator.state.topic.num.partitions": "1",
        # Members and nodes that are gone are missed soon.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "broker.heartbeat.interval.ms": "300",
        "broker.session.timeout.ms": "3000" if nodes > 1 else "1000",
        "replica.lag.time.max.ms": "5000",
        # Small: the cleaner's default buffer alone is 128 MB.
        "log.cleaner.dedupe.buffer.size": str(4 << 20),
        "log.index.size.max.bytes": str(256 << 10),
        "num.network.threads": "2",
        "num.io.threads": "3",
        "group.coordinator.threads": "1",
        "share.coordinator.threads": "1",
    }
