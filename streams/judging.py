"""What the readings agent does with a partition batch: judge it, and have it written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from schemas.errors import SchemaRegistryError
from streams.checkpoint import Acknowledged, Checkpoint
from streams.core.log import Outcome, RawRecord
from streams.fuse import FuseBlown
from streams.kafka import Patience
from streams.outbox import Output, Revoked
from streams.saved_state import SavedState
from streams.saving import Savable, SavePolicy, Saving
from streams.transport import PartitionBatch

log = structlog.get_logger(__name__)


class Engine(Savable, Protocol):
    """The judging code of one partition (`streams.core.partition.PartitionEngine`)."""

    def apply(self, records: Sequence[RawRecord], *, save: bool = True) -> Outcome:
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


@dataclass(slots=True)
class Owned:
    """A partition of the worker: its engine, the state it was made from, and what saves it."""

    engine: Engine
    saved: SavedState
    saving: Saving
    generation: int | None = None
    """Of the last batch that was judged by it."""


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
        self._engines: dict[int, Owned] = {}
        self._busy: set[int] = set()  # partitions of which a batch is in work
        self._turn = asyncio.Lock()
        self._trouble: dict[int, Patience] = {}  # of the partitions that wait
        self._say_s = say_s
        self.progress = Progress(say_s)
        self.blown: str | None = None
        """What made a fuse blow: nothing is judged any more."""

    @property
    def trouble(self) -> str | None:
        """Why a partition cannot be judged for the moment; None while all of them can."""
        return next((patience.why for patience in self._trouble.values()), None)

    async def take(self, event: Acknowledged) -> None:
        """Judge the event's batch and acknowledge it when everything is written down.

        Batches of several partitions may be under way at a time, of each only one. A batch whose
        partition leaves meanwhile is given up: its next owner judges it. Raises `FuseBlown` and
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
            owned, outcome = await self._judge(batch, saved)
            await self._checkpoint.complete(event, self._encode(outcome), owned.saving)
            self._state.confirmed(partition)
            self.progress.count(batch, outcome)
            done = True
        except Revoked:
            log.info("a partition left before its batch was done", batch=repr(batch))
        finally:
            self._trouble.pop(partition, None)
            self._busy.discard(partition)
            if not done:
                # The engine may have taken what nobody has written down.
                self._engines.pop(partition, None)

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

    async def _judge(self, batch: PartitionBatch, saved: SavedState) -> tuple[Owned, Outcome]:
        what = f"partition {batch.partition} waits for the schema registry"
        while True:
            await self._follower.catch_up()
            try:
                owned = self._owned(batch.partition, saved)
                await self._repeat(batch, owned)
                judged = await self._apply(batch, batch.records, owned)
                owned.generation = batch.generation
            except SchemaRegistryError as error:
                # The engine has taken a part of the batch. The saved state has none of it.
                del self._engines[batch.partition]
                trouble = self._trouble.setdefault(batch.partition, Patience(what, self._say_s))
                await trouble.wait(error)
            else:
                if batch.partition in self._trouble:
                    self._trouble.pop(batch.partition).over()
                return owned, judged

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

        def revoked() -> bool:
            return batch.revoked

        stretch = self._readings.between(batch.partition, start, end, revoked=revoked)
        async with aclosing(stretch):
            async for records in stretch:
                outcome = await self._apply(batch, records, owned)
                await self._checkpoint.publish(self._encode(outcome), revoked=revoked)
                owned.saving.repeated(len(records))

    async def _apply(
        self, batch: PartitionBatch, records: Sequence[RawRecord], owned: Owned
    ) -> Outcome:
        # In turns: the loop looks at its connections between two batches. The records are as they
        # were fetched: they have what a `RawRecord` has, by the same names.
        async with self._turn:
            if batch.revoked:
                raise Revoked
            outcome = owned.engine.apply(records, save=False)
        if outcome.blown is not None:
            self.blown = outcome.blown.sentence(batch.topic, batch.partition)
            raise FuseBlown(self.blown)
        return outcome


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
