"""What the readings agent does with a partition batch: judge it, and have it written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import structlog

from schemas.errors import SchemaRegistryError
from streams.checkpoint import Acknowledged, Checkpoint
from streams.core.log import Outcome, RawRecord
from streams.fuse import FuseBlown
from streams.kafka import Patience
from streams.outbox import Output, Revoked
from streams.saved_state import SavedState
from streams.transport import PartitionBatch

log = structlog.get_logger(__name__)


class Engine(Protocol):
    """The judging code of one partition (`streams.core.partition.PartitionEngine`)."""

    @property
    def next_offset(self) -> int:
        """Records below it were applied before."""
        ...

    def apply(self, records: Sequence[RawRecord]) -> Outcome:
        """Apply a batch in the order of its offsets."""
        ...

    def confirmed(self) -> None:
        """The state that the engine was given has every outcome by now."""
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


class Judging:
    """Engines of the partitions this worker owns, built from the saved state when needed."""

    def __init__(
        self,
        *,
        state: State,
        checkpoint: Checkpoint,
        follower: Follower,
        engine: Callable[[int, Mapping[str, bytes]], Engine],
        encode: Callable[[Outcome], list[Output]],
        say_s: float = 30.0,
    ) -> None:
        self._state = state
        self._checkpoint = checkpoint
        self._follower = follower
        self._engine = engine
        self._encode = encode
        self._engines: dict[int, tuple[Engine, SavedState]] = {}
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
        try:
            saved = await self._state.of(
                batch.partition, batch.generation, revoked=lambda: batch.revoked
            )
            engine, outcome = await self._judge(batch, saved)
            if outcome.blown is not None:
                self.blown = outcome.blown.sentence(batch.topic, batch.partition)
                raise FuseBlown(self.blown)
            await self._checkpoint.complete(event, self._encode(outcome), outcome.state, saved)
        except Revoked:
            log.info("a partition left before its batch was done", batch=repr(batch))
        else:
            engine.confirmed()
            self._state.confirmed(batch.partition)
            self.progress.count(batch, outcome)
        finally:
            self._trouble.pop(batch.partition, None)

    def keep(self, partitions: Iterable[int]) -> None:
        """These partitions are the worker's now: drop the engines of the others."""
        for partition in self._engines.keys() - set(partitions):
            del self._engines[partition]

    async def _judge(self, batch: PartitionBatch, saved: SavedState) -> tuple[Engine, Outcome]:
        what = f"partition {batch.partition} waits for the schema registry"
        while True:
            await self._follower.catch_up()
            try:
                # In turns: the loop looks at its connections between two batches.
                async with self._turn:
                    judged = self._apply(batch, saved)
            except SchemaRegistryError as error:
                trouble = self._trouble.setdefault(batch.partition, Patience(what, self._say_s))
                await trouble.wait(error)
            else:
                if batch.partition in self._trouble:
                    self._trouble.pop(batch.partition).over()
                return judged

    def _apply(self, batch: PartitionBatch, saved: SavedState) -> tuple[Engine, Outcome]:
        if batch.revoked:
            raise Revoked
        engine, of = self._engines.get(batch.partition, (None, None))
        if engine is None or of is not saved or engine.next_offset != saved.reached:
            # None yet, or the state was read anew, or the engine took a batch that was not
            # written down by this worker.
            engine = self._engine(batch.partition, saved.items)
            self._engines[batch.partition] = (engine, saved)
        # As they were fetched: they have what a `RawRecord` has, by the same names.
        records: Sequence[RawRecord] = batch.records
        try:
            return engine, engine.apply(records)
        except SchemaRegistryError:
            # The engine has taken a part of the batch. The saved state has none of it.
            del self._engines[batch.partition]
            raise


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
