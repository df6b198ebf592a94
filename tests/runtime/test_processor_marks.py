"""A mark about readings that were acknowledged long ago: they are read again, and once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from streams.changelog.write_behind import CheckpointPolicy
from streams.core.records.record import RawRecord
from streams.core.registry.notice import Notice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.core.time.interval import HOUR, MINUTE
from streams.kafka.partitions import PartitionRevoked
from streams.rules.calendar import load_calendar
from streams.runtime.readings_reader import LostReadingsError
from tests.core.examples import BIN, enterprise, fold, proof
from tests.runtime.test_processor import AT, RECORDS, Worker, of_sources
from tests.support.generated import examples

ARRIVAL = AT + 10 * HOUR
MARK = Notice("M", "MARK", BIN, "A", AT + HOUR, AT + 2 * HOUR, "SO2", flag="C", reason="r")


def told() -> RegistryHistory:
    """A mark of the second hour that arrives in the tenth."""
    known = NoticeHistory(load_calendar("KZ"))
    known.add(MARK, ARRIVAL)
    registry = RegistryHistory(known)
    registry.add(-(1 << 61), BIN, enterprise(), proof(0))
    return registry


class MarkedWorker(Worker):
    """A worker that knows of the mark."""

    def registry(self) -> RegistryHistory:
        return told()


EXPECTED = fold(RECORDS, told())


async def test_the_readings_are_read_from_the_log_again() -> None:
    worker = MarkedWorker()
    for start in range(0, len(RECORDS), 10):
        await worker.take(RECORDS[start : start + 10])
    await worker.processor.save_all()
    assert worker.built == 1
    assert 0 < worker.read_again < 40
    assert worker.found.last_means == EXPECTED.last_means
    assert worker.found.mean("1h", AT + HOUR).valid_s == 0
    assert worker.found.mean("1h", AT + HOUR).revision == 2
    assert worker.found.mean("1h", AT + 2 * HOUR + 10 * MINUTE - 10 * MINUTE).revision == 1
    assert of_sources(worker.saved.items) == of_sources(EXPECTED.state)


@given(st.data())
@examples(15)
def test_results_are_the_same_wherever_a_worker_dies(data: st.DataObject) -> None:
    policy = CheckpointPolicy(records=data.draw(st.sampled_from([1, 5, 20, 1000])))
    worker: Worker = MarkedWorker(policy)
    at = 0
    while at < len(RECORDS):
        upto = data.draw(st.integers(at + 1, min(at + 30, len(RECORDS))))
        asyncio.run(worker.take(RECORDS[at:upto]))
        at = upto
        if at < len(RECORDS) and data.draw(st.booleans()):
            worker = worker.next()
    asyncio.run(worker.processor.save_all())
    assert worker.found.last_means == EXPECTED.last_means
    assert worker.found.last_violations == EXPECTED.last_violations
    assert of_sources(worker.read().items) == of_sources(EXPECTED.state)


class Interrupted(MarkedWorker):
    """A worker whose partition is revoked amid its first reading of what a mark is about."""

    revoked_once = False

    async def read_range(
        self, partition: int, start: int, end: int, *, revoked: Callable[[], bool]
    ) -> AsyncGenerator[Sequence[RawRecord]]:
        async for records in super().read_range(partition, start, end, revoked=revoked):
            yield records
            if not self.revoked_once:
                self.revoked_once = True
                raise PartitionRevoked


async def test_readings_are_read_anew_where_the_partition_was_revoked_meanwhile() -> None:
    """The engine stays with the worker, and what it was supplied with does not."""
    worker = Interrupted()
    for start in range(0, len(RECORDS), 10):
        await worker.take(RECORDS[start : start + 10])
        if worker.revoked_once:
            worker.read_again = 0
            break
    for at in range(start, len(RECORDS), 10):
        await worker.take(RECORDS[at : at + 10], generation=2)
    assert worker.built == 1
    assert worker.read_again
    await worker.processor.save_all()
    assert worker.found.last_means == EXPECTED.last_means
    assert of_sources(worker.saved.items) == of_sources(EXPECTED.state)


class Forgetful(MarkedWorker):
    """A worker of a topic that holds only its later readings."""

    kept_from = 12

    async def read_range(
        self, partition: int, start: int, end: int, *, revoked: Callable[[], bool]
    ) -> AsyncGenerator[Sequence[RawRecord]]:
        if start < self.kept_from:
            raise LostReadingsError("gone", start, self.kept_from)
        async for records in super().read_range(partition, start, end, revoked=revoked):
            yield records


async def test_readings_that_are_not_in_the_topic_any_more_stop_nobody() -> None:
    worker = Forgetful()
    with capture_logs() as said:
        for start in range(0, len(RECORDS), 10):
            await worker.take(RECORDS[start : start + 10])
    await worker.processor.save_all()
    assert [each["end"] for each in said if each["event"] == "marked_readings_lost"] == [12]
    assert worker.found.last_means == EXPECTED.last_means  # the mark is about whole slots
