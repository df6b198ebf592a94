"""Runs one task per partition; each processes its batches in offset order.

While one task waits for the broker to confirm its outputs, another evaluates its own batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import structlog

from streams.transport.batch import Delivery, PartitionBatch
from streams.transport.merge import next_delivery

log = structlog.get_logger(__name__)

Process = Callable[[Delivery], Awaitable[None]]
"""Processes one batch down to its acknowledgement (`BatchProcessor.process`)."""


class PartitionTask:
    """Processes the deliveries of one partition in offset order; ``run`` is its task.

    What has come while a batch was in work is taken as one batch, up to ``most_records``.
    """

    def __init__(self, process: Process, most_records: int) -> None:
        self._process = process
        self._most_records = most_records
        self._queue: deque[Delivery] = deque()  # bounded by the transport
        self._submitted = asyncio.Event()
        self.batch: PartitionBatch | None = None
        """The batch in work."""
        self.closed = False
        """No further batch is started."""

    def submit(self, delivery: Delivery) -> None:
        """Queue a delivery; return at once."""
        delivery.value.waiting = True
        self._queue.append(delivery)
        self._submitted.set()

    async def run(self) -> None:
        """Process deliveries until closed or cancelled. Raises what ``process`` raises."""
        while not self.closed:
            while not self._queue:
                self._submitted.clear()
                await self._submitted.wait()
            delivery = next_delivery(self._queue, self._most_records)
            self.batch = delivery.value
            if not self.batch.revoked:
                await self._process(delivery)
            self.batch = None
            del delivery  # frees its records now, not when the next ones come

    def cancel(self) -> None:
        """Revoke the batch in work and every queued one.

        The processor checks ``revoked`` before each step: a cancellation of the task alone can
        be lost on its way (``asyncio.wait_for`` prefers a result).
        """
        self.closed = True
        if self.batch is not None:
            self.batch.revoked = True
        for delivery in self._queue:
            delivery.value.revoked = True
        self._queue.clear()


class PartitionTasks:
    """Starts a partition's task with its first batch, and cancels it when the partition leaves.

    The first exception in a task cancels all of them at once, before any other takes a step:
    nothing is processed or acknowledged after it. ``failed`` is called with the exception and a
    description of the batch. ``most_records``: of batches that are taken as one.
    """

    def __init__(
        self,
        process: Process,
        failed: Callable[[BaseException, str], None],
        *,
        most_records: int,
    ) -> None:
        self._process = process
        self._most_records = most_records
        self._failed = failed
        self._running: dict[int, tuple[PartitionTask, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # cancelled ones too, until they end
        self._closed = False

    def submit(self, delivery: Delivery) -> None:
        """Queue a delivery for its partition's task; return at once."""
        batch = delivery.value
        if self._closed:
            batch.revoked = True
            return
        if batch.partition not in self._running:
            running = PartitionTask(self._process, self._most_records)
            task = asyncio.create_task(self._run(running), name=f"{batch.topic}[{batch.partition}]")
            self._running[batch.partition] = (running, task)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._running[batch.partition][0].submit(delivery)

    def retain(self, partitions: Iterable[int]) -> None:
        """Cancel the tasks of all partitions but these."""
        for partition in self._running.keys() - set(partitions):
            self._cancel(partition)

    def cancel(self) -> None:
        """Cancel every task; nothing is processed or acknowledged any more."""
        self._closed = True
        for partition in list(self._running):
            self._cancel(partition)

    async def close(self) -> None:
        """Cancel every task and wait until all have ended."""
        self.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, running: PartitionTask) -> None:
        try:
            await running.run()
        except BaseException as error:
            # Here and not in a done callback: other tasks would work until then.
            if not running.closed:
                batch = repr(running.batch)
                self.cancel()
                self._failed(error, batch)
            elif not isinstance(error, asyncio.CancelledError):
                log.info("cancelled_task_failed", error=repr(error))

    def _cancel(self, partition: int) -> None:
        running, task = self._running.pop(partition)
        running.cancel()
        if task is not asyncio.current_task():
            task.cancel()
