"""The order outputs, state, acknowledgement: one test for each step that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

from streams.checkpoint import (
    Checkpoint,
    Outbox,
    Output,
    RawOutput,
    Revoked,
    mark_key,
)
from streams.transport import PartitionBatch, end_offsets
from tests.support.broker import TestBroker, unique

OUTPUTS = [Output("means", b"KZ-1", b"mean")]
STATE: dict[str, bytes | None] = {"3/source/a": b"1", "3/source/b": None}


def batch() -> PartitionBatch:
    return PartitionBatch("readings", 3, [SimpleNamespace(offset=at) for at in (7, 8)], 1)


class Journal:
    """Everything that happened, in order; a step named in ``failing`` raises instead."""

    def __init__(self, failing: str = "") -> None:
        self.steps: list[str] = []
        self.failing = failing
        self.after: Callable[[str], None] | None = None
        self.changelog: list[RawOutput] = []

    def step(self, name: str) -> None:
        if name == self.failing:
            raise RuntimeError(name)
        self.steps.append(name)
        if self.after is not None:
            self.after(name)


class JournalOutbox(Outbox):
    """Confirms at once, and looks at ``revoked`` first as the real one does."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    async def produce(self, outputs: Iterable[Output], *, revoked: Callable[[], bool]) -> None:
        if revoked():
            raise Revoked
        assert list(outputs) == OUTPUTS
        self.journal.step("outputs")

    async def produce_to(
        self,
        topic: str,
        partition: int,
        records: Sequence[Output | RawOutput],
        *,
        revoked: Callable[[], bool],
    ) -> None:
        if revoked():
            raise Revoked
        assert (topic, partition) == ("changelog", 3)
        self.journal.step("changelog")
        self.journal.changelog += [r for r in records if isinstance(r, RawOutput)]


class JournalTable:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def put(self, partition: int, state: Mapping[str, bytes | None]) -> None:
        assert (partition, state) == (3, STATE)
        self.journal.step("table")


class JournalEvent:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.value = batch()

    def ack(self) -> bool:
        self.journal.step("ack")
        return True


async def complete(journal: Journal, event: JournalEvent | None = None) -> None:
    checkpoint = Checkpoint(JournalOutbox(journal), "changelog", JournalTable(journal))
    await checkpoint.complete(event or JournalEvent(journal), OUTPUTS, STATE)


ORDER = ["outputs", "changelog", "table", "ack"]


async def test_the_order() -> None:
    journal = Journal()
    await complete(journal)
    assert journal.steps == ORDER


@pytest.mark.parametrize("failing", ORDER)
async def test_nothing_follows_a_step_that_fails(failing: str) -> None:
    journal = Journal(failing)
    with pytest.raises(RuntimeError, match=failing):
        await complete(journal)
    assert journal.steps == ORDER[: ORDER.index(failing)]


@pytest.mark.parametrize("during", ["outputs", "changelog"])
async def test_nothing_follows_once_the_partition_left(during: str) -> None:
    journal = Journal()
    event = JournalEvent(journal)

    def leave(step: str) -> None:
        event.value.revoked = event.value.revoked or step == during

    journal.after = leave
    with pytest.raises(Revoked):
        await complete(journal, event)
    assert journal.steps == ORDER[: ORDER.index(during) + 1]


async def test_the_mark_comes_last_and_says_how_far() -> None:
    journal = Journal()
    await complete(journal)
    assert [(r.key, r.value) for r in journal.changelog] == [
        (b"3/source/a", b"1"),
        (b"3/source/b", None),
        (mark_key(3), b"9"),
    ]
    assert {r.headers for r in journal.changelog} == {(("next", b"9"),)}


class FlakyProducer:
    """The outbox's producer, refusing some record batches before it passes them on."""

    def __init__(self, real: object, refusals: int) -> None:
        self.real = real
        self.refusals = refusals

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    async def send_batch(self, *args: object, **kwargs: object) -> object:
        if self.refusals:
            self.refusals -= 1
            raise KafkaTimeoutError
        return await self.real.send_batch(*args, **kwargs)  # type: ignore[attr-defined]


async def test_a_refused_batch_is_produced_again_in_order(broker: TestBroker) -> None:
    topic = unique("outbox")
    await broker.create(topic, partitions=2)
    outbox = Outbox({"bootstrap_servers": broker.address})
    await outbox.start()
    try:
        outbox._producer = FlakyProducer(outbox._producer, 2)
        big = b"x" * 300_000  # several record batches
        outputs = [Output(topic, b"%d" % (n % 5), big + b"%d" % n) for n in range(20)]
        await outbox.produce(outputs, revoked=lambda: False)
    finally:
        await outbox.stop()
    found = await broker.read(topic)
    for key in {output.key for output in outputs}:
        values = [r.value for r in found if r.key == key]
        assert values == [output.value for output in outputs if output.key == key]
        assert len({r.partition for r in found if r.key == key}) == 1


async def test_retries_end_when_the_partition_leaves(broker: TestBroker) -> None:
    topic = unique("outbox")
    await broker.create(topic)
    outbox = Outbox({"bootstrap_servers": broker.address})
    await outbox.start()
    looked = 0

    def revoked() -> bool:
        nonlocal looked
        looked += 1
        return looked > 2

    try:
        outbox._producer = FlakyProducer(outbox._producer, 10**9)
        with pytest.raises(Revoked):
            await outbox.produce_to(topic, 0, [RawOutput(b"k", b"v")], revoked=revoked)
    finally:
        await outbox.stop()
    ends = await end_offsets([TopicPartition(topic, 0)], bootstrap_servers=broker.address)
    assert set(ends.values()) == {0}
