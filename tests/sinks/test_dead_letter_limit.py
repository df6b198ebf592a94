"""Messages that ClickHouse refuses by the dozen hold their partition before they are diverted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from sinks.batch import Batch
from sinks.batch_writer import BatchWriter, LimitReachedError
from sinks.clickhouse import async_client
from sinks.tables import DEAD_LETTERS, MEANS, READINGS
from streams.core.engine.dead_letter_limit import OFF, LimitPolicy
from streams.kafka.partitions import PartitionRevoked
from tests.sinks.make import HOUR, MARCH, batch, dead_letter, entry, mean, reading_entry
from tests.support.clickhouse import TestClickHouse

POLICY = LimitPolicy(share=0.5, records=40, run=10, senders=1)


def means(values: Sequence[float], first: int = 0) -> Batch:
    """A mean for each value; the table takes those below 100."""
    return batch(
        (
            entry(offset, mean(start=MARCH + offset * HOUR, value=value))
            for offset, value in enumerate(values, first)
        ),
        "emissions.means",
    )


async def write(
    database: TestClickHouse, batches: Sequence[Batch], policy: LimitPolicy = POLICY
) -> str:
    """Write batches by one writer; what holds it, or nothing."""
    writer = BatchWriter(lambda: async_client(database.settings), limit=policy)
    try:
        for each in batches:
            await writer.write(each, (MEANS,))
    except LimitReachedError as error:
        return str(error)
    finally:
        await writer.close()
    return ""


def letters(database: TestClickHouse) -> list[int]:
    rows = database.rows("SELECT offset FROM dead_letters_current ORDER BY offset")
    return [offset for (offset,) in rows]


@pytest.fixture
def picky(clickhouse: TestClickHouse) -> TestClickHouse:
    """A database that refuses means of 100 and more."""
    clickhouse.client.command("ALTER TABLE means ADD CONSTRAINT small CHECK value < 100")
    return clickhouse


async def test_a_flood_holds_the_writer_and_nothing_of_it_is_diverted(
    picky: TestClickHouse,
) -> None:
    said = await write(picky, [means([1.0] * 5 + [500.0] * 60)])
    assert said.startswith(
        "ClickHouse refuses rows of table means: the dead-letter limit of emissions.means/0 is "
        "reached at offset 14: 10 messages in a row, from 1 senders, cannot be used, most of them "
        "SINK_REJECTED (10), the first at offset 5"
    )
    assert letters(picky) == []


async def test_a_share_of_refused_messages_holds_the_partition(picky: TestClickHouse) -> None:
    values = [1.0, 500.0] * 40
    said = await write(picky, [means(values)])
    assert "20 of the last 40 messages, from 1 senders, cannot be used" in said
    assert letters(picky) == []


async def test_started_again_and_again_it_holds_at_the_same_place(picky: TestClickHouse) -> None:
    fetches = [means([500.0] * 4, first) for first in range(0, 40, 4)]
    said = [await write(picky, [portion]) for portion in fetches[:2]]
    assert (said, letters(picky)) == (["", ""], [*range(8)])
    for _ in range(3):
        said = [await write(picky, [fetches[2]])]
        assert "10 messages in a row" in said[0]
        assert "the first at offset 0;" in said[0]
        assert letters(picky) == [*range(8)]
    # the table is mended: what was refused last is taken, and the limit forgets
    picky.client.command("ALTER TABLE means DROP CONSTRAINT small")
    assert await write(picky, fetches[2:]) == ""
    assert letters(picky) == [*range(8)]


async def test_what_is_refused_now_and_then_is_diverted_as_ever(picky: TestClickHouse) -> None:
    values = [500.0 if number % 5 == 0 else 1.0 for number in range(100)]
    cut = [means(values[start : start + 13], start) for start in range(0, 100, 13)]
    assert await write(picky, cut) == ""
    assert letters(picky) == [*range(0, 100, 5)]


async def test_off_it_diverts_everything(picky: TestClickHouse) -> None:
    assert await write(picky, [means([500.0] * 50)], OFF) == ""
    assert letters(picky) == [*range(50)]


class Told(NamedTuple):
    """What a question is answered with."""

    result_rows: list[tuple[Any, ...]]


class RefusingClient:
    """Refuses all means as data; fails as it is told when it is asked about earlier ones."""

    write_compression: str | None = None

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.letters = 0

    async def insert(self, table: str, data: Sequence[Sequence[Any]], **_: Any) -> None:
        if table == "means":
            raise DatabaseError("…", code=469)
        self.letters += len(data[0])

    async def raw_insert(self, table: str, **_: Any) -> None:
        raise AssertionError(f"nothing is written to {table}")

    async def query(self, question: str, *, parameters: dict[str, Any]) -> Any:
        if "uptime()" in question:
            return Told([(1_795_000_000,)])
        assert parameters["first"] <= parameters["last"]
        if self.failures:
            raise self.failures.pop(0)
        return Told([(at, "6B") for at in range(parameters["first"], parameters["last"] + 1)])


def writer_of(client: RefusingClient) -> BatchWriter:
    async def connect() -> RefusingClient:
        return client

    return BatchWriter(connect, limit=POLICY)


async def test_the_worker_retries_asking_what_was_refused_before() -> None:
    client = RefusingClient(ConnectionResetError(), DatabaseError("…", code=241))
    with pytest.raises(LimitReachedError, match="11 messages in a row, from 2 senders"):
        await writer_of(client).write(means([500.0], 20), (MEANS,))
    assert (client.failures, client.letters) == ([], 0)
    with pytest.raises(PartitionRevoked):
        await writer_of(RefusingClient(ConnectionResetError())).write(
            means([500.0], 20), (MEANS,), lambda: True
        )


async def test_a_reading_that_was_refused_counts_when_its_rows_come_after_all(
    clickhouse: TestClickHouse,
) -> None:
    readings = batch([reading_entry(offset) for offset in range(3)])
    current = "SELECT DISTINCT offset FROM readings_current ORDER BY offset"
    clickhouse.client.command("ALTER TABLE readings ADD CONSTRAINT small CHECK digits != 101")
    for taken in ([0, 2], [0, 1, 2]):
        writer = BatchWriter(lambda: async_client(clickhouse.settings))
        await writer.write(readings, (READINGS,))
        await writer.close()
        assert [offset for (offset,) in clickhouse.rows(current)] == taken
        clickhouse.client.command("ALTER TABLE readings DROP CONSTRAINT IF EXISTS small")
    assert letters(clickhouse) == [1]
    # what the judging refuses has no rows that count
    judged = batch([entry(2, dead_letter(2))], "emissions.dead-letters")
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    await writer.write(judged, (DEAD_LETTERS,))
    await writer.close()
    assert [offset for (offset,) in clickhouse.rows(current)] == [0, 1]
