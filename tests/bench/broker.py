"""The broker of a run: Apache Kafka where this machine can run it, the embedded one otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.kafka import KafkaCluster, KafkaUnavailable

JOIN_MS = 5000
"""So long a new group waits for its members: the workers of a run start together."""


class Broker(NamedTuple):
    """What runs and where."""

    name: str
    address: str
    pid: int


@contextmanager
def running_broker(
    directory: Path, *, embedded: bool = False, config: Mapping[str, str] | None = None
) -> Iterator[Broker]:
    """Start one, say which, and surely stop it."""
    if not embedded:
        cluster = KafkaCluster(directory / "kafka", config=config, say=print)
        try:
            cluster.start()
        except KafkaUnavailable as missing:
            print(f"measured on the embedded broker: {missing}")
        else:
            try:
                yield Broker("Apache Kafka", cluster.address, cluster.node(1).pid)
            finally:
                cluster.stop()
            return
    with EmbeddedBroker(log=directory / "broker.log") as broker:
        yield Broker("embedded broker", broker.address, broker.pid)
