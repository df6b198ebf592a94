"""Faust's Kafka driver with another unit of hand-over, another ledger, and seeks kept in order.

What is replaced, and why (everything else is Faust's own driver):

* `_drain_messages`: fetches and hands over whole partition batches. Faust hands over single
  records, at a cost of some hundred microseconds each.
* `ack`, `_new_offset` and company: the `Ledger` commits acknowledged prefixes only. Faust's
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
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Final

import structlog
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.tuples import ack_lock

from streams.transport.batch import Ledger, PartitionBatch
from streams.transport.commit_watch import CommitWatch
from streams.transport.thread import ConsumerThread

log = structlog.get_logger(__name__)

_FETCH_S: Final = 0.25  # a fetch waits this long for records; a seek waits as long for the fetch
_FULL_S: Final = 0.01  # a look at the ledgers while every partition has enough in flight
_IDLE_S: Final = 0.1  # the same while nothing is assigned


class Consumer(driver.Consumer):  # type: ignore[misc]
    """Hands partition batches to the agents and keeps the ledger of what is under way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ledgers: dict[TP, Ledger] = {}
        self._fetching = asyncio.Lock()
        self._epoch = 0  # counts revocations and assignments
        self._sought = -1  # epoch in which the seek to the committed offsets was done
        self._joining = True  # partitions were revoked, none are assigned yet
        self._open = False  # stream partitions may be read
        super().__init__(*args, **kwargs)
        self._watch = CommitWatch(self._thread.coordinator_answers)
        self._in_flight_limit: int = self.transport.records_in_flight
        self._patience_s: float = self.transport.patience_s

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # --- rebalance -----------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish what is being worked on, commit it, declare the rest void."""
        self._joining, self._open = True, False
        self._epoch += 1
        await super().on_partitions_revoked(revoked)
        self._revoke(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """A new generation: nothing of the old one counts any more."""
        self._revoke(list(self._ledgers))
        self._joining, self._open = False, False
        self._epoch += 1
        self._watch.over()
        await super().on_partitions_assigned(assigned, generation_id)

    def _revoke(self, revoked: Iterable[TP]) -> None:
        for tp in revoked:
            ledger = self._ledgers.pop(tp, None)
            if ledger is not None:
                ledger.revoke()
        if not self._ledgers:
            self._unacked_messages.clear()  # nobody has to wait for what is void

    async def wait_empty(self) -> None:
        """Wait for the batches that are being worked on, but not for ever; then commit."""
        deadline = self.loop.time() + self._patience_s
        while not self.should_stop and self._in_work():
            if self.loop.time() > deadline:
                log.warning("partitions leave before their batch is done")
                self._revoke(list(self._ledgers))
                break
            await asyncio.sleep(_FULL_S)
        if self.transport.leaving is not None:
            try:
                await asyncio.wait_for(self.transport.leaving(), self._patience_s)
            except TimeoutError:
                log.warning("partitions leave before all of their state is saved")
        try:
            await asyncio.wait_for(self.commit(), self._patience_s)
        except TimeoutError:
            log.warning("partitions leave before their offsets are committed")

    def _in_work(self) -> bool:
        """Whether the end of a batch is to be waited for; one that nobody has begun is void."""
        left = [message for message in self._unacked_messages if not message.acked]
        for message in left:
            if isinstance(message.value, PartitionBatch) and message.value.waiting:
                message.value.revoked = True
        return any(not getattr(message.value, "revoked", False) for message in left)

    def resume_flow(self) -> None:
        """Let records through; those of stream partitions only once the positions are right."""
        super().resume_flow()
        self._open = not self._joining and self._sought == self._epoch

    # --- seeks ---------------------------------------------------------------------------------

    def perform_seek(self) -> Coroutine[Any, Any, None]:
        """Seek every partition to its committed offset."""
        # The epoch is taken at the call, not when the coroutine first runs: a rebalance between
        # the two must not take this seek for its own.
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
        """Seek partitions and wait until it is done."""
        async with self._fetching:
            await super().seek_wait(partitions)

    # --- acknowledgements and commits ----------------------------------------------------------

    def ack(self, message: ConsumerMessage) -> bool:
        """An agent is done with a batch; True when that counted."""
        with ack_lock:
            if message.acked:
                return False
            message.acked = True
            self._unacked_messages.discard(message)
            waiting = self._waiting_for_ack
            if waiting is not None and not waiting.done():
                waiting.set_result(None)
            ledger = self._ledgers.get(message.tp)
            if ledger is None or not ledger.acknowledge(message.value):
                return False
            self._n_acked += 1
            return True

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> list[TP]:
        return [tp for tp in self._ledgers if topics is None or tp in topics or tp.topic in topics]

    def _new_offset(self, tp: TP) -> int | None:
        ledger = self._ledgers.get(tp)
        return None if ledger is None else ledger.committable

    async def _commit_offsets(
        self,
        offsets: Mapping[TP, int],
        start_new_transaction: bool = True,  # noqa: ARG002 - Faust's signature
    ) -> bool:
        if not await self._commit(offsets):
            hang = await self._watch.hangs(next(iter(offsets)))
            if hang is not None:
                await self.crash(hang)
            return False
        self._watch.over()
        self._committed_offset.update(offsets)
        self.app.tables.on_commit(offsets)
        self.app.monitor.on_tp_commit(offsets)
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: Faust's guesses about slow streams do not hold for batches that wait."""

    # --- fetching and handing over -------------------------------------------------------------

    async def _drain_messages(self, fetcher: Any) -> None:
        """Fetch and hand over until stopped; the task of Faust's fetcher service."""
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
        """One fetch and its delivery; returns how long to wait before the next."""
        async with self._fetching:
            # Both are looked at before the fetch: whatever changes meanwhile voids its records,
            # and every way back to an active flow seeks anew.
            epoch, generation = self._epoch, self.app.consumer_generation_id
            wanted = self._wanted()
            if not wanted:
                return _FULL_S if self._active_partitions else _IDLE_S
            fetched = await self._getmany(active_partitions=wanted, timeout=_FETCH_S)
            messages: list[ConsumerMessage] = []
            for tp, records in fetched.items():
                messages += self._messages(TP(tp.topic, tp.partition), records, generation)
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
            or (self._open and (tp not in self._ledgers or self._ledgers[tp].records < limit))
        }

    def _messages(self, tp: TP, records: list[Any], generation: int) -> list[ConsumerMessage]:
        """What the agents get: one message for the batch; a table gets its changelog singly."""
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
        """Hand over until done or until a rebalance suspends the flow."""
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
            ledger = self._ledgers.setdefault(message.tp, Ledger())
            ledger.hand_over(batch)
            try:
                await self.callback(message)
            except BaseException:
                if not batch.revoked:
                    ledger.take_back(batch)
                raise
            self._read_offset[message.tp] = message.offset
