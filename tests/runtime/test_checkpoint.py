"""The order outputs, state, acknowledgement: one test for each step that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace

import pytest

from streams.changelog.replica import ChangelogReplica, claim_key, ledger_key, marker_key
from streams.changelog.write_behind import CheckpointPolicy, WriteBehind
from streams.kafka.partitions import PartitionRevoked
from streams.kafka.producer import ConfirmedProducer, Output, PartitionRecord
from streams.runtime.checkpoint import Checkpoint
from streams.transport.batch import PartitionBatch

OUTPUTS = [Output("means", b"KZ-1", b"mean")]
STATE: dict[str, bytes | None] = {"3/source/a": b"1", "3/source/b": None}


def reading(offset: int) -> SimpleNamespace:
    return SimpleNamespace(offset=offset, key=b"KZ-1", value=bytes(100))


def batch() -> PartitionBatch:
    return PartitionBatch("readings", 3, [reading(at) for at in (7, 8)], 1)


class Journal:
    """Everything that happened, in order; a step named in ``failing`` raises instead."""

    def __init__(self, failing: str = "") -> None:
        self.steps: list[str] = []
        self.failing = failing
        self.after: Callable[[str], None] | None = None
        self.changelog: list[PartitionRecord] = []

    def step(self, name: str) -> None:
        if name == self.failing:
            raise RuntimeError(name)
        self.steps.append(name)
        if self.after is not None:
            self.after(name)


class JournalProducer(ConfirmedProducer):
    """Confirms at once, and looks at ``revoked`` first as the real one does."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    async def produce(self, outputs: Iterable[Output], *, revoked: Callable[[], bool]) -> None:
        if revoked():
            raise PartitionRevoked
        assert list(outputs) == OUTPUTS
        self.journal.step("outputs")

    async def produce_to(
        self,
        topic: str,
        partition: int,
        records: Sequence[Output | PartitionRecord],
        *,
        revoked: Callable[[], bool],
    ) -> int | None:
        if revoked():
            raise PartitionRevoked
        assert (topic, partition) == ("changelog", 3)
        if [record.key for record in records] == [claim_key(3)]:
            self.journal.step("claim")
            return 0
        self.journal.step("changelog")
        self.journal.changelog += [r for r in records if isinstance(r, PartitionRecord)]
        return 40


class JournalReplica(ChangelogReplica):
    def __init__(self, journal: Journal) -> None:
        super().__init__(3)
        self.journal = journal

    def committed(
        self, state: Mapping[str, bytes | None], reached: int, first: int | None, records: int
    ) -> None:
        assert (state, reached, first, records) == (STATE, 9, 40, 4)
        self.journal.step("state")


class JournalEngine:
    """Has judged the batch."""

    next_offset, unsaved, sources = 9, 1, 1

    def ledger(self) -> bytes:
        return b"ledger"

    def save(self) -> Mapping[str, bytes | None]:
        return STATE

    def commit(self) -> None:
        """Nothing is kept over the state."""


class JournalDelivery:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.value = batch()

    def ack(self) -> bool:
        self.journal.step("ack")
        return True


async def complete(journal: Journal, event: JournalDelivery | None = None) -> None:
    checkpoint = Checkpoint(JournalProducer(journal), "changelog")
    saved = JournalReplica(journal)
    policy = CheckpointPolicy(records=2)
    saving = WriteBehind(3, JournalEngine(), saved, policy, writer=b"one")
    await checkpoint.complete(event or JournalDelivery(journal), OUTPUTS, saving)


ORDER = ["outputs", "claim", "changelog", "state", "ack"]


async def test_the_order() -> None:
    journal = Journal()
    await complete(journal)
    assert journal.steps == ORDER


@pytest.mark.parametrize("failing", ORDER)
async def test_a_failed_step_ends_the_commit_order(failing: str) -> None:
    journal = Journal(failing)
    with pytest.raises(RuntimeError, match=failing):
        await complete(journal)
    assert journal.steps == ORDER[: ORDER.index(failing)]


@pytest.mark.parametrize("during", ["outputs", "claim", "changelog"])
async def test_a_revoked_partition_ends_the_commit_order(during: str) -> None:
    journal = Journal()
    event = JournalDelivery(journal)

    def leave(step: str) -> None:
        event.value.revoked = event.value.revoked or step == during

    journal.after = leave
    with pytest.raises(PartitionRevoked):
        await complete(journal, event)
    assert journal.steps == ORDER[: ORDER.index(during) + 1]


async def test_the_ledger_comes_last_and_the_mark_says_how_far() -> None:
    journal = Journal()
    await complete(journal)
    assert [(r.key, r.value) for r in journal.changelog] == [
        (b"3/source/a", b"1"),
        (b"3/source/b", None),
        (marker_key(3), b"9 1"),
        (ledger_key(3), b"ledger"),
    ]
    *state, marker, ledger = journal.changelog
    assert {r.headers for r in state} == {(("next", b"9"), ("epoch", b"1 one"))}
    assert marker.headers == (("next", b"9"), ("epoch", b"1 one"), ("base", b"0"))
    assert ledger.headers == ()
