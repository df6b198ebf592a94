"""How an application gets the transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import faust
from faust.streams import _CStreamIterator
from faust.transport.drivers import aiokafka as driver

from streams.transport.driver import Consumer
from streams.transport.fetched import fetch_light_records
from streams.transport.header_names import read_any_header_name
from streams.transport.lost_connection import fail_on_lost_connections


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """Kafka transport of partition batches; made by `install`."""

    Consumer: ClassVar[type[Consumer]] = Consumer

    def __init__(self, *args: Any, records_in_flight: int, patience_s: float, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.records_in_flight = records_in_flight
        self.patience_s = patience_s
        self.leaving: Callable[[], Awaitable[None]] | None = None
        """Called when partitions are about to leave and no batch of theirs is in work any more."""


def install(app: faust.App, *, records_in_flight: int = 8000, patience_s: float = 10.0) -> None:
    """Make ``app`` read partition batches; call it before declaring agents and tables.

    At most ``records_in_flight`` records of a partition are handed over and not acknowledged
    (plus one fetch); a rebalance waits ``patience_s`` seconds for the batches in work.
    Raises RuntimeError without Faust's compiled streams: those in Python acknowledge events of a
    past generation that they drop.
    """
    if _CStreamIterator is None:
        raise RuntimeError("faust-streaming must be installed with its compiled extensions")
    read_any_header_name()
    fetch_light_records()
    fail_on_lost_connections()
    app.transport = BatchTransport(
        app.conf.broker_consumer, app, records_in_flight=records_in_flight, patience_s=patience_s
    )


def batch_topic(app: faust.App, *names: str) -> Any:
    """A topic (or several) whose events carry a `PartitionBatch`."""
    return app.topic(*names, key_type=None, value_type=None, value_serializer="raw")
