"""One partition on its way into ClickHouse: gather, freeze, write, acknowledge; then the next.

A single task a partition, so one flush is in flight and acknowledgements come in offset order.
What was not written when the partition left is dropped: its new owner reads it again.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final, Protocol

import structlog

from schemas.errors import SchemaRegistryError
from sinks.batch import BatchLimits, OpenBatch
from sinks.decode import Route, portion
from sinks.writer import RevokedError, Writer
from streams.transport import PartitionBatch

log = structlog.get_logger(__name__)

_REGISTRY_WAIT_S: Final = 2.0


class Delivery(Protocol):
    """A fetched batch and the way to acknowledge it: Faust's event."""

    value: PartitionBatch

    def ack(self) -> bool: ...


class Follower(Protocol):
    """What must be up to date before messages can be understood: the registry."""

    async def catch_up(self) -> None: ...


class Lane:
    """Takes the deliveries of one partition in offset order; ``run`` is its task."""

    def __init__(
        self,
        topic: str,
        partition: int,
        route: Route,
        writer: Writer,
        limits: BatchLimits,
        follower: Follower | None = None,
    ) -> None:
        self._route = route
        self._writer = writer
        self._follower = follower
        self._waiting: asyncio.Queue[Delivery] = asyncio.Queue()  # bounded by the transport
        self._open = OpenBatch(topic, partition, limits)
        self._gathered: list[Delivery] = []
        self.waits: str | None = None
        """What outside the worker this lane waits for, in a sentence."""

    def give(self, delivery: Delivery) -> None:
        """Take a delivery; returns at once."""
        self._waiting.put_nowait(delivery)

    async def run(self) -> None:
        """Work until cancelled. Raises ``FatalError`` when nothing can be written any more."""
        while True:
            due = self._open.due_in(time.monotonic())
            if due is not None and due <= 0:
                await self._flush()
                continue
            try:
                delivery = await asyncio.wait_for(self._waiting.get(), due)
            except TimeoutError:
                continue
            await self._gather(delivery)

    async def _gather(self, delivery: Delivery) -> None:
        if self._follower is not None:
            await self._follower.catch_up()
        self._drop_revoked()
        while not delivery.value.revoked:
            try:
                taken = portion(delivery.value, self._route)
            except SchemaRegistryError as error:
                log.warning("the schema registry does not answer, will ask again", why=str(error))
                self.waits = str(error)
                await asyncio.sleep(_REGISTRY_WAIT_S)
                continue
            self.waits = None
            self._open.add(taken, time.monotonic())
            self._gathered.append(delivery)
            return
        self.waits = None

    async def _flush(self) -> None:
        self._drop_revoked()
        if not self._gathered:
            return
        batch = self._open.freeze()
        deliveries, self._gathered = self._gathered, []
        newest = deliveries[-1].value
        try:
            await self._writer.write(batch, self._route.tables, lambda: newest.revoked)
        except RevokedError:
            return
        for delivery in deliveries:
            if not delivery.value.revoked:
                delivery.ack()

    def _drop_revoked(self) -> None:
        """Forget what was gathered before the partition left (all of it, or nothing)."""
        if self._gathered and self._gathered[-1].value.revoked:
            self._gathered = []
            self._open.freeze()
