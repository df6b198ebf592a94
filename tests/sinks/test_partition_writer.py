"""One partition's lane: acknowledged after the insert, in order; revoked deliveries dropped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from schemas.errors import SchemaRegistryError, Undecodable
from sinks.batch import Batch, BatchLimits
from sinks.batch_writer import FatalError, LimitReachedError
from sinks.decode import DecodedRecord, Route, record_by_record
from sinks.metrics import SinkMetrics
from sinks.partition_writer import PartitionWriter
from sinks.tables import MEANS, Table
from streams.core.engine.dead_letter_limit import Reached
from streams.holds.hold import Hold
from streams.kafka.partitions import PartitionId, PartitionRevoked
from streams.metrics.metric_set import MetricSet
from streams.transport.batch import PartitionBatch
from tests.support.broker import eventually
from tests.support.no_holds import NoHolds


@dataclass
class FakeDelivery:
    """A fetched batch of numbered messages; notes when it is acknowledged."""

    value: PartitionBatch
    happened: list[str] = field(default_factory=list)

    def ack(self) -> bool:
        self.happened.append(f"ack {self.value.first_offset}")
        return True


class BlockingWriter:
    """Writes when the test lets it; notes what was written."""

    def __init__(self, happened: list[str]) -> None:
        self.happened = happened
        self.metrics = SinkMetrics(MetricSet("sinks"))
        self.may_write = asyncio.Event()
        self.failure: Exception | None = None
        self.began = 0

    async def write(self, batch: Batch, _: Sequence[Table], revoked: Callable[[], bool]) -> None:
        self.began += 1
        await self.may_write.wait()
        if self.failure is not None:
            raise self.failure
        if revoked():
            raise PartitionRevoked
        offsets = ",".join(str(entry.offset) for entry in batch.entries)
        self.happened.append(f"write {batch.first}-{batch.last}: {offsets}")


def record(offset: int) -> Any:
    return ConsumerRecord("t", 0, offset, 0, 0, None, b"%d" % offset, None, 0, 0, ())


def decode(message: ConsumerRecord) -> DecodedRecord | None:
    if message.offset % 10 == 8:
        raise Undecodable("eight")
    return None if message.offset % 10 == 9 else DecodedRecord({}, 1)


class Bench:
    """A lane with a writer that can be held, and deliveries for it."""

    def __init__(self, **limits: Any) -> None:
        self.happened: list[str] = []
        self.writer = BlockingWriter(self.happened)
        self.decoded: list[int] = []
        self.registry_answers = True
        given = BatchLimits(**{"age_s": 0.01, **limits})
        writer: Any = self.writer
        route = Route((MEANS,), record_by_record(self.decode))
        self.partition_writer = PartitionWriter("t", 0, route, writer, given, NoHolds())

    def decode(self, message: ConsumerRecord) -> DecodedRecord | None:
        if not self.registry_answers:
            raise SchemaRegistryError("the schema registry does not answer")
        self.decoded.append(message.offset)
        return decode(message)

    def deliver(self, first: int, last: int) -> PartitionBatch:
        batch = PartitionBatch("t", 0, [record(o) for o in range(first, last + 1)], 1)
        self.partition_writer.submit(FakeDelivery(batch, self.happened))
        return batch

    async def happens(self, *expected: str) -> None:
        await eventually(lambda: self.happened == list(expected), f"{expected}, {self.happened}")


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(bench.partition_writer.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_deliveries_are_acknowledged_after_the_insert_in_order() -> None:
    bench = Bench()
    async with running(bench):
        bench.deliver(0, 2)
        bench.deliver(3, 4)
        await eventually(lambda: bench.writer.began == 1, "the first flush")
        bench.deliver(5, 6)  # waits for the flush in flight
        await asyncio.sleep(0)
        assert bench.happened == []
        bench.writer.may_write.set()
        await bench.happens("write 0-4: 0,1,2,3,4", "ack 0", "ack 3", "write 5-6: 5,6", "ack 5")


async def test_messages_without_rows_are_acknowledged_with_the_others() -> None:
    bench = Bench()
    bench.writer.may_write.set()
    async with running(bench):
        bench.deliver(7, 9)
        await bench.happens("write 7-9: 7", "ack 7")
        bench.deliver(19, 19)
        await bench.happens("write 7-9: 7", "ack 7", "write 19-19: ", "ack 19")


async def test_what_was_gathered_before_the_partition_left_is_dropped() -> None:
    bench = Bench(age_s=60.0, rows=4)
    bench.writer.may_write.set()
    async with running(bench):
        gathered, waiting = bench.deliver(0, 1), bench.deliver(2, 2)
        await asyncio.sleep(0)
        gathered.revoked = waiting.revoked = True
        bench.deliver(0, 4)  # the partition came back and is read again
        await bench.happens("write 0-4: 0,1,2,3,4", "ack 0")


async def test_a_flush_whose_partition_left_acknowledges_nothing() -> None:
    bench = Bench()
    async with running(bench):
        batch = bench.deliver(0, 1)
        await eventually(lambda: bench.writer.began == 1, "the flush")
        batch.revoked = True
        bench.writer.may_write.set()
        bench.deliver(0, 2)
        await bench.happens("write 0-2: 0,1,2", "ack 0")


async def test_a_fatal_failure_ends_the_lane_without_acknowledgement() -> None:
    bench = Bench()
    bench.writer.failure = FatalError("run emissions migrate")
    bench.writer.may_write.set()
    async with running(bench) as task:
        bench.deliver(0, 1)
        with pytest.raises(FatalError):
            await task
    assert bench.happened == []


async def test_the_next_batch_is_gathered_while_one_is_written_and_no_more() -> None:
    bench = Bench(rows=2)
    async with running(bench):
        for first in range(0, 8, 2):
            bench.deliver(first, first + 1)
        await eventually(lambda: bench.decoded == [0, 1, 2, 3], f"gathered: {bench.decoded}")
        await asyncio.sleep(0.03)  # older than its limit, and still not more than one is written
        assert (bench.writer.began, bench.decoded, bench.happened) == (1, [0, 1, 2, 3], [])
        bench.writer.may_write.set()
        await bench.happens(
            "write 0-1: 0,1", "ack 0", "write 2-3: 2,3", "ack 2",
            "write 4-5: 4,5", "ack 4", "write 6-7: 6,7", "ack 6",
        )  # fmt: skip


async def test_what_was_gathered_behind_a_batch_that_is_given_up_is_not_written() -> None:
    bench = Bench(rows=2)
    async with running(bench):
        left = [bench.deliver(0, 1), bench.deliver(2, 3), bench.deliver(4, 5)]
        await eventually(lambda: bench.decoded == [0, 1, 2, 3], f"gathered: {bench.decoded}")
        for batch in left:
            batch.revoked = True
        bench.deliver(0, 1)
        bench.writer.may_write.set()
        await bench.happens("write 0-1: 0,1", "ack 0")


async def test_nothing_written_any_more_ends_a_lane_that_waits_for_a_registry() -> None:
    bench = Bench(rows=2)
    bench.writer.failure = FatalError("run emissions migrate")
    async with running(bench) as task:
        bench.deliver(0, 1)
        await eventually(lambda: bench.writer.began == 1, "the first flush")
        bench.registry_answers = False
        bench.deliver(2, 3)
        await eventually(lambda: bench.partition_writer.waiting_for is not None, "the lane waits")
        bench.writer.may_write.set()
        with pytest.raises(FatalError):
            await task
    assert bench.happened == []


async def test_a_lane_that_is_stopped_stops_its_writing() -> None:
    bench = Bench()
    async with running(bench) as task:
        bench.deliver(0, 1)
        await eventually(lambda: bench.writer.began == 1, "the first flush")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    bench.writer.may_write.set()
    await asyncio.sleep(0)
    assert bench.happened == []
    assert not [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]


class HoldsOnce:
    """Lets a partition go on when the test says so."""

    def __init__(self) -> None:
        self.may_go_on = asyncio.Event()
        self.held: list[int] = []
        self.passed_at: list[int] = []

    def make_hold(
        self, place: PartitionId, offset: int, kind: str, why: str, passes_at: int | None = None
    ) -> Hold:
        topic, partition = place
        return Hold(
            worker="sinks", topic=topic, partition=partition, offset=offset, kind=kind, why=why,
            since=0, passes_at=passes_at,
        )  # fmt: skip

    async def wait(self, hold: Hold, batch: PartitionBatch) -> None:
        self.held.append(hold.offset)
        await eventually(lambda: self.may_go_on.is_set() or batch.revoked, "it may go on")

    def release_before(self, topic: str, partition: int, next_offset: int) -> None:
        assert (topic, partition) == ("t", 0)
        self.passed_at.append(next_offset)


def reached(offset: int) -> LimitReachedError:
    what = Reached(True, 10, 10, "SINK_REJECTED", 10, 0, offset, 5)
    return LimitReachedError(Batch("t", 0, 0, 9, ()), MEANS, what)


async def test_at_the_limit_the_batch_is_written_again_when_somebody_lets_it() -> None:
    bench, holds = Bench(), HoldsOnce()
    bench.partition_writer._holds = holds
    bench.writer.failure = reached(4)
    bench.writer.may_write.set()
    async with running(bench):
        bench.deliver(0, 5)
        await eventually(lambda: holds.held == [4], "it is held")
        assert bench.happened == []
        bench.writer.failure = None
        holds.may_go_on.set()
        await bench.happens("write 0-5: 0,1,2,3,4,5", "ack 0")
    assert holds.passed_at == [6]


async def test_what_is_held_when_its_partition_leaves_is_not_acknowledged() -> None:
    bench, holds = Bench(), HoldsOnce()
    bench.partition_writer._holds = holds
    bench.writer.failure = reached(4)
    bench.writer.may_write.set()
    async with running(bench):
        batch = bench.deliver(0, 5)
        await eventually(lambda: holds.held == [4], "it is held")
        bench.writer.failure = None
        batch.revoked = True
        bench.deliver(6, 7)
        await bench.happens("write 6-7: 6,7", "ack 6")
