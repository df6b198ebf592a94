"""Processes partition batches and checkpoints the results; owns the partitions' engines.

One file, although a long one: to process, to replay after a start, to hold and to give up are the
four ways of one batch, and each must leave the engine as the others expect it.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple, Protocol

import structlog

from schemas.errors import SchemaRegistryError
from streams.changelog.replica import ChangelogReplica
from streams.changelog.write_behind import Checkpointable, CheckpointPolicy, WriteBehind
from streams.core.engine.outcome import Outcome
from streams.core.records.record import RawRecord
from streams.holds.clock_check import ClockCheck
from streams.holds.hold import CLOCK, LIMIT, Hold
from streams.kafka.partitions import PartitionId, PartitionRevoked
from streams.kafka.producer import Output
from streams.kafka.retry import Backoff
from streams.metrics.metric_set import MetricSet
from streams.runtime.batch_metrics import BatchMetrics, SurveyedEngine
from streams.runtime.checkpoint import Checkpoint
from streams.runtime.progress_log import ProgressLog
from streams.runtime.readings_reader import LostReadingsError
from streams.runtime.year_notices import log_notices
from streams.transport.batch import Delivery, PartitionBatch

log = structlog.get_logger(__name__)


class Engine(Checkpointable, SurveyedEngine, Protocol):
    """Evaluate one partition (`streams.core.engine.partition.PartitionProcessor`)."""

    def apply(
        self, records: Sequence[RawRecord], *, save: bool = True, again: bool = False
    ) -> Outcome:
        """Apply records in the order of their offsets."""
        ...

    def wanted(self, records: Sequence[RawRecord]) -> Sequence[tuple[int, int]]:
        """Return the offsets, ``[first, end)``, of readings that these records need again."""
        ...

    def supply(self, records: Sequence[RawRecord]) -> None:
        """Keep the readings that the next records need."""
        ...

    def supply_lost(self, kept_from: int) -> None:
        """Note that the log does not hold the readings before an offset any more."""
        ...

    def forget_supplied(self) -> None:
        """Forget what was supplied: it is wanted again."""
        ...


class StateSource(Protocol):
    """Restore the state of partitions (`streams.changelog.restore.StateRestorer`)."""

    async def restore(
        self, partition: int, generation: int, *, revoked: Callable[[], bool]
    ) -> ChangelogReplica:
        """Return the state of a partition as of the generation's start or later."""
        ...

    def mark_current(self, partition: int) -> None:
        """Note that the replica equals the changelog now."""
        ...


class Follower(Protocol):
    """Follow registrations and notices (`streams.registry.topic_follower.TopicFollowers`)."""

    async def catch_up(self) -> None:
        """Apply every registration and every notice there is."""
        ...


class ReplaySource(Protocol):
    """Read readings again (`streams.runtime.readings_reader.ReadingsReader`)."""

    def read_range(
        self, partition: int, start: int, end: int, *, revoked: Callable[[], bool]
    ) -> AsyncGenerator[Sequence[RawRecord]]:
        """Yield the records with offsets from ``start`` to before ``end``."""
        ...


class Holds(Protocol):
    """Hold partitions until a person decides (`streams.holds.partition_holds.PartitionHolds`)."""

    def make_hold(
        self, place: PartitionId, offset: int, kind: str, why: str, passes_at: int | None = None
    ) -> Hold:
        """Make the hold of a partition before the record at an offset."""
        ...

    async def wait(self, hold: Hold, batch: PartitionBatch) -> None:
        """Hold the partition until it may go on or the batch is revoked."""
        ...

    def release_before(self, topic: str, partition: int, next_offset: int) -> None:
        """Release holds of records below the offset."""
        ...


class BatchResult(NamedTuple):
    """Result of a batch, or of the part of it that is ``done`` before a hold."""

    owned: OwnedPartition
    done: PartitionBatch
    outcome: Outcome | None
    hold: Hold | None


class PartialDelivery:
    """The beginning of a batch, checkpointed while the rest of it is held."""

    def __init__(self, value: PartitionBatch) -> None:
        self.value = value

    def ack(self) -> bool:
        """Do nothing: only a whole batch is acknowledged."""
        return False


@dataclass(slots=True)
class OwnedPartition:
    """A partition of this worker: its engine, the state it was made from, and what saves it."""

    engine: Engine
    replica: ChangelogReplica
    write_behind: WriteBehind
    generation: int | None = None
    """Generation of the last batch that the engine processed."""
    clean: bool = True
    """Everything that the engine has applied is checkpointed."""


