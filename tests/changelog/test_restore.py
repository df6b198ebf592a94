"""The state of a partition is read when it comes, and read on when it stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streams.changelog.replica import EPOCH, ChangelogReplica, claim_key
from streams.changelog.restore import TRUST_S, DamagedStateError, StateRestorer
from streams.changelog.segments import StoreError
from streams.kafka.partitions import PartitionRevoked
from streams.kafka.producer import ConfirmedProducer, PartitionRecord
from tests.support.broker import TestBroker, unique
from tests.support.changelog import checkpoint_records
from tests.support.disk import files_of_at_most, open_files


def staying() -> bool:
    return False


class Changelog:
    """A changelog of two partitions, and checkpoints written to it."""

    def __init__(self, broker: TestBroker) -> None:
        self.broker = broker
        self.topic = unique("changelog")
        self.now = 0.0
        self.truth = [ChangelogReplica(0), ChangelogReplica(1)]
        self.producer = ConfirmedProducer({"bootstrap_servers": broker.address})

    async def write(
        self,
        partition: int,
        reached: int,
        state: Mapping[str, bytes | None],
        saved: ChangelogReplica | None = None,
        *,
        complete: bool = True,
    ) -> None:
        records = checkpoint_records(partition, state, reached, self.truth[partition])
        first = await self.producer.produce_to(
            self.topic, partition, records if complete else records[:-1], revoked=lambda: False
        )
        if complete:
            self.truth[partition].committed(state, reached, first, len(records))
        if saved is not None:
            saved.committed(state, reached, first, len(records))

    def log(self, directory: Path | None = None) -> StateRestorer:
        options = {"bootstrap_servers": self.broker.address}
        return StateRestorer(options, self.topic, directory=directory, clock=lambda: self.now)


@asynccontextmanager
async def changelog(broker: TestBroker) -> AsyncIterator[Changelog]:
    found = Changelog(broker)
    await broker.create(found.topic, partitions=2)
    await found.producer.start()
    try:
        yield found
    finally:
        await found.producer.stop()


async def test_an_empty_changelog_is_an_empty_state(any_broker: TestBroker) -> None:
    async with changelog(any_broker) as written:
        log = written.log()
        log.assign({0, 1}, 1)
        assert log.restoring == {0, 1}
        saved = [await log.restore(partition, 1, revoked=staying) for partition in (0, 1)]
        assert [(dict(it.items), it.reached) for it in saved] == [({}, 0), ({}, 0)]
        assert not log.restoring
        await log.stop()


async def test_complete_checkpoints_come_back(any_broker: TestBroker) -> None:
    async with changelog(any_broker) as written:
        big = {f"0/source/{n}": b"%d" % n * 1000 for n in range(3000)}
        await written.write(0, 7, big)
        await written.write(0, 9, {"0/source/1": None, "0/source/2": b"two"})
        await written.write(0, 12, {"0/source/2": b"cut short"}, complete=False)
        log = written.log()
        saved = await log.restore(0, 1, revoked=staying)  # nobody has told the assignment yet
        assert saved.reached == 9
        expected = {**big, "0/source/2": b"two"}
        del expected["0/source/1"]
        assert saved.items == expected
        assert log.records_read == {0: 3001 + 3 + 1}  # whoever watches sees that it moves
        await log.stop()


async def test_a_partition_that_stays_reads_on_where_it_was(any_broker: TestBroker) -> None:
    async with changelog(any_broker) as written:
        log = written.log()
        log.assign({0, 1}, 1)
        mine = await log.restore(0, 1, revoked=staying)
        await written.write(0, 5, {"0/a": b"5"}, mine)
        assert mine.position == 2
        log.assign({0}, 2)
        assert await log.restore(0, 2, revoked=staying) is mine
        assert (dict(mine.items), mine.position) == ({"0/a": b"5"}, 2)
        # Another worker had it in between; this one was not told.
        await written.write(0, 9, {"0/a": b"9", "0/b": b"9"})
        log.assign({0}, 4)
        assert await log.restore(0, 4, revoked=staying) is mine
        assert (dict(mine.items), mine.reached) == ({"0/a": b"9", "0/b": b"9"}, 9)
        await log.stop()


async def test_what_was_taken_over_and_counts_for_nobody_is_discarded(
    any_broker: TestBroker,
) -> None:
    async with changelog(any_broker) as written:
        log = written.log()
        log.assign({0}, 1)
        await written.write(0, 5, {"0/a": b"5"})
        mine = await log.restore(0, 1, revoked=staying)
        claim = PartitionRecord(claim_key(0), b"", ((EPOCH, b"9 other"),))
        state: dict[str, bytes | None] = {"0/a": b"7", "0/b": b"7"}
        records = [
            PartitionRecord(record.key, record.value, (*record.headers, (EPOCH, b"1 mine")))
            for record in checkpoint_records(0, state, 7, mine)
        ]
        topic = written.topic
        await written.producer.produce_to(topic, 0, [claim], revoked=staying)
        first = await written.producer.produce_to(topic, 0, records, revoked=staying)
        mine.committed(state, 7, first, len(records))
        found = await log.restore(0, 1, revoked=staying)
        assert found is not mine
        assert (dict(found.items), found.reached) == ({"0/a": b"5"}, 5)
        await log.stop()


async def test_a_partition_that_left_is_read_from_the_beginning(any_broker: TestBroker) -> None:
    async with changelog(any_broker) as written:
        log = written.log()
        log.assign({0, 1}, 1)
        before = await log.restore(1, 1, revoked=staying)
        await written.write(1, 5, {"1/a": b"5"}, before)
        log.assign({0}, 2)
        log.assign({0, 1}, 3)
        after = await log.restore(1, 3, revoked=staying)
        assert after is not before
        assert after.items == {"1/a": b"5"}
        await log.stop()


async def test_the_files_of_a_partition_that_left_are_gone(
    any_broker: TestBroker, tmp_path: Path
) -> None:
    async with changelog(any_broker) as written:
        for partition in (0, 1):
            big = {f"{partition}/hour/A/{n}": bytes(100_000) for n in range(30)}
            await written.write(partition, 7, big)
        log = written.log(tmp_path)
        log.assign({0, 1}, 1)
        sizes = [(await log.restore(p, 1, revoked=staying)).items.disk_bytes for p in (0, 1)]
        assert min(sizes) > 3_000_000
        assert len(open_files(tmp_path)) == 2
        log.assign({1}, 2)
        await log.restore(1, 2, revoked=staying)
        assert len(open_files(tmp_path)) == 1
        await log.stop()


async def test_a_disk_that_takes_no_more_ends_the_reading(
    any_broker: TestBroker, tmp_path: Path
) -> None:
    async with changelog(any_broker) as written:
        await written.write(0, 7, {f"0/hour/A/{n}": bytes(100_000) for n in range(30)})
        log = written.log(tmp_path)
        with files_of_at_most(2_000_000):
            log.assign({0}, 1)
            with pytest.raises(StoreError, match=r"cannot be written: .*; make room"):
                await log.restore(0, 1, revoked=staying)
        await log.stop()


async def test_state_not_compared_for_long_is_read_from_the_beginning(
    any_broker: TestBroker,
) -> None:
    async with changelog(any_broker) as written:
        log = written.log()
        log.assign({0}, 1)
        before = await log.restore(0, 1, revoked=staying)
        written.now += TRUST_S + 1
        log.assign({0}, 2)
        assert await log.restore(0, 2, revoked=staying) is not before
        await log.stop()


async def test_a_write_of_somebody_else_is_read_before_the_next_batch(
    any_broker: TestBroker,
) -> None:
    async with changelog(any_broker) as written:
        log = written.log()
        log.assign({0}, 1)
        mine = await log.restore(0, 1, revoked=staying)
        await written.write(0, 5, {"0/a": b"5"}, mine)
        await written.write(0, 3, {"0/a": b"3"})  # it had lost the partition, and did not know
        await written.write(0, 7, {"0/b": b"7"}, mine)
        assert mine.stale
        again = await log.restore(0, 1, revoked=staying)
        assert again is mine
        assert (mine.stale, mine.overwritten) == (False, {"0/a"})
        assert mine.items == {"0/a": b"5", "0/b": b"7"}
        await log.stop()


async def test_state_with_holes_is_not_used(any_broker: TestBroker) -> None:
    async with changelog(any_broker) as written:
        written.truth[0].items["0/compacted"] = b"away"
        await written.write(0, 5, {"0/a": b"5"})
        log = written.log()
        log.assign({0, 1}, 1)
        with pytest.raises(DamagedStateError, match=r"partition 0 .* 1 keys of 2 are missing"):
            await log.restore(0, 1, revoked=staying)
        await log.stop()


async def test_a_rebalance_in_the_middle_begins_anew(any_broker: TestBroker) -> None:
    async with changelog(any_broker) as written:
        await written.write(0, 5, {"0/a": b"5"})
        log = written.log()
        log.assign({0, 1}, 1)
        left = asyncio.Event()
        waiting = asyncio.create_task(log.restore(0, 1, revoked=left.is_set))
        await asyncio.sleep(0)
        left.set()
        log.assign({0, 1}, 2)
        with pytest.raises(PartitionRevoked):
            await waiting
        assert (await log.restore(0, 2, revoked=staying)).items == {"0/a": b"5"}
        assert (await log.restore(1, 2, revoked=staying)).items == {}
        await log.stop()
