"""The engine reads old state through to the saved one, and through no other."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from streams.changelog.replica import ChangelogReplica
from streams.changelog.store import StateStore
from streams.changelog.write_behind import CheckpointPolicy
from streams.core.engine.outcome import Outcome
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory
from streams.core.time.interval import HOUR
from streams.kafka.partitions import PartitionRevoked
from streams.kafka.producer import ConfirmedProducer, Output, PartitionRecord
from streams.runtime.checkpoint import Checkpoint
from streams.runtime.processor import BatchProcessor
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
from tests.support.generated import examples
from tests.support.no_holds import NoHolds, never_ahead

AT = local("2026-04-01")


class ChangelogProducer(ConfirmedProducer):
    """Confirms at once; keeps what goes to the changelog."""

    def __init__(self) -> None:
        self.changelog: list[PartitionRecord] = []

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
        first = len(self.changelog)
        self.changelog += [record for record in records if isinstance(record, PartitionRecord)]
        return first


class Worker:
    """Judges batches of one partition; its state can be read anew, and so can its readings.

    ``interrupted``: the partition leaves when the next batch is judged and nothing is published.
    """

    interrupted = False

    def __init__(self, policy: CheckpointPolicy = CheckpointPolicy(records=10)) -> None:  # noqa: B008
        self.producer = ChangelogProducer()
        self.saved = self.read()
        self.found = Found()
        self.built = 0
        self.read_again = 0
        self.policy = policy
        self.processor = BatchProcessor(
            state=self,
            checkpoint=Checkpoint(self.producer, "changelog"),
            follower=self,
            readings=self,
            engine=self.engine,
            encode=self.encode,
            holds=NoHolds(),
            clock_check=never_ahead,
            policy=policy,
        )

    def next(self, policy: CheckpointPolicy | None = None) -> Worker:
        """The worker that comes when this one was killed: it has the changelog, and no more."""
        worker = type(self)(policy or self.policy)
        worker.producer.changelog += self.producer.changelog
        worker.saved, worker.found = worker.read(), self.found
        return worker

    def read(self) -> ChangelogReplica:
        """The state as the changelog has it."""
        saved = ChangelogReplica(0, StateStore(segment_bytes=500))
        for offset, record in enumerate(self.producer.changelog):
            saved.apply(offset, record.key, record.value, record.headers)
        return saved

    def registry(self) -> RegistryHistory:
        """What was registered before all, and nothing told."""
        return history(enterprise())

    def engine(self, _: int, state: Mapping[str, bytes]) -> PartitionProcessor:
        self.built += 1
        return PartitionProcessor(
            topic=TOPIC,
            partition=0,
            partitions=1,
            decode=CODEC.decode_readings,
            rules=RULES,
            policy=Policy(),
            registry=self.registry(),
            state=state,
        )

    def encode(self, outcome: Outcome) -> list[Output]:
        if self.interrupted:
            self.interrupted = False
            raise PartitionRevoked
        self.found.means += outcome.means
        self.found.violations += outcome.violations
        return []

    async def restore(self, *_: int, revoked: Callable[[], bool]) -> ChangelogReplica:
        assert not revoked()
        if self.saved.stale:  # what the changelog has besides is read on
            self.saved.rewind()
            for offset, record in enumerate(self.producer.changelog):
                if offset >= self.saved.position:
                    self.saved.apply(offset, record.key, record.value, record.headers)
        return self.saved

    async def catch_up(self) -> None:
        """The registry does not change."""

    def mark_current(self, partition: int) -> None:
        assert partition == 0

    async def take(self, records: Sequence[RawRecord], generation: int = 1) -> None:
        batch = PartitionBatch("emissions.readings", 0, records, generation)
        event = SimpleNamespace(value=batch, ack=lambda: True)
        await self.processor.process(event)

    async def read_range(
        self, partition: int, start: int, end: int, *, revoked: Callable[[], bool]
    ) -> AsyncGenerator[Sequence[RawRecord]]:
        assert (partition, revoked()) == (0, False)
        self.read_again += end - start
        records = [record for record in RECORDS if start <= record.offset < end]
        for at in range(0, len(records), 7):
            yield records[at : at + 7]


def campaign() -> Log:
    """Half a day, then a reading of its first hours that had been left out."""
    log = Log().series(AT, [600.0, None, *[700.0] * 70])
    late = reading(AT + 600_000, values={"SO2": 800.0})
    return log.add(late, AT + 13 * HOUR).tick(AT + 16 * HOUR)


RECORDS = campaign().records
EXPECTED = fold(campaign())


def of_sources(state: Mapping[str, bytes]) -> dict[str, bytes]:
    """The state but for duties, which note when a worker looked at them."""
    return {key: value for key, value in state.items() if "/enterprise/" not in key}


async def judged(worker: Worker, before_the_late: Callable[[Worker], None]) -> Found:
    for start in range(0, len(RECORDS) - 2, 10):
        await worker.take(RECORDS[start : min(start + 10, len(RECORDS) - 2)])
    before_the_late(worker)
    await worker.take(RECORDS[-2:])
    await worker.processor.save_all()
    return worker.found


async def test_an_engine_that_stays_finds_what_was_written_down() -> None:
    worker = Worker()
    found = await judged(worker, lambda _: None)
    assert found.last_means == EXPECTED.last_means
    assert found.last_violations == EXPECTED.last_violations
    assert (worker.built, worker.read_again) == (1, 0)
    assert of_sources(worker.saved.items) == of_sources(EXPECTED.state)


async def test_state_that_was_read_anew_has_a_new_engine() -> None:
    def again(worker: Worker) -> None:
        fresh = worker.read()
        assert (dict(fresh.items), fresh.reached) == (
            dict(worker.saved.items),
            worker.saved.reached,
        )
        worker.saved.items.clear()  # whoever still looked at it would judge without its hours
        worker.saved = fresh

    worker = Worker()
    found = await judged(worker, again)
    assert found.last_means == EXPECTED.last_means
    assert worker.built == 2
    assert of_sources(worker.saved.items) == of_sources(EXPECTED.state)


@given(st.data())
@examples(40)
def test_results_are_the_same_wherever_a_worker_dies(data: st.DataObject) -> None:
    """Workers that follow each other, each with the changelog and what was acknowledged."""
    policy = CheckpointPolicy(records=data.draw(st.sampled_from([1, 5, 20, 1000])))
    worker, at, generation = Worker(policy), 0, 1
    while at < len(RECORDS):
        upto = data.draw(st.integers(at + 1, min(at + 30, len(RECORDS))))
        asyncio.run(worker.take(RECORDS[at:upto], generation))
        at = upto
        if at == len(RECORDS):
            break
        match data.draw(st.sampled_from(["go on", "go on", "interrupt", "die", "leave"])):
            case "interrupt":  # and the partition comes back to the same worker
                worker.interrupted = True
                asyncio.run(worker.take(RECORDS[at : at + 3], generation))
                generation += 1
            case "die":  # its successor judges again what no checkpoint has
                worker = worker.next()
            case "leave":
                asyncio.run(worker.processor.save_all())
                assert worker.saved.reached == at
                worker = worker.next()
    asyncio.run(worker.processor.save_all())
    assert worker.found.last_means == EXPECTED.last_means
    assert worker.found.last_violations == EXPECTED.last_violations
    said = {(each.id, each.revision): each for each in worker.found.violations}
    assert all(said[each.id, each.revision] == each for each in worker.found.violations)
    assert of_sources(worker.read().items) == of_sources(EXPECTED.state)


async def test_nothing_is_judged_again_after_a_stop_in_order() -> None:
    worker = Worker(CheckpointPolicy())
    await worker.take(RECORDS[:40])
    assert worker.saved.reached == 0
    await worker.processor.save_all()
    after = worker.next()
    assert after.saved.reached == 40
    await after.take(RECORDS[40:])
    assert after.read_again == 0


async def test_records_that_are_judged_again_are_saved_as_they_become_many() -> None:
    worker = Worker(CheckpointPolicy(records=1000))
    await worker.take(RECORDS[:40])
    after = worker.next(CheckpointPolicy(records=30))
    await after.take(RECORDS[40:41])
    assert (after.read_again, after.saved.reached) == (40, 35)


async def test_offsets_that_hold_no_record_are_not_looked_for_with_every_batch() -> None:
    worker = Worker()
    await worker.take(RECORDS[:10])
    for start in (12, 22, 32):  # markers of transactions lie between
        await worker.take(RECORDS[start : start + 8])
    assert worker.read_again == 0
    await worker.take(RECORDS[44:], generation=2)  # another worker may have had it meanwhile
    assert (worker.read_again, worker.built) == (4, 1)


async def test_a_log_without_its_beginning_begins_where_it_does() -> None:
    worker = Worker()
    await worker.take(RECORDS[10:])
    assert worker.read_again == 0


async def test_offsets_without_a_message_between_two_batches_are_not_looked_for() -> None:
    worker = Worker(CheckpointPolicy())
    await worker.take(RECORDS[:40])
    await worker.take(RECORDS[41:])  # a marker of a transaction lies between, as it were
    assert worker.read_again == 0
    await worker.processor.save_all()
    assert worker.saved.reached == RECORDS[-1].offset + 1


async def test_the_engine_of_a_partition_that_went_to_another_is_not_kept() -> None:
    """Nor until the next collection of garbage, which is rare in a worker."""
    worker, engines = Worker(), []

    def engine(partition: int, state: Mapping[str, bytes]) -> PartitionProcessor:
        made = worker.engine(partition, state)
        engines.append(weakref.ref(made))
        return made

    worker.processor._engine = engine
    gc.disable()
    try:
        await worker.take(RECORDS[:20])
        assert [each() is None for each in engines] == [False]
        worker.processor.retain([])
        assert [each() is None for each in engines] == [True]
    finally:
        gc.enable()
