"""Installs the batch transport in a Faust application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import faust
from faust.streams import _CStreamIterator
from faust.transport.drivers import aiokafka as driver

from streams.kafka.patches.install import install_patches
from streams.transport.driver import Consumer


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """Deliver partition batches from Kafka; created by `install`."""

    Consumer: ClassVar[type[Consumer]] = Consumer

    def __init__(
        self, *args: Any, records_in_flight: int, drain_timeout_s: float, **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        self.records_in_flight = records_in_flight
        self.drain_timeout_s = drain_timeout_s
        self.on_drained: Callable[[], Awaitable[None]] | None = None
        """Called before partitions are revoked, when none of their batches is in work."""
        self.traced = False
        """Whether batches are told when they were fetched."""


def install(
    app: faust.App, *, records_in_flight: int = 8000, drain_timeout_s: float = 10.0
) -> None:
    """Make ``app`` read partition batches; call this before declaring agents and tables.

    At most ``records_in_flight`` records of a partition are handed over and unacknowledged (plus
    one fetch); a rebalance waits ``drain_timeout_s`` seconds for the batches in work.
    Raises RuntimeError without Faust's compiled streams: those in Python acknowledge events of a
    past generation that they drop.
    """
    if _CStreamIterator is None:
        raise RuntimeError("faust-streaming must be installed with its compiled extensions")
    install_patches()
    app.transport = BatchTransport(
        app.conf.broker_consumer,
        app,
        records_in_flight=records_in_flight,
        drain_timeout_s=drain_timeout_s,
    )


def batch_topic(app: faust.App, *names: str) -> Any:
    """Create a topic (or several) whose events carry a `PartitionBatch`."""
    return app.topic(*names, key_type=None, value_type=None, value_serializer="raw")
