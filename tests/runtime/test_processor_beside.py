"""Batches of several partitions under way at a time: each waits for itself, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from schemas.errors import SchemaRegistryError
from streams.changelog.replica import ChangelogReplica
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.kafka.producer import ConfirmedProducer, Output, PartitionRecord
from streams.runtime.checkpoint import Checkpoint
from streams.runtime.processor import BatchProcessor
from streams.runtime.readings_reader import ReadingsReader
from streams.transport.batch import PartitionBatch
from tests.core.examples import CODEC, RULES, TOPIC, Log, enterprise, history, local
from tests.support.broker import eventually
from tests.support.no_holds import NoHolds, never_ahead

RECORDS = Log().series(local("2026-04-01"), [600.0] * 5).records


class HeldProducer(ConfirmedProducer):
    """Confirms the state of a partition once it may."""

    def __init__(self) -> None:
        self.may_confirm = [asyncio.Event() for _ in range(2)]
        self.asked: list[int] = []

    async def produce(self, outputs: Iterable[Output], *, revoked: Callable[[], bool]) -> None:
        """Nothing comes of a few readings."""

    async def produce_to(
        self,
        topic: str,
        partition: int,
        records: Sequence[Output | PartitionRecord],
        *,
        revoked: Callable[[], bool],
    ) -> int | None:
        assert (topic, len(records) > 0, revoked()) == ("changelog", True, False)
        self.asked.append(partition)
        await self.may_confirm[partition].wait()
        return 0


class Worker:
    """Two partitions, whose readings cannot be decoded while the schema registry is silent."""

    def __init__(self) -> None:
        self.producer = HeldProducer()
        self.saved = [ChangelogReplica(partition) for partition in range(2)]
        self.silent: set[int] = set()
        self.acked: list[int] = []
        self.processor = BatchProcessor(
            state=self,
            checkpoint=Checkpoint(self.producer, "changelog"),
            follower=self,
            readings=ReadingsReader({}, TOPIC),
            engine=self.engine,
            encode=lambda _: [],
            holds=NoHolds(),
            clock_check=never_ahead,
        )

    def engine(self, partition: int, state: Mapping[str, bytes]) -> PartitionProcessor:
        def decode(values: Any) -> Any:
            if partition in self.silent:
                raise SchemaRegistryError("connection refused")
            return CODEC.decode_readings(values)

        return PartitionProcessor(
            topic=TOPIC,
            partition=partition,
            partitions=2,
            decode=decode,
            rules=RULES,
            policy=Policy(),
            registry=history(enterprise()),
            state=state,
        )

    async def restore(
        self, partition: int, *_: int, revoked: Callable[[], bool]
    ) -> ChangelogReplica:
        assert not revoked()
        return self.saved[partition]

    async def catch_up(self) -> None:
        """The registry does not change."""

    def mark_current(self, partition: int) -> None:
        assert self.saved[partition].ledger is not None  # written before

    def take(self, partition: int) -> tuple[PartitionBatch, asyncio.Task[None]]:
        batch = PartitionBatch(TOPIC, partition, RECORDS, 1)
        acked = self.acked

        class Event:
            value = batch

            def ack(self) -> bool:
                acked.append(partition)
                return True

        return batch, asyncio.create_task(self.processor.process(Event()))


async def test_one_partition_is_judged_while_another_waits_for_the_broker() -> None:
    worker = Worker()
    assert worker.processor.progress.in_work_s == 0.0
    _, first = worker.take(0)
    await eventually(lambda: worker.producer.asked == [0], "the first is written down")
    alone_s = worker.processor.progress.in_work_s
    _, second = worker.take(1)
    await eventually(lambda: worker.producer.asked == [0, 1], "the second too")
    worker.producer.may_confirm[1].set()
    await second
    assert worker.acked == [1]
    # The oldest counts, whatever came and went after it.
    assert worker.processor.progress.in_work_s > alone_s > 0.0
    worker.producer.may_confirm[0].set()
    await first
    assert worker.acked == [1, 0]
    assert worker.processor.progress.in_work_s == 0.0
    assert worker.processor.progress.total == 2 * len(RECORDS)


async def test_a_partition_waits_for_the_schema_registry_by_itself() -> None:
    worker = Worker()
    for may_confirm in worker.producer.may_confirm:
        may_confirm.set()
    worker.silent = {0}
    _, waiting = worker.take(0)
    why = "partition 0 waits for the schema registry: connection refused"
    await eventually(lambda: worker.processor.failure == why, "it says what it waits for")
    _, other = worker.take(1)
    await other
    assert (worker.acked, worker.processor.failure) == ([1], why)
    worker.silent.clear()
    await waiting
    assert (worker.acked, worker.processor.failure) == ([1, 0], None)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_revoked_partition_takes_its_failure_along(cancelled: bool) -> None:
    worker = Worker()
    worker.silent = {0}
    batch, waiting = worker.take(0)
    await eventually(lambda: worker.processor.failure is not None, "it waits")
    batch.revoked = True
    if cancelled:
        waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled() == cancelled
    assert (worker.acked, worker.processor.failure) == ([], None)
    assert worker.processor.progress.in_work_s == 0.0
