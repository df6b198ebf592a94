"""Judges a partition batch and has it written down; owns the engines of the worker's partitions.

One file, although a long one: to judge, to judge again after a start, to hold and to give up are
the four ways of one batch, and each must leave the engine as the others expect it.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple, Protocol

import structlog

from schemas.errors import SchemaRegistryError
from streams.checkpoint import Acknowledged, Checkpoint
from streams.clock_hold import Ahead
from streams.core.log import Outcome, RawRecord
from streams.holds import CLOCK, LIMIT, Hold, Place
from streams.kafka import Patience
from streams.outbox import Output, Revoked
from streams.saved_state import SavedState
from streams.saving import Savable, SavePolicy, Saving
from streams.transport import PartitionBatch

log = structlog.get_logger(__name__)


class Engine(Savable, Protocol):
    """The judging code of one partition (`streams.core.partition.PartitionEngine`)."""

    @property
    def stream_time(self) -> int:
        """The highest arrival time seen, ms UTC."""
        ...

    def apply(
        self, records: Sequence[RawRecord], *, save: bool = True, again: bool = False
    ) -> Outcome:
        """Apply a batch in the order of its offsets."""
        ...


class State(Protocol):
    """Where the saved state of the partitions is (`streams.state_log.StateLog`)."""

    async def of(
        self, partition: int, generation: int, *, revoked: Callable[[], bool]
    ) -> SavedState:
        """The state of one partition, as it was when the generation began or later."""
        ...

    def confirmed(self, partition: int) -> None:
        """What is in memory was written down a moment ago."""
        ...


class Follower(Protocol):
    """Keeps the registry up to date (`streams.registry_follower.RegistryFollower`)."""

    async def catch_up(self) -> None:
        """Apply every registration there is."""
        ...


class Readings(Protocol):
    """What the topic holds of a partition (`streams.readings_log.ReadingsLog`)."""

    def between(
        self, partition: int, start: int, end: int, *, revoked: Callable[[], bool]
    ) -> AsyncGenerator[Sequence[RawRecord]]:
        """The records with offsets from ``start`` to before ``end``, some at a time."""
        ...


class Holds(Protocol):
    """Holds partitions until a person decides (`streams.hold_log.HoldLog`)."""

    def found(
        self, place: Place, offset: int, kind: str, why: str, passes_at: int | None = None
    ) -> Hold:
        """Make the hold of a partition before the record at an offset."""
        ...

    async def wait(self, hold: Hold, batch: PartitionBatch) -> None:
        """Hold the partition until it may go on, or the batch is void."""
        ...

    def passed(self, topic: str, partition: int, next_offset: int) -> None:
        """The records below the offset are done."""
        ...


Look = Callable[[PartitionBatch, Sequence[RawRecord], int], Ahead | None]
"""Finds the first record of a batch whose stamp cannot be right, after a stream time (ms UTC)."""


class Judged(NamedTuple):
    """What came of a batch: of all of it, or of the part of it that is ``done`` before a hold."""

    owned: Owned
    done: PartitionBatch
    outcome: Outcome | None
    hold: Hold | None


class Unacknowledged:
    """The beginning of a batch, written down while the rest of it is held."""

    def __init__(self, value: PartitionBatch) -> None:
        self.value = value

    def ack(self) -> bool:
        """Do nothing: only a whole batch is acknowledged."""
        return False


@dataclass(slots=True)
class Owned:
    """A partition of the worker: its engine, the state it was made from, and what saves it."""

    engine: Engine
    saved: SavedState
    saving: Saving
    generation: int | None = None
    """Of the last batch that was judged by it."""
    sound: bool = True
    """Everything that the engine has taken is written down."""


class Judging:
    """Engines of the partitions this worker owns, built from the saved state when needed."""

    def __init__(
        self,
        *,
        state: State,
        checkpoint: Checkpoint,
        follower: Follower,
        readings: Readings,
        engine: Callable[[int, Mapping[str, bytes]], Engine],
        encode: Callable[[Outcome], list[Output]],
        holds: Holds,
        look: Look,
        policy: SavePolicy = SavePolicy(),  # noqa: B008 (it cannot be changed)
        say_s: float = 30.0,
    ) -> None:
        self._state = state
        self._checkpoint = checkpoint
        self._follower = follower
        self._readings = readings
        self._policy = policy
        self._engine = engine
        self._encode = encode
        self._holds = holds
        self._look = look
        self._engines: dict[int, Owned] = {}
        self._busy: set[int] = set()  # partitions of which a batch is in work
        self._turn = asyncio.Lock()
        self._trouble: dict[int, Patience] = {}  # of the partitions that wait
        self._say_s = say_s
        self.progress = Progress(say_s)

    @property
    def trouble(self) -> str | None:
        """Why a partition cannot be judged for the moment; None while all of them can."""
        return next((patience.why for patience in self._trouble.values()), None)

    async def take(self, event: Acknowledged) -> None:
        """Judge the event's batch and acknowledge it when everything is written down.

        Batches of several partitions may be under way at a time, of each only one. A batch whose
        partition leaves meanwhile is given up: its next owner judges it. Where a person must decide
        first (`streams.holds`) it waits, and nothing of it is acknowledged. Raises
        `TooLargeError`: a person must act, nothing may be judged after it.
        """
        batch: PartitionBatch = event.value
        with self.progress.work():
            await self._take(event, batch)

    async def _take(self, event: Acknowledged, batch: PartitionBatch) -> None:
        partition, done = batch.partition, False
        self._busy.add(partition)
        try:
            saved = await self._state.of(partition, batch.generation, revoked=lambda: batch.revoked)
            while (hold := await self._step(event, batch, saved)) is not None:
                await self._holds.wait(hold, batch)
                if batch.revoked:
                    raise Revoked
            done = True
        except Revoked:
            log.info("a partition left before its batch was done", batch=repr(batch))
        finally:
            self._trouble.pop(partition, None)
            self._busy.discard(partition)
            owned = self._engines.get(partition)
            if not done and owned is not None and not owned.sound:
                # The engine has taken what nobody has written down. A sound one stays as long as
                # the partition does: each rebalance would begin a long stretch anew.
                del self._engines[partition]

    async def _step(
        self, event: Acknowledged, batch: PartitionBatch, saved: SavedState
    ) -> Hold | None:
        """Judge a batch and write it down; returns what holds it, where only a part was."""
        owned, done, outcome, hold = await self._judge(batch, saved)
        if outcome is not None:
            written = event if hold is None else Unacknowledged(done)
            await self._checkpoint.complete(written, self._encode(outcome), owned.saving)
            owned.sound = True
            self._state.confirmed(batch.partition)
            self.progress.count(done, outcome)
            self._holds.passed(batch.topic, batch.partition, done.next_offset)
        return hold

    def keep(self, partitions: Iterable[int]) -> None:
        """These partitions are the worker's now: drop the engines of the others."""
        for partition in self._engines.keys() - set(partitions):
            del self._engines[partition]

    async def leave(self) -> None:
        """Save all state there is: the next owners go on from it.

        Not that of a partition whose batch is still in work, although nobody waits for it.
        """
        for partition, owned in list(self._engines.items()):
            if owned.saving.outstanding and partition not in self._busy:
                done = False
                try:
                    await self._checkpoint.save(
                        partition, owned.saving, revoked=lambda: False, whole=True
                    )
                    done = True
                finally:
                    if not done:
                        self._engines.pop(partition, None)

    async def _judge(self, batch: PartitionBatch, saved: SavedState) -> Judged:
        what = f"partition {batch.partition} waits for the schema registry"
        while True:
            await self._follower.catch_up()
            try:
                owned = self._owned(batch.partition, saved)
                await self._repeat(batch, owned)
                judged = await self._judge_now(batch, owned)
                owned.generation = batch.generation
            except SchemaRegistryError as error:
                # The engine has taken a part of the batch. The saved state has none of it.
                del self._engines[batch.partition]
                trouble = self._trouble.setdefault(batch.partition, Patience(what, self._say_s))
                await trouble.wait(error)
            else:
                if batch.partition in self._trouble:
                    self._trouble.pop(batch.partition).over()
                return judged

    async def _judge_now(self, batch: PartitionBatch, owned: Owned) -> Judged:
        """Judge a batch as far as the clock lets it; nothing counts of what the limit holds."""
        records: Sequence[RawRecord] = batch.records
        place, done, hold = (batch.topic, batch.partition), batch, None
        start = bisect_left(records, owned.engine.next_offset, key=attrgetter("offset"))
        ahead = self._look(batch, records[start:], owned.engine.stream_time)
        if ahead is not None:
            upto = start + ahead.position
            offset = records[upto].offset
            hold = self._holds.found(place, offset, CLOCK, ahead.why, ahead.passes_at)
            if not ahead.position:
                return Judged(owned, batch, None, hold)
            done = batch.beginning(upto)
        outcome = await self._apply(batch, done.records, owned)
        if outcome.reached is None:
            return Judged(owned, done, outcome, hold)
        del self._engines[batch.partition]  # it has taken what must not count
        offset, why = outcome.reached.offset, outcome.reached.sentence(*place)
        return Judged(owned, batch, None, self._holds.found(place, offset, LIMIT, why))

    def _owned(self, partition: int, saved: SavedState) -> Owned:
        owned = self._engines.get(partition)
        if owned is None or owned.saved is not saved or owned.saving.base != saved.reached:
            # None yet, or the state was read anew, or somebody else went on from it.
            engine = self._engine(partition, saved.items)
            owned = Owned(engine, saved, Saving(partition, engine, saved, self._policy))
            self._engines[partition] = owned
        return owned

    async def _repeat(self, batch: PartitionBatch, owned: Owned) -> None:
        """Judge what lies between the state and the batch, and publish it again.

        It was acknowledged after the last complete checkpoint. A state that never was has nothing
        to be repeated: its log begins where the topic does.
        """
        if owned.generation == batch.generation:
            return  # no message lies between two batches of one generation: markers may
        start, end = owned.engine.next_offset, batch.first_offset
        if start >= end or not (start or owned.saved.judged):
            return
        log.info("judged again", partition=batch.partition, start=start, end=end)
        owned.generation = None  # only the end of the stretch makes it that of the batch
        owned.saving.begin_again(end)

        def revoked() -> bool:
            return batch.revoked

        stretch = self._readings.between(batch.partition, start, end, revoked=revoked)
        async with aclosing(stretch):
            async for records in stretch:
                outcome = await self._apply(batch, records, owned, again=True)
                await self._checkpoint.publish(self._encode(outcome), revoked=revoked)
                owned.saving.repeated(len(records))
                if owned.saving.much_repeated:
                    await self._checkpoint.save(batch.partition, owned.saving, revoked=revoked)
                owned.sound = True

    async def _apply(
        self,
        batch: PartitionBatch,
        records: Sequence[RawRecord],
        owned: Owned,
        *,
        again: bool = False,
    ) -> Outcome:
        # In turns: the loop looks at its connections between two batches. The records are as they
        # were fetched: they have what a `RawRecord` has, by the same names.
        async with self._turn:
            if batch.revoked:
                raise Revoked
            owned.sound = False
            return owned.engine.apply(records, save=False, again=again)


