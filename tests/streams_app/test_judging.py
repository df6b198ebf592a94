"""The engine reads old state through to the saved one, and through no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace

from streams.checkpoint import Checkpoint
from streams.core.calendar import HOUR
from streams.core.log import Outcome, RawRecord
from streams.core.partition import PartitionEngine
from streams.core.policy import Policy
from streams.judging import Judging
from streams.outbox import Outbox, Output, RawOutput
from streams.saved_state import SavedState
from streams.state_store import StateStore
from streams.transport import PartitionBatch
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

AT = local("2026-04-01")


class ChangelogOutbox(Outbox):
    """Confirms at once; keeps what goes to the changelog."""

    def __init__(self) -> None:
        self.changelog: list[RawOutput] = []

    async def produce(self, outputs: Iterable[Output], *, revoked: Callable[[], bool]) -> None:
        assert (revoked(), list(outputs)) == (False, [])

    async def produce_to(
        self,
        topic: str,
        partition: int,
        records: Sequence[Output | RawOutput],
        *,
        revoked: Callable[[], bool],
    ) -> int | None:
        assert (topic, partition, revoked()) == ("changelog", 0, False)
        first = len(self.changelog)
        self.changelog += [record for record in records if isinstance(record, RawOutput)]
        return first


class Worker:
    """Judges batches of one partition; its state can be read anew."""

    def __init__(self) -> None:
        self.outbox = ChangelogOutbox()
        self.saved = self.read()
        self.found = Found()
        self.built = 0
        self.judging = Judging(
            state=self,
            checkpoint=Checkpoint(self.outbox, "changelog"),
            follower=self,
            engine=self.engine,
            encode=self.encode,
        )

    def read(self) -> SavedState:
        """The state as the changelog has it."""
        saved = SavedState(0, StateStore(segment_bytes=500))
        for offset, record in enumerate(self.outbox.changelog):
            saved.take(offset, record.key, record.value, record.headers)
        return saved

    def engine(self, _: int, state: Mapping[str, bytes]) -> PartitionEngine:
        self.built += 1
        return PartitionEngine(
            topic=TOPIC,
            partition=0,
            partitions=1,
            decode=CODEC.decode_readings,
            rules=RULES,
            policy=Policy(),
            registry=history(enterprise()),
            state=state,
        )

    def encode(self, outcome: Outcome) -> list[Output]:
        self.found.means += outcome.means
        self.found.violations += outcome.violations
        return []

    async def of(self, *_: int, revoked: Callable[[], bool]) -> SavedState:
        assert not revoked()
        return self.saved

    async def catch_up(self) -> None:
        """The registry does not change."""

    def confirmed(self, partition: int) -> None:
        assert (partition, self.saved.reached > 0) == (0, True)

    async def take(self, records: Sequence[RawRecord]) -> None:
        batch = PartitionBatch("emissions.readings", 0, records, 1)
        event = SimpleNamespace(value=batch, ack=lambda: True)
        await self.judging.take(event)


def campaign() -> Log:
    """Half a day, then a reading of its first hours that had been left out."""
    log = Log().series(AT, [600.0, None, *[700.0] * 70])
    late = reading(AT + 600_000, values={"SO2": 800.0})
    return log.add(late, AT + 13 * HOUR).tick(AT + 16 * HOUR)


async def judged(worker: Worker, before_the_late: Callable[[Worker], None]) -> Found:
    records = campaign().records
    for start in range(0, len(records) - 2, 10):
        await worker.take(records[start : min(start + 10, len(records) - 2)])
    before_the_late(worker)
    await worker.take(records[-2:])
    return worker.found


async def test_an_engine_that_stays_finds_what_was_written_down() -> None:
    worker = Worker()
    found = await judged(worker, lambda _: None)
    expected = fold(campaign())
    assert found.last_means == expected.last_means
    assert found.last_violations == expected.last_violations
    assert (worker.built, dict(worker.saved.items)) == (1, expected.state)


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
    expected = fold(campaign())
    assert found.last_means == expected.last_means
    hours = {key: value for key, value in expected.state.items() if "/hour/" in key}
    assert worker.built == 2
    assert {key: worker.saved.items.get(key) for key in hours} == hours
