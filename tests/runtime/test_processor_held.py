"""A batch in which a person must decide first: what is written down before, and what is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace

from streams.changelog.replica import ChangelogReplica
from streams.core.engine.dead_letter_limit import OFF, LimitPolicy
from streams.core.engine.outcome import Outcome
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.record import RawRecord
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.holds.clock_check import ClockPolicy, SuspectRecord, first_suspect
from streams.holds.hold import CLOCK, LIMIT, Hold, ResumeDecision, value_of
from streams.holds.partition_holds import PartitionHolds, Records
from streams.kafka.partitions import PartitionId
from streams.kafka.producer import ConfirmedProducer, Output, PartitionRecord
from streams.runtime.checkpoint import Checkpoint
from streams.runtime.processor import BatchProcessor
from streams.settings import Settings
from streams.transport.batch import PartitionBatch
from tests.core.examples import (
    CODEC,
    RULES,
    TOPIC,
    Found,
    Log,
    enterprise,
    fold,
    history,
    local,
    reading,
)
from tests.support.broker import eventually

AT = local("2026-04-01")
CLOCK_POLICY = ClockPolicy(10 * MINUTE, 6 * HOUR)


class Confirming(ConfirmedProducer):
    """Confirms everything at once."""

    def __init__(self) -> None:
        self.changelog = 0

    async def produce(self, outputs: Iterable[Output], *, revoked: Callable[[], bool]) -> None:
        assert (revoked(), list(outputs)) == (False, [])

    async def produce_to(
        self,
        topic: str,
        partition: int,
        records: Sequence[Output | PartitionRecord],
        *,
        revoked: Callable[[], bool],
    ) -> int | None:
        assert (topic, partition, revoked()) == ("changelog", 0, False)
        self.changelog += len(records)
        return self.changelog - len(records)


class Worker:
    """Judges one partition; its clock is set, its topic of the holds is a list."""

    def __init__(self, limit: LimitPolicy = OFF, now: int = AT + DAY) -> None:
        self.now = now
        self.written: list[tuple[bytes, bytes | None]] = []
        self.holds = PartitionHolds(
            Settings(), "streams", now_ms=lambda: self.now, write=self.write
        )
        self.saved, self.found, self.limit = ChangelogReplica(0), Found(), limit
        self.processor = BatchProcessor(
            state=self,
            checkpoint=Checkpoint(Confirming(), "changelog"),
            follower=self,
            readings=self,
            engine=self.engine,
            encode=self.encode,
            holds=self.holds,
            clock_check=self.look,
        )

    async def write(self, records: Records) -> None:
        self.written += records

    def look(
        self, place: PartitionId, records: Sequence[RawRecord], after: int
    ) -> SuspectRecord | None:
        resumed = self.holds.resumed(*place)
        return first_suspect(records, after, self.now, CLOCK_POLICY, resumed)

    def engine(self, _: int, state: Mapping[str, bytes]) -> PartitionProcessor:
        return PartitionProcessor(
            topic=TOPIC,
            partition=0,
            partitions=1,
            decode=CODEC.decode_readings,
            rules=RULES,
            policy=Policy(),
            registry=history(enterprise()),
            state=state,
            limit=self.limit,
            resumed=self.holds.resumed(TOPIC, 0),
        )

    def encode(self, outcome: Outcome) -> list[Output]:
        self.found.means += outcome.means
        self.found.dead_letters += outcome.dead_letters
        self.found.used += outcome.used
        return []

    async def restore(self, *_: int, revoked: Callable[[], bool]) -> ChangelogReplica:
        assert not revoked()
        return self.saved

    async def catch_up(self) -> None:
        """The registry does not change."""

    def mark_current(self, partition: int) -> None:
        assert partition == 0

    async def read_range(
        self, partition: int, start: int, end: int, *, revoked: Callable[[], bool]
    ) -> AsyncGenerator[Sequence[RawRecord]]:
        raise AssertionError(f"nothing is read again: {partition}, {start}, {end}, {revoked}")
        yield ()

    def resume(self, offset: int) -> None:
        made = ResumeDecision(
            topic=TOPIC, partition=0, offset=offset, until=offset + 1, reason="r", who="w", at=0
        )
        assert self.holds.view.apply(made.key, value_of(made))


class Given:
    """A batch that is being judged."""

    def __init__(self, worker: Worker, records: Sequence[RawRecord]) -> None:
        self.acknowledged = 0
        self.batch = PartitionBatch(TOPIC, 0, records, 1)
        event = SimpleNamespace(value=self.batch, ack=self._ack)
        self.task = asyncio.create_task(worker.processor.process(event))

    def _ack(self) -> bool:
        self.acknowledged += 1
        return True


async def held(worker: Worker) -> Hold:
    await eventually(lambda: bool(worker.holds.held), "it is held")
    (hold,) = worker.holds.held.values()
    return hold


async def test_records_before_a_stamp_that_cannot_be_right_are_judged_and_the_rest_waits() -> None:
    log = Log().series(AT, [600.0] * 12)
    log.tick(AT + DAY).series(AT + 2 * HOUR, [600.0] * 6)
    worker = Worker(now=AT + 2 * HOUR)
    given = Given(worker, log.records)
    hold = await held(worker)
    assert (hold.offset, hold.kind) == (12, CLOCK)
    assert (worker.found.used, given.acknowledged, given.task.done()) == (12, 0, False)
    assert given.batch.waiting  # a rebalance does not wait for it
    worker.resume(12)
    await given.task
    assert (worker.found.used, given.acknowledged, worker.holds.held) == (18, 1, {})
    assert worker.found.last_means == fold(log).last_means


async def test_a_stamp_whose_time_comes_passes_by_itself() -> None:
    log = Log().series(AT, [600.0] * 3).tick(AT + 5 * DAY)
    worker = Worker(now=AT + HOUR)
    given = Given(worker, log.records)
    await held(worker)
    worker.now = AT + 5 * DAY - 10 * MINUTE
    await given.task
    assert given.acknowledged == 1


async def test_nothing_counts_of_a_batch_that_is_held_by_the_limit() -> None:
    log = Log().series(AT, [600.0] * 3)
    for number in range(8):
        log.add(reading(AT + HOUR, source_id=f"nobody {number % 4}"), AT + HOUR)
    worker = Worker(LimitPolicy(run=8, senders=4))
    given = Given(worker, log.records)
    hold = await held(worker)
    assert (hold.offset, hold.kind) == (10, LIMIT)
    found = worker.found
    assert (found.used, found.dead_letters, given.acknowledged) == (0, [], 0)
    worker.resume(10)
    await given.task
    assert (found.used, len(found.dead_letters), given.acknowledged) == (3, 8, 1)
    assert worker.holds.held == {}


async def test_a_partition_that_leaves_takes_its_hold_along() -> None:
    worker = Worker(now=AT)
    given = Given(worker, Log().series(AT - HOUR, [600.0] * 3).tick(AT + 5 * DAY).records)
    await held(worker)
    given.batch.revoked = True
    await given.task
    assert given.acknowledged == 0
    again = Given(worker, given.batch.records)  # as it is fetched again
    assert (await held(worker)).offset == 3
    worker.resume(3)
    await again.task
    assert again.acknowledged == 1
    assert worker.found.used == 3  # the engine stays, and goes on behind them
