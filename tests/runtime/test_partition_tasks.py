"""Partition tasks: ordered per partition, concurrent across partitions, none after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

from streams.runtime.partition_tasks import PartitionTasks
from streams.transport.batch import Delivery, PartitionBatch
from tests.support.broker import eventually


class FakeDelivery:
    """A batch of one record, which notes that it was acknowledged."""

    def __init__(self, happened: list[str], partition: int, offset: int) -> None:
        self.happened = happened
        self.value = PartitionBatch("t", partition, [SimpleNamespace(offset=offset)], 1)

    def ack(self) -> bool:
        self.happened.append(f"ack {name(self.value)}")
        return True


def name(batch: PartitionBatch) -> str:
    return f"{batch.partition}@{batch.first_offset}"


class Bench:
    """Partition tasks whose batches take until the test lets their partition go on."""

    def __init__(self, most_records: int) -> None:
        self.happened: list[str] = []
        self.gates: dict[int, asyncio.Event] = {}
        self.failures: list[tuple[BaseException, str]] = []
        self.failing: dict[str, Exception] = {}
        self.deaf = False  # a cancellation gets lost on the way
        self.tasks = PartitionTasks(
            self.take,
            lambda error, batch: self.failures.append((error, batch)),
            most_records=most_records,
        )

    def gate(self, partition: int) -> asyncio.Event:
        return self.gates.setdefault(partition, asyncio.Event())

    async def take(self, delivery: Delivery) -> None:
        batch: PartitionBatch = delivery.value
        self.happened.append(f"take {name(batch)}")
        try:
            await self.gate(batch.partition).wait()
        except asyncio.CancelledError:
            if not self.deaf:
                raise
        if name(batch) in self.failing:
            raise self.failing[name(batch)]
        if not batch.revoked:
            delivery.ack()

    def give(self, partition: int, offset: int) -> PartitionBatch:
        delivery = FakeDelivery(self.happened, partition, offset)
        self.tasks.submit(delivery)
        return delivery.value

    async def happens(self, *expected: str) -> None:
        await eventually(lambda: self.happened == list(expected), f"{expected}, {self.happened}")


async def settled() -> None:
    """Whatever could go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


@asynccontextmanager
async def bench(most_records: int = 1) -> AsyncIterator[Bench]:
    made = Bench(most_records)
    try:
        yield made
    finally:
        made.deaf = False
        await made.tasks.close()


async def test_a_partition_goes_on_while_another_waits() -> None:
    async with bench() as made:
        for offset in (1, 2):
            made.give(0, offset)
            made.give(1, offset)
        await made.happens("take 0@1", "take 1@1")
        made.gate(1).set()
        await made.happens("take 0@1", "take 1@1", "ack 1@1", "take 1@2", "ack 1@2")
        made.gate(0).set()
        await eventually(
            lambda: made.happened[5:] == ["ack 0@1", "take 0@2", "ack 0@2"], "in order"
        )


async def test_what_came_while_a_batch_was_in_work_is_taken_as_one() -> None:
    async with bench(most_records=3) as made:
        batches = [made.give(0, offset) for offset in (1, 2, 3, 4, 5, 6)]
        await made.happens("take 0@1")
        assert [batch.waiting for batch in batches] == [False] * 3 + [True] * 3
        batches += [made.give(0, 7)]
        made.gate(0).set()
        acked = [f"ack 0@{offset}" for offset in range(1, 8)]
        await made.happens("take 0@1", *acked[:3], "take 0@4", *acked[3:6], "take 0@7", acked[6])


async def test_what_is_taken_as_one_is_revoked_as_one() -> None:
    async with bench(most_records=9) as made:
        batches = [made.give(0, offset) for offset in (1, 2, 3)]
        await made.happens("take 0@1")
        made.tasks.retain([])
        await settled()
        assert all(batch.revoked for batch in batches)
        assert made.happened == ["take 0@1"]


async def test_a_batch_waits_until_it_is_taken_up() -> None:
    async with bench() as made:
        first, second = made.give(0, 1), made.give(0, 2)
        await settled()
        assert (first.waiting, second.waiting) == (False, True)
        made.gate(0).set()
        await settled()
        assert not second.waiting


async def test_what_left_before_it_was_taken_up_is_passed_over() -> None:
    async with bench() as made:
        made.give(0, 1)
        made.give(0, 2).revoked = True
        made.give(0, 1)
        made.gate(0).set()
        await made.happens("take 0@1", "ack 0@1", "take 0@1", "ack 0@1")


async def test_a_failure_in_one_lane_ends_all_of_them() -> None:
    for deaf in (False, True):
        async with bench() as made:
            made.deaf = deaf
            made.failing["1@1"] = error = RuntimeError("cannot be judged")
            in_work, waiting = made.give(0, 1), made.give(0, 2)
            made.give(1, 1)
            await settled()
            # All of them are let go in the same moment: the lane that fails is not the first.
            for partition in (1, 0):
                made.gate(partition).set()
            await settled()
            assert made.give(2, 1).revoked
            assert (in_work.revoked, waiting.revoked) == (True, True)
            assert made.happened == ["take 0@1", "take 1@1"]
            assert made.failures == [(error, "<PartitionBatch t[1] 1..1, 1 records>")]


async def test_of_two_failures_the_first_is_told() -> None:
    async with bench() as made:
        made.deaf = True
        first, second = RuntimeError("one"), RuntimeError("two")
        made.failing = {"1@1": first, "0@1": second}
        made.give(0, 1)
        made.give(1, 1)
        await settled()
        made.gate(1).set()
        await settled()
        assert [error for error, _ in made.failures] == [first]


async def test_a_lane_that_is_cancelled_by_nobody_is_a_failure() -> None:
    async with bench() as made:
        made.failing["0@1"] = asyncio.CancelledError()  # type: ignore[assignment]
        made.give(0, 1)
        made.gate(0).set()
        await settled()
        assert len(made.failures) == 1


async def test_lanes_of_partitions_that_left_end_without_acknowledging() -> None:
    async with bench() as made:
        left = [made.give(0, 1), made.give(0, 2)]
        made.give(1, 1)
        await made.happens("take 0@1", "take 1@1")
        made.tasks.retain([1, 2])
        assert all(batch.revoked for batch in left)
        for partition in (0, 1):
            made.gate(partition).set()
        await made.happens("take 0@1", "take 1@1", "ack 1@1")
        made.give(0, 1)  # it came back
        await made.happens("take 0@1", "take 1@1", "ack 1@1", "take 0@1", "ack 0@1")
        assert made.failures == []


async def test_closing_ends_them_without_acknowledging() -> None:
    async with bench() as made:
        batches = [made.give(0, 1), made.give(0, 2), made.give(1, 1)]
        await settled()
        await made.tasks.close()
        assert all(batch.revoked for batch in batches)
        assert made.happened == ["take 0@1", "take 1@1"]
        assert made.failures == []
        assert [task for task in asyncio.all_tasks() if task.get_name().startswith("t[")] == []


async def test_a_partition_that_left_within_its_batch_has_the_next_one_judged() -> None:
    async with bench() as made:
        gone = made.give(0, 1)
        await settled()
        gone.revoked = True
        made.give(0, 1)
        made.gate(0).set()
        await made.happens("take 0@1", "take 0@1", "ack 0@1")