class BatchProcessor:
    """Process partition batches with one engine per partition, built from state on demand."""

    def __init__(
        self,
        *,
        state: StateSource,
        checkpoint: Checkpoint,
        follower: Follower,
        readings: ReplaySource,
        engine: Callable[[int, Mapping[str, bytes]], Engine],
        encode: Callable[[Outcome], list[Output]],
        holds: Holds,
        clock_check: ClockCheck,
        policy: CheckpointPolicy = CheckpointPolicy(),  # noqa: B008 (it cannot be changed)
        log_interval_s: float = 30.0,
        metrics: BatchMetrics | None = None,
    ) -> None:
        self._state = state
        self._checkpoint = checkpoint
        self._follower = follower
        self._readings = readings
        self._policy = policy
        self._engine = engine
        self._encode = encode
        self._holds = holds
        self._clock_check = clock_check
        self._owned: dict[int, OwnedPartition] = {}
        self._in_work: set[int] = set()  # partitions with a batch in work
        self._turn = asyncio.Lock()
        self._backoffs: dict[int, Backoff] = {}  # of the partitions that wait
        self._log_interval_s = log_interval_s
        self._metrics = metrics or BatchMetrics(MetricSet("streams"))
        self.progress = ProgressLog(log_interval_s)

    @property
    def failure(self) -> str | None:
        """Why a partition cannot be processed now, in a sentence; None while all can."""
        return next((backoff.reason for backoff in self._backoffs.values()), None)

    async def process(self, delivery: Delivery) -> None:
        """Evaluate a batch and acknowledge it once all of its results are durable.

        Batches of several partitions may be in work at a time, one of each. When its partition is
        revoked, a batch is dropped: the next owner processes it. Where a person must decide first
        (`streams.holds.hold`) it waits unacknowledged. Raises `RecordTooLargeError`: a person must
        act, and nothing may be processed after it.
        """
        with self.progress.in_work():
            await self._process(delivery, delivery.value)

    async def _process(self, delivery: Delivery, batch: PartitionBatch) -> None:
        partition, done = batch.partition, False
        self._in_work.add(partition)
        try:
            with self._metrics.stage("restore"):
                replica = await self._state.restore(
                    partition, batch.generation, revoked=lambda: batch.revoked
                )
            while (hold := await self._step(delivery, batch, replica)) is not None:
                await self._holds.wait(hold, batch)
                if batch.revoked:
                    raise PartitionRevoked
            done = True
        except PartitionRevoked:
            log.info("batch_revoked", batch=repr(batch))
        finally:
            self._backoffs.pop(partition, None)
            self._in_work.discard(partition)
            owned = self._owned.get(partition)
            if not done and owned is not None and not owned.clean:
                # The engine has applied what is not checkpointed. A clean one stays as long as the
                # partition does: else each rebalance would start a long replay again.
                del self._owned[partition]

    async def _step(
        self, delivery: Delivery, batch: PartitionBatch, replica: ChangelogReplica
    ) -> Hold | None:
        """Evaluate and checkpoint a batch; return the hold, where only a part could be."""
        owned, done, outcome, hold = await self._evaluate_with_registry(batch, replica)
        if outcome is not None:
            finished = delivery if hold is None else PartialDelivery(done)
            with self._metrics.stage("encode"):
                outputs = self._encode(outcome)
            await self._checkpoint.complete(finished, outputs, owned.write_behind)
            owned.clean = True
            self._state.mark_current(batch.partition)
            self.progress.count(done, outcome)
            self._metrics.finished(done, outcome, owned.engine, replica.items)
            log_notices(outcome.findings)
            self._holds.release_before(batch.topic, batch.partition, done.next_offset)
        return hold

    def retain(self, partitions: Iterable[int]) -> None:
        """Drop the engines of all partitions but these."""
        for partition in self._owned.keys() - set(partitions):
            del self._owned[partition]

    async def save_all(self) -> None:
        """Write the full state of every partition, for the next owners to go on from.

        Except of those that still have a batch in work, although nobody waits for it.
        """
        for partition, owned in list(self._owned.items()):
            if owned.write_behind.dirty and partition not in self._in_work:
                done = False
                try:
                    await self._checkpoint.save(
                        partition, owned.write_behind, revoked=lambda: False, full=True
                    )
                    done = True
                finally:
                    if not done:
                        self._owned.pop(partition, None)

    async def _evaluate_with_registry(
        self, batch: PartitionBatch, replica: ChangelogReplica
    ) -> BatchResult:
        """Evaluate a batch with the current registry; wait for a schema registry that is away."""
        what = f"partition {batch.partition} waits for the schema registry"
        while True:
            with self._metrics.stage("registry"):
                await self._follower.catch_up()
            try:
                owned = self._owned_partition(batch.partition, replica)
                with self._metrics.stage("replay"):
                    await self._replay(batch, owned)
                result = await self._evaluate(batch, owned)
                owned.generation = batch.generation
            except SchemaRegistryError as error:
                # The engine has applied a part of the batch, of which the state has nothing.
                del self._owned[batch.partition]
                backoff = self._backoffs.setdefault(
                    batch.partition, Backoff("resolve_schemas", what, self._log_interval_s)
                )
                await backoff.wait(error)
            else:
                if batch.partition in self._backoffs:
                    self._backoffs.pop(batch.partition).recovered()
                return result

    async def _evaluate(self, batch: PartitionBatch, owned: OwnedPartition) -> BatchResult:
        """Evaluate a batch up to a suspect timestamp; discard it if the limit holds it."""
        records: Sequence[RawRecord] = batch.records
        place, done, hold = (batch.topic, batch.partition), batch, None
        start = bisect_left(records, owned.engine.next_offset, key=attrgetter("offset"))
        suspect = self._clock_check(place, records[start:], owned.engine.stream_time)
        if suspect is not None:
            length = start + suspect.position
            offset = records[length].offset
            hold = self._holds.make_hold(place, offset, CLOCK, suspect.why, suspect.passes_at)
            if not suspect.position:
                return BatchResult(owned, batch, None, hold)
            done = batch.prefix(length)
        outcome = await self._apply(batch, done.records, owned)
        if outcome.reached is None:
            return BatchResult(owned, done, outcome, hold)
        del self._owned[batch.partition]  # it has applied records that must not count
        offset, why = outcome.reached.offset, outcome.reached.sentence(*place)
        return BatchResult(owned, batch, None, self._holds.make_hold(place, offset, LIMIT, why))

    def _owned_partition(self, partition: int, replica: ChangelogReplica) -> OwnedPartition:
        owned = self._owned.get(partition)
        if (
            owned is None
            or owned.replica is not replica
            or owned.write_behind.base != replica.reached
        ):
            # None yet, or the state was restored again, or another worker has written to it.
            engine = self._engine(partition, replica.items)
            write_behind = WriteBehind(partition, engine, replica, self._policy)
            owned = OwnedPartition(engine, replica, write_behind)
            self._owned[partition] = owned
        return owned

    async def _replay(self, batch: PartitionBatch, owned: OwnedPartition) -> None:
        """Evaluate and publish again what lies between the state and the batch.

        It was acknowledged after the last complete checkpoint. Without any checkpoint there is
        nothing to replay: the log begins where the topic does.
        """
        if owned.generation == batch.generation:
            return  # no message lies between two batches of one generation: markers may
        start, end = owned.engine.next_offset, batch.first_offset
        if start >= end or not (start or owned.replica.ledger):
            return
        log.info("replay_started", partition=batch.partition, start=start, end=end)
        owned.generation = None  # only the end of the replay makes it that of the batch
        owned.write_behind.begin_replay(end)
        try:
            await self._replay_range(batch, owned, start, end)
        except LostReadingsError as lost:
            if lost.start:
                raise
            # No checkpoint was ever completed, so what was judged began where the topic did.
            await self._replay_range(batch, owned, lost.begin, end)

    async def _replay_range(
        self, batch: PartitionBatch, owned: OwnedPartition, start: int, end: int
    ) -> None:
        def revoked() -> bool:
            return batch.revoked

        replay = self._readings.read_range(batch.partition, start, end, revoked=revoked)
        async with aclosing(replay):
            async for records in replay:
                outcome = await self._apply(batch, records, owned, again=True)
                await self._checkpoint.publish(self._encode(outcome), revoked=revoked)
                owned.write_behind.record_replayed(len(records))
                if owned.write_behind.replay_due:
                    await self._checkpoint.save(
                        batch.partition, owned.write_behind, revoked=revoked
                    )
                owned.clean = True

    async def _apply(
        self,
        batch: PartitionBatch,
        records: Sequence[RawRecord],
        owned: OwnedPartition,
        *,
        again: bool = False,
    ) -> Outcome:
        # One at a time: the loop serves its connections between two batches. The records are as
        # they were fetched: they have the attributes of a `RawRecord`, by the same names.
        while True:
            async with self._turn:
                if batch.revoked:
                    raise PartitionRevoked
                # Notices may become known whenever another partition catches up with their topic.
                wanted = owned.engine.wanted(records)
                if not wanted:
                    owned.clean = False
                    with self._metrics.stage("judge"):
                        return owned.engine.apply(records, save=False, again=again)
            for start, end in wanted:
                await self._supply(batch, start, end, owned)

    async def _supply(
        self, batch: PartitionBatch, start: int, end: int, owned: OwnedPartition
    ) -> None:
        """Read readings again of which a notice says something else, for the engine."""
        log.info("readings_read_again", partition=batch.partition, start=start, end=end)
        done = False
        try:
            while start < end:
                try:
                    replay = self._readings.read_range(
                        batch.partition, start, end, revoked=lambda: batch.revoked
                    )
                    async with aclosing(replay):
                        async for records in replay:
                            owned.engine.supply(records)
                    start = end
                except LostReadingsError as lost:
                    # No partition stops for it: a mark then counts for all of its slots.
                    log.warning(
                        "marked_readings_lost",
                        partition=batch.partition,
                        start=lost.start,
                        end=min(lost.begin, end),
                    )
                    owned.engine.supply_lost(lost.begin)
                    start = lost.begin
            done = True
        finally:
            if not done:
                owned.engine.forget_supplied()  # the next batch needs them too