class Progress:
    """Counts what was done and says it once a period; tells how long batches are in work."""

    def __init__(self, say_s: float) -> None:
        self._say_s = say_s
        self._said_at = time.monotonic()
        self._since: dict[object, float] = {}  # the oldest first
        self._counts: dict[str, int] = {}
        self.total = 0

    @contextmanager
    def work(self) -> Iterator[None]:
        """A batch is in work until it is done or given up."""
        key = object()
        self._since[key] = time.monotonic()
        try:
            yield
        finally:
            del self._since[key]

    @property
    def in_work_s(self) -> float:
        """For how long the oldest batch in work has been so; 0 when there is none."""
        return time.monotonic() - next(iter(self._since.values())) if self._since else 0.0

    def count(self, batch: PartitionBatch, outcome: Outcome) -> None:
        """Add a finished batch, and say what was done when the period is over."""
        self.total += len(batch)
        for name, more in (
            ("records", len(batch)),
            ("used", outcome.used),
            ("duplicates", outcome.duplicates),
            ("ticks", outcome.ticks),
            ("dead_letters", len(outcome.dead_letters)),
            ("means", len(outcome.means)),
            ("gaps", len(outcome.gaps)),
            ("violations", len(outcome.violations)),
        ):
            self._counts[name] = self._counts.get(name, 0) + more
        now = time.monotonic()
        if now - self._said_at >= self._say_s:
            log.info("judged", seconds=round(now - self._said_at), **self._counts)
            self._said_at = now
            self._counts.clear()
