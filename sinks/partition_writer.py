"""Write one partition to ClickHouse: collect, freeze, write and acknowledge its batches in turn.

The next batch is collected while the current one is written. One batch is written at a time, so
acknowledgements are in offset order. Batches that are not written when the partition is revoked are
dropped; its new owner reads them again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

import structlog

from schemas.errors import SchemaRegistryError
from sinks.batch import Batch, BatchLimits, OpenBatch
from sinks.batch_writer import BatchWriter, LimitReachedError
from sinks.decode import Route, fetched_entries
from streams.holds.hold import LIMIT
from streams.kafka.partitions import PartitionRevoked
from streams.runtime.processor import Follower, Holds
from streams.transport.batch import Delivery
from streams.transport.merge import next_delivery

log = structlog.get_logger(__name__)

_SCHEMA_REGISTRY_RETRY_S: Final = 2.0
_DECODED_AT_ONCE: Final = 1_000  # messages; a batch may exceed its limits by so many


class PartitionWriter:
    """Write the deliveries of one partition in offset order; ``run`` is its task."""

    def __init__(
        self,
        topic: str,
        partition: int,
        route: Route,
        writer: BatchWriter,
        limits: BatchLimits,
        holds: Holds,
        follower: Follower | None = None,
    ) -> None:
        self._route = route
        self._writer = writer
        self._follower = follower
        self._holds = holds
        self._waiting: deque[Delivery] = deque()  # bounded by the transport
        self._at_once = min(_DECODED_AT_ONCE, limits.messages, limits.rows)
        self._open = OpenBatch(topic, partition, limits)
        self._gathered: list[Delivery] = []
        self._room = asyncio.Event()  # a delivery came, or the batch was frozen
        self._filled = asyncio.Event()  # something was gathered
        self.waiting_for: str | None = None
        """The outside system that this writer waits for, as a sentence."""

    def submit(self, delivery: Delivery) -> None:
        """Queue a delivery; return at once."""
        self._waiting.append(delivery)
        self._room.set()

    async def run(self) -> None:
        """Run until cancelled. Raises ``FatalError`` when nothing can be written any more."""
        tasks = [asyncio.create_task(self._gather_loop()), asyncio.create_task(self._write_loop())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _gather_loop(self) -> None:
        """Fill the open batch; wait while it is full because its predecessor is being written."""
        while True:
            if self._waiting and not self._open.full:
                await self._gather(next_delivery(self._waiting, self._at_once))
                # Let those who wait for an answer of a server go on.
                await asyncio.sleep(0)
                continue
            self._room.clear()
            await self._room.wait()

    async def _write_loop(self) -> None:
        """Write the open batch whenever it is due."""
        while True:
            due = self._open.due_in(time.monotonic())
            if due is not None and due <= 0:
                await self._flush()
                continue
            self._filled.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._filled.wait(), due)

    async def _gather(self, delivery: Delivery) -> None:
        if self._follower is not None:
            await self._follower.catch_up()
        self._drop_revoked()
        while not delivery.value.revoked:
            try:
                with self._writer.metrics.stage("decode"):
                    taken = fetched_entries(delivery.value, self._route)
            except SchemaRegistryError as error:
                log.warning(
                    "retrying",
                    operation="resolve_schemas",
                    problem="the schema registry does not answer",
                    error=str(error),
                )
                self.waiting_for = str(error)
                await asyncio.sleep(_SCHEMA_REGISTRY_RETRY_S)
                continue
            self.waiting_for = None
            self._open.add(taken, time.monotonic())
            self._gathered.append(delivery)
            self._filled.set()
            return
        self.waiting_for = None

    async def _flush(self) -> None:
        self._drop_revoked()
        if not self._gathered:
            return
        with self._writer.metrics.traces.writing(self._gathered):
            with self._writer.metrics.traces.step("freeze"):
                batch = self._open.freeze()
            deliveries, self._gathered = self._gathered, []
            self._room.set()
            await self._write(batch, deliveries)

    async def _write(self, batch: Batch, deliveries: Sequence[Delivery]) -> None:
        """Write a batch, and acknowledge what was fetched for it."""
        newest = deliveries[-1].value
        while not newest.revoked:
            try:
                await self._writer.write(batch, self._route.tables, lambda: newest.revoked)
            except PartitionRevoked:
                return
            except LimitReachedError as reached:
                place = batch.topic, batch.partition
                hold = self._holds.make_hold(place, reached.offset, LIMIT, str(reached))
                await self._holds.wait(hold, newest)
            else:
                self._holds.release_before(batch.topic, batch.partition, batch.last + 1)
                break
        with self._writer.metrics.traces.step("ack"):
            for delivery in deliveries:
                if not delivery.value.revoked:
                    delivery.ack()
                    self._writer.metrics.acknowledged(delivery.value)

    def _drop_revoked(self) -> None:
        """Drop what was collected before the partition was revoked (all of it, or nothing)."""
        if self._gathered and self._gathered[-1].value.revoked:
            self._gathered = []
            self._open.freeze()
            self._room.set()
