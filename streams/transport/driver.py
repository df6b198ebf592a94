"""Replaces parts of Faust's Kafka driver: hand-over by batch, commits by prefix, ordered seeks.

What is replaced, and why (everything else is Faust's own driver):

* `_drain_messages`: fetches and hands over whole partition batches. Faust hands over single
  records, at a cost of some hundred microseconds each.
* `ack`, `_new_offset` and company: `InFlightBatches` commits acknowledged prefixes only. Faust's
  bookkeeping commits past one event that is still in flight.
* `perform_seek`, `seek`, `seek_wait`: wait for the fetch under way and for its delivery. In Faust
  a fetch begun before a seek can be delivered after it, and what lies between is then dropped as
  "already read".
* `resume_flow`: stream partitions are read only after the seek that follows a rebalance. Faust
  resumes them before it, and clears the agents' queues after it: what arrives in between is lost.
* `seek_to_committed` (of the thread): a partition without a committed offset is sought to its
  beginning. aiokafka leaves it where it is: what was fetched before the seek would be lost.
* `_highwaters`: table recovery reads up to the true end of a changelog (see `ends`).
* `_commit_offsets`: an offset counts as committed when the broker said so, not when it was tried.
  A commit that never comes back is given up; when none goes through, the application ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Final

import structlog
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.tuples import ack_lock

from streams.transport.batch import InFlightBatches, PartitionBatch, set_fetched
from streams.transport.commit_watch import CommitWatch
from streams.transport.thread import ConsumerThread

log = structlog.get_logger(__name__)

_FETCH_S: Final = 0.25  # longest wait of a fetch for records, and of a seek for that fetch
_FULL_S: Final = 0.01  # poll interval while every partition has enough in flight
_IDLE_S: Final = 0.1  # poll interval while nothing is assigned


class Consumer(driver.Consumer):  # type: ignore[misc]
    """Hand partition batches to the agents and track those in flight."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._in_flight: dict[TP, InFlightBatches] = {}
        self._fetching = asyncio.Lock()
        self._epoch = 0  # counts revocations and assignments
        self._sought = -1  # epoch of the last seek to the committed offsets
        self._joining = True  # partitions were revoked, none are assigned yet
        self._open = False  # stream partitions may be read
        super().__init__(*args, **kwargs)
        self._commit_watch = CommitWatch(self._thread.coordinator_answers)
        self._in_flight_limit: int = self.transport.records_in_flight
        self._drain_timeout_s: float = self.transport.drain_timeout_s

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # --- rebalance -----------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish the batches in work, commit them, revoke the rest."""
        self._joining, self._open = True, False
        self._epoch += 1
        await super().on_partitions_revoked(revoked)
        self._revoke(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Start a new generation; revoke every batch of the old one."""
        self._revoke(list(self._in_flight))
        self._joining, self._open = False, False
        self._epoch += 1
        self._commit_watch.reset()
        await super().on_partitions_assigned(assigned, generation_id)

    def _revoke(self, revoked: Iterable[TP]) -> None:
        for tp in revoked:
            in_flight = self._in_flight.pop(tp, None)
            if in_flight is not None:
                in_flight.revoke()
        if not self._in_flight:
            self._unacked_messages.clear()  # nobody waits for revoked batches

    async def wait_empty(self) -> None:
        """Wait for the batches in work until the drain timeout, then commit."""
        deadline = self.loop.time() + self._drain_timeout_s
        while not self.should_stop and self._in_work():
            if self.loop.time() > deadline:
                log.warning("drain_timed_out")
                self._revoke(list(self._in_flight))
                break
            await asyncio.sleep(_FULL_S)
        if self.transport.on_drained is not None:
            try:
                await asyncio.wait_for(self.transport.on_drained(), self._drain_timeout_s)
            except TimeoutError:
                log.warning("state_save_timed_out")
        try:
            await asyncio.wait_for(self.commit(), self._drain_timeout_s)
        except TimeoutError:
            log.warning("final_commit_timed_out")

    def _in_work(self) -> bool:
        """Tell whether a batch is in work; revoke those that nobody has started."""
        left = [message for message in self._unacked_messages if not message.acked]
        for message in left:
            if isinstance(message.value, PartitionBatch) and message.value.waiting:
                message.value.revoked = True
        return any(not getattr(message.value, "revoked", False) for message in left)

    def resume_flow(self) -> None:
        """Resume fetching; stream partitions only once their positions are right."""
        super().resume_flow()
        self._open = not self._joining and self._sought == self._epoch

    # --- seeks ---------------------------------------------------------------------------------

    def perform_seek(self) -> Coroutine[Any, Any, None]:
        """Seek every partition to its committed offset."""
        # The epoch is taken at the call, not when the coroutine first runs: a rebalance between
        # the two must not claim this seek.
        return self._perform_seek(self._epoch)

    async def _perform_seek(self, epoch: int) -> None:
        async with self._fetching:
            await super().perform_seek()
        if not self._joining and epoch == self._epoch:
            self._sought = epoch

    async def seek(self, partition: TP, offset: int) -> None:
        """Seek one partition."""
        async with self._fetching:
            await super().seek(partition, offset)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Seek partitions and wait for it."""
        async with self._fetching:
            await super().seek_wait(partitions)

    # --- acknowledgements and commits ----------------------------------------------------------

    def ack(self, message: ConsumerMessage) -> bool:
        """Acknowledge a batch; return True if it was in flight."""
        with ack_lock:
            if message.acked:
                return False
            message.acked = True
            self._unacked_messages.discard(message)
            waiting = self._waiting_for_ack
            if waiting is not None and not waiting.done():
                waiting.set_result(None)
            in_flight = self._in_flight.get(message.tp)
            if in_flight is None or not in_flight.acknowledge(message.value):
                return False
            self._n_acked += 1
            return True

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> list[TP]:
        return [
            tp for tp in self._in_flight if topics is None or tp in topics or tp.topic in topics
        ]

    def _new_offset(self, tp: TP) -> int | None:
        in_flight = self._in_flight.get(tp)
        return None if in_flight is None else in_flight.committable

    async def _commit_offsets(
        self,
        offsets: Mapping[TP, int],
        start_new_transaction: bool = True,  # noqa: ARG002 - Faust's signature
    ) -> bool:
        if not await self._commit(offsets):
            hang = await self._commit_watch.check(next(iter(offsets)))
            if hang is not None:
                await self.crash(hang)
            return False
        self._commit_watch.reset()
        self._committed_offset.update(offsets)
        self.app.tables.on_commit(offsets)
        self.app.monitor.on_tp_commit(offsets)
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: Faust's warnings about slow streams do not fit batches that wait."""

    # --- fetching and handing over -------------------------------------------------------------

    async def _drain_messages(self, fetcher: Any) -> None:
        """Fetch and hand over until stopped (the task of Faust's fetcher service)."""
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                if not self.flow_active:
                    await self.wait(self.can_resume_flow)
                    continue
                pause = await self._round()
                await asyncio.sleep(pause)
        except (*self.consumer_stopped_errors, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _round(self) -> float:
        """Fetch once and hand over; return the seconds to wait before the next fetch."""
        async with self._fetching:
            # Both are read before the fetch: whatever changes meanwhile invalidates its records,
            # and every way back to an active flow seeks again.
            epoch, generation = self._epoch, self.app.consumer_generation_id
            wanted = self._wanted()
            if not wanted:
                return _FULL_S if self._active_partitions else _IDLE_S
            began = time.time_ns() if self.transport.traced else None
            fetched = await self._getmany(active_partitions=wanted, timeout=_FETCH_S)
            messages: list[ConsumerMessage] = []
            for tp, records in fetched.items():
                messages += self._messages(TP(tp.topic, tp.partition), records, generation)
            if began is not None:
                set_fetched((message.value for message in messages), began)
            if messages and self._valid(epoch, generation):
                await self._deliver(messages, epoch, generation)
        return 0.0

    def _wanted(self) -> set[TP]:
        """Partitions to fetch from now: active ones whose agents have room."""
        changelogs = self.app.tables.changelog_topics
        limit = self._in_flight_limit
        return {
            tp
            for tp in self._get_active_partitions()
            if tp.topic in changelogs
            or (self._open and (tp not in self._in_flight or self._in_flight[tp].records < limit))
        }

    def _messages(self, tp: TP, records: list[Any], generation: int) -> list[ConsumerMessage]:
        """Wrap records: one message per batch for agents, one per record for changelogs."""
        if not records:
            return []
        self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
        if tp.topic in self.app.tables.changelog_topics:
            return [self._to_message(tp, record) for record in records]
        last = records[-1]
        return [
            ConsumerMessage(
                topic=tp.topic,
                partition=tp.partition,
                offset=last.offset,
                timestamp=last.timestamp / 1000.0,
                timestamp_type=last.timestamp_type,
                headers=None,
                key=None,
                value=PartitionBatch(tp.topic, tp.partition, records, generation),
                checksum=None,
                serialized_key_size=0,
                serialized_value_size=0,
                tp=tp,
                generation_id=generation,
            )
        ]

    def _valid(self, epoch: int, generation: int) -> bool:
        return (
            self.flow_active
            and epoch == self._epoch
            and generation == self.app.consumer_generation_id
        )

    async def _deliver(self, messages: list[ConsumerMessage], epoch: int, generation: int) -> None:
        """Hand over until done, or until a rebalance suspends the flow."""
        handing = asyncio.create_task(self._hand_over(messages, epoch, generation))
        suspended = asyncio.create_task(self.suspend_flow.wait())
        try:
            await asyncio.wait({handing, suspended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            suspended.cancel()
            handing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await handing

    async def _hand_over(
        self, messages: list[ConsumerMessage], epoch: int, generation: int
    ) -> None:
        for message in messages:
            if not self._valid(epoch, generation):
                return
            batch = message.value
            if not isinstance(batch, PartitionBatch):
                await self.callback(message)
                self._read_offset[message.tp] = message.offset
                continue
            in_flight = self._in_flight.setdefault(message.tp, InFlightBatches())
            in_flight.add(batch)
            try:
                await self.callback(message)
            except BaseException:
                if not batch.revoked:
                    in_flight.remove(batch)
                raise
            self._read_offset[message.tp] = message.offset
