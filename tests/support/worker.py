"""Faust applications on the batch transport, run inside a test's event loop."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import faust
from aiokafka import ConsumerRecord

from streams.transport import install
from streams.transport.batch import PartitionBatch
from streams.transport.install import batch_topic

Work = Callable[[PartitionBatch], Awaitable[bool]]


def batch_app(
    broker: str, group: str, topic: str, work: Work, *, records_in_flight: int = 8000, **conf: Any
) -> faust.App:
    """An application that gives each batch to ``work`` and acknowledges it if that says so."""
    app = faust.App(
        group,
        datadir=Path(tempfile.gettempdir()) / "emissions-faust",
        broker=f"kafka://{broker}",
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=True,
        consumer_auto_offset_reset="earliest",
        **{
            "broker_commit_interval": 0.1,
            "broker_session_timeout": 6.0,
            "broker_heartbeat_interval": 1.0,
            "broker_max_poll_records": 500,
            "stream_recovery_delay": 0.0,
            **conf,
        },
    )
    install(app, records_in_flight=records_in_flight, drain_timeout_s=5.0)

    @app.agent(batch_topic(app, topic), concurrency=1, name="work")  # type: ignore[untyped-decorator]
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            if await work(event.value):
                event.ack()

    return app


@asynccontextmanager
async def running(app: faust.App) -> AsyncIterator[faust.App]:
    """Start an application, and stop it at the end."""
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


class Collector:
    """Work that remembers the batches and their records."""

    def __init__(self, *, acknowledge: bool = True) -> None:
        self.batches: list[PartitionBatch] = []
        self.acknowledge = acknowledge

    async def __call__(self, batch: PartitionBatch) -> bool:
        self.batches.append(batch)
        return self.acknowledge

    @property
    def records(self) -> list[ConsumerRecord]:
        """Every record received, in the order of arrival."""
        return [record for batch in self.batches for record in batch.records]

    def offsets(self, partition: int) -> list[int]:
        """Offsets received of one partition, in the order of arrival."""
        return [r.offset for r in self.records if r.partition == partition]
