"""A lane a partition: its batches in their order, one at a time, beside those of the others.

While one lane waits for the broker to confirm what its batch led to, another judges.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from streams.checkpoint import Acknowledged
from streams.transport import PartitionBatch

log = structlog.get_logger(__name__)

Take = Callable[[Acknowledged], Awaitable[None]]
"""Does the whole job of one batch, down to its acknowledgement (`streams.judging.Judging.take`)."""


class Lane:
    """Takes the deliveries of one partition in offset order; ``run`` is its task."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._waiting: asyncio.Queue[Acknowledged] = asyncio.Queue()  # bounded by the transport
        self.batch: PartitionBatch | None = None
        """The batch in work."""
        self.over = False
        """Nothing is taken up any more."""

    def give(self, delivery: Acknowledged) -> None:
        """Take a delivery; returns at once."""
        delivery.value.waiting = True
        self._waiting.put_nowait(delivery)

    async def run(self) -> None:
        """Work until it is over or cancelled. Raises what ``take`` raises."""
        while not self.over:
            delivery = await self._waiting.get()
            self.batch = delivery.value
            self.batch.waiting = False
            if not self.batch.revoked:
                await self._take(delivery)
            self.batch = None
            del delivery  # its records go now, not when the next ones come

    def end(self) -> None:
        """Nothing of this lane counts any more: neither what waits nor the batch in work.

        The batch is declared void, which whoever works on it looks at before each step: a
        cancellation alone can be lost on its way (``asyncio.wait_for`` prefers a result).
        """
        self.over = True
        if self.batch is not None:
            self.batch.revoked = True
        while not self._waiting.empty():
            self._waiting.get_nowait().value.revoked = True


class Lanes:
    """The lanes of a worker, made when their partition's first batch comes.

    The first exception in a lane ends all of them at that moment, before any other takes a step:
    nothing is judged or acknowledged after it. ``failed`` is told the exception, and the batch as
    a text.
    """

    def __init__(self, take: Take, failed: Callable[[BaseException, str], None]) -> None:
        self._take = take
        self._failed = failed
        self._lanes: dict[int, tuple[Lane, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # those that end too
        self._over = False

    def give(self, delivery: Acknowledged) -> None:
        """Hand a delivery to its partition's lane; returns at once."""
        batch: PartitionBatch = delivery.value
        if self._over:
            batch.revoked = True
            return
        if batch.partition not in self._lanes:
            lane = Lane(self._take)
            task = asyncio.create_task(self._run(lane), name=f"{batch.topic}[{batch.partition}]")
            self._lanes[batch.partition] = (lane, task)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._lanes[batch.partition][0].give(delivery)

    def keep(self, partitions: Iterable[int]) -> None:
        """These partitions are the worker's now: end the lanes of the others."""
        for partition in self._lanes.keys() - set(partitions):
            self._end(partition)

    def end(self) -> None:
        """End every lane at once; nothing is judged or acknowledged any more."""
        self._end_all()

    async def close(self) -> None:
        """End every lane, acknowledging nothing more, and wait until their tasks have ended."""
        self._end_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, lane: Lane) -> None:
        try:
            await lane.run()
        except BaseException as error:
            # Here and not when the task is seen to be done: other lanes would work until then.
            if not lane.over:
                batch = repr(lane.batch)
                self._end_all()
                self._failed(error, batch)
            elif not isinstance(error, asyncio.CancelledError):
                log.info("a lane that was ended failed", error=repr(error))

    def _end_all(self) -> None:
        self._over = True
        for partition in list(self._lanes):
            self._end(partition)

    def _end(self, partition: int) -> None:
        lane, task = self._lanes.pop(partition)
        lane.end()
        if task is not asyncio.current_task():
            task.cancel()
