"""A stretch that is judged again comes to its end, however often it is broken off."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from types import SimpleNamespace

import pytest

from emissions.audit.changelog_ledgers import ChangelogLedgers
from streams.changelog.write_behind import CheckpointPolicy
from streams.core.records.record import RawRecord
from streams.kafka.partitions import PartitionRevoked
from streams.runtime.readings_reader import LostReadingsError
from streams.transport.batch import PartitionBatch
from tests.runtime.test_processor import EXPECTED, RECORDS, Worker, of_sources

ACKNOWLEDGED = 60


class Disturbed(Worker):
    """Loses its partition after so many records were judged again, each time it begins."""

    most = 0

    async def read_range(
        self, partition: int, start: int, end: int, *, revoked: Callable[[], bool]
    ) -> AsyncGenerator[Sequence[RawRecord]]:
        assert partition == 0
        begun = self.read_again
        for record in [each for each in RECORDS if start <= each.offset < end]:
            if self.read_again - begun == self.most:
                self.batch.revoked = True
            if revoked():
                raise PartitionRevoked
            self.read_again += 1
            yield [record]

    async def take(self, records: Sequence[RawRecord], generation: int = 1) -> None:
        self.batch = PartitionBatch("emissions.readings", 0, records, generation)
        await self.processor.process(SimpleNamespace(value=self.batch, ack=lambda: True))


async def died(policy: CheckpointPolicy, most: int) -> Disturbed:
    """The worker after one that was killed, with no checkpoint, where so much was acknowledged."""
    before = Worker(CheckpointPolicy(records=1000))
    await before.take(RECORDS[:ACKNOWLEDGED])
    return successor(before, policy, most)


def successor(before: Worker, policy: CheckpointPolicy, most: int) -> Disturbed:
    after = Disturbed(policy)
    after.producer.changelog += before.producer.changelog
    after.saved, after.found, after.most = after.read(), before.found, most
    return after


async def test_a_rebalance_does_not_begin_it_anew_where_the_partition_stays() -> None:
    worker = await died(CheckpointPolicy(records=1000), most=7)
    rest, generation = RECORDS[ACKNOWLEDGED:], 0
    while not generation or worker.batch.revoked:
        generation += 1
        assert generation <= ACKNOWLEDGED
        await worker.take(rest, generation)
    assert (worker.read_again, worker.built) == (ACKNOWLEDGED, 1)
    await worker.processor.save_all()
    assert worker.found.last_means == EXPECTED.last_means
    assert worker.found.last_violations == EXPECTED.last_violations
    assert of_sources(worker.read().items) == of_sources(EXPECTED.state)


async def test_one_that_is_killed_on_the_way_has_saved_what_it_had_judged() -> None:
    policy = CheckpointPolicy(records=10)
    worker, read = await died(policy, most=25), []
    while True:
        await worker.take(RECORDS[ACKNOWLEDGED:])
        read.append(worker.read_again)
        if not worker.batch.revoked:
            break
        worker = successor(worker, policy, most=25)
    assert read == [25, 25, 20]  # 5 of each 25 are behind the last checkpoint of it
    await worker.processor.save_all()
    assert of_sources(worker.read().items) == of_sources(EXPECTED.state)
    assert worker.found.last_means == EXPECTED.last_means


@pytest.mark.parametrize("acknowledged", [10, 40, ACKNOWLEDGED])
async def test_a_worker_judges_again_what_it_had_acknowledged_itself_before_any_checkpoint(
    acknowledged: int,
) -> None:
    """It has never read a ledger of this partition: all of them it wrote."""
    worker = Worker(CheckpointPolicy(records=1000))
    for start in range(0, acknowledged, 10):
        await worker.take(RECORDS[start : start + 10])
    worker.interrupted = True
    await worker.take(RECORDS[acknowledged:])
    await worker.take(RECORDS[acknowledged:], generation=2)
    assert (worker.read_again, worker.built) == (acknowledged, 2)
    await worker.processor.save_all()
    assert worker.found.last_means == EXPECTED.last_means
    assert worker.found.last_violations == EXPECTED.last_violations
    assert of_sources(worker.read().items) == of_sources(EXPECTED.state)


class WithoutBeginning(Worker):
    """The topic begins at a later offset: retention deleted what was before."""

    begins = 10

    async def read_range(
        self, partition: int, start: int, end: int, *, revoked: Callable[[], bool]
    ) -> AsyncGenerator[Sequence[RawRecord]]:
        if start < self.begins:
            raise LostReadingsError("readings were removed", start, self.begins)
        async for records in super().read_range(partition, start, end, revoked=revoked):
            yield records


async def test_a_log_without_its_beginning_is_judged_again_from_where_it_begins() -> None:
    worker = WithoutBeginning(CheckpointPolicy(records=1000))
    await worker.take(RECORDS[10:40])
    worker.interrupted = True
    await worker.take(RECORDS[40:])
    await worker.take(RECORDS[40:], generation=2)
    assert (worker.read_again, worker.built) == (30, 2)
    undisturbed = Worker(CheckpointPolicy(records=1000))
    await undisturbed.take(RECORDS[10:])
    for each in (worker, undisturbed):
        await each.processor.save_all()
    assert worker.found.last_means == undisturbed.found.last_means
    assert of_sources(worker.read().items) == of_sources(undisturbed.read().items)


async def test_readings_that_a_checkpoint_needs_and_that_are_gone_are_told() -> None:
    worker = WithoutBeginning(CheckpointPolicy(records=5))
    worker.begins = 30
    await worker.take(RECORDS[:7])
    await worker.processor.save_all()
    assert worker.saved.reached == 7
    with pytest.raises(LostReadingsError):
        await worker.take(RECORDS[40:], generation=2)


async def test_the_ledger_does_not_go_back_on_the_way() -> None:
    worker = await died(CheckpointPolicy(records=10), most=25)
    await worker.take(RECORDS[ACKNOWLEDGED:])
    await worker.processor.save_all()
    assert worker.read().reached == 25
    ledgers = ChangelogLedgers()
    for offset, record in enumerate(worker.producer.changelog):
        ledgers.take(0, offset, record.key, record.value, record.headers)
    assert ledgers.of(0).next_offset == ACKNOWLEDGED
