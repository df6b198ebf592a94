"""One partition on its way into ClickHouse: gather, freeze, write, acknowledge; then the next.

While a batch is written the next one is gathered. One is written at a time, so acknowledgements
come in offset order. What was not written when the partition left is dropped: its new owner reads
it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import Final, Protocol

import structlog

from schemas.errors import SchemaRegistryError
from sinks.batch import BatchLimits, OpenBatch
from sinks.decode import Route, portion
from sinks.writer import LimitReachedError, RevokedError, Writer
from streams.holds import LIMIT, Hold, Place
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


class Holds(Protocol):
    """Holds partitions until a person decides (`streams.hold_log.HoldLog`)."""

    def found(
        self, place: Place, offset: int, kind: str, why: str, passes_at: int | None = None
    ) -> Hold: ...

    async def wait(self, hold: Hold, batch: PartitionBatch) -> None: ...

    def passed(self, topic: str, partition: int, next_offset: int) -> None: ...


class Lane:
    """Takes the deliveries of one partition in offset order; ``run`` is its task."""

    def __init__(
        self,
        topic: str,
        partition: int,
        route: Route,
        writer: Writer,
        limits: BatchLimits,
        holds: Holds,
        follower: Follower | None = None,
    ) -> None:
        self._route = route
        self._writer = writer
        self._follower = follower
        self._holds = holds
        self._waiting: deque[Delivery] = deque()  # bounded by the transport
        self._open = OpenBatch(topic, partition, limits)
        self._gathered: list[Delivery] = []
        self._room = asyncio.Event()  # a delivery came, or the batch was frozen
        self._filled = asyncio.Event()  # something was gathered
        self.waits: str | None = None
        """What outside the worker this lane waits for, in a sentence."""

    def give(self, delivery: Delivery) -> None:
        """Take a delivery; returns at once."""
        self._waiting.append(delivery)
        self._room.set()

    async def run(self) -> None:
        """Work until cancelled. Raises ``FatalError`` when nothing can be written any more."""
        tasks = [asyncio.create_task(self._gather_all()), asyncio.create_task(self._write_all())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _gather_all(self) -> None:
        """Fill the open batch; wait while it is full, because the one before is being written."""
        while True:
            if self._waiting and not self._open.full:
                await self._gather(self._waiting.popleft())
                # Let those who wait for an answer of a server go on.
                await asyncio.sleep(0)
                continue
            self._room.clear()
            await self._room.wait()

    async def _write_all(self) -> None:
        """Write the open batch when it is due, again and again."""
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
                taken = portion(delivery.value, self._route)
            except SchemaRegistryError as error:
                log.warning("the schema registry does not answer, will ask again", why=str(error))
                self.waits = str(error)
                await asyncio.sleep(_REGISTRY_WAIT_S)
                continue
            self.waits = None
            self._open.add(taken, time.monotonic())
            self._gathered.append(delivery)
            self._filled.set()
            return
        self.waits = None

    async def _flush(self) -> None:
        self._drop_revoked()
        if not self._gathered:
            return
        batch = self._open.freeze()
        deliveries, self._gathered = self._gathered, []
        self._room.set()
        newest = deliveries[-1].value
        while not newest.revoked:
            try:
                await self._writer.write(batch, self._route.tables, lambda: newest.revoked)
            except RevokedError:
                return
            except LimitReachedError as reached:
                place = batch.topic, batch.partition
                hold = self._holds.found(place, reached.offset, LIMIT, str(reached))
                await self._holds.wait(hold, newest)
            else:
                self._holds.passed(batch.topic, batch.partition, batch.last + 1)
                break
        for delivery in deliveries:
            if not delivery.value.revoked:
                delivery.ack()

    def _drop_revoked(self) -> None:
        """Forget what was gathered before the partition left (all of it, or nothing)."""
        if self._gathered and self._gathered[-1].value.revoked:
            self._gathered = []
            self._open.freeze()
            self._room.set()
