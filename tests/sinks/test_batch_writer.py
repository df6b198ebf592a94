"""The writer against a ClickHouse that goes away, refuses, or is not what it should be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from structlog.testing import capture_logs

from deploy.embedded.clickhouse import EmbeddedClickHouse
from sinks.batch import Batch
from sinks.batch_writer import REJECTED, SINK, BatchWriter, FatalError
from sinks.clickhouse import async_client
from sinks.tables import DEAD_LETTERS, READINGS
from streams.kafka.partitions import PartitionRevoked
from tests.schemas.examples import DEAD_LETTER, RECORDS
from tests.sinks.make import batch, entry, reading_entry
from tests.support.broker import eventually
from tests.support.clickhouse import TestClickHouse


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    """A server that a test may kill."""
    with EmbeddedClickHouse(tmp_path) as server:
        yield server


class FailingClient:
    """Fails as it is told, then takes everything; remembers what it was sent."""

    write_compression: str | None = None

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.tokens: list[str] = []
        self.rows: list[int] = []
        self.started = 1_795_000_000
        self.jitter: list[int] = []

    async def insert(
        self, _: str, data: Sequence[Sequence[Any]], *, settings: dict[str, Any], **__: Any
    ) -> None:
        self.tokens.append(settings["insert_deduplication_token"])
        if self.failures:
            raise self.failures.pop(0)
        self.rows.append(len(data[0]))

    async def raw_insert(
        self, _: str, *, insert_block: bytes, settings: dict[str, Any], **__: Any
    ) -> None:
        """The number of rows stands behind that of the columns: small ones in one byte each."""
        await self.insert(_, [range(insert_block[1])], settings=settings)

    async def query(self, question: str, *, parameters: dict[str, Any]) -> Any:
        assert "uptime()" in question, f"nothing else is to be asked: {parameters}"
        self.started += self.jitter.pop(0) if self.jitter else 0
        return SimpleNamespace(result_rows=[(self.started,)])

    @property
    def batches(self) -> list[str]:
        """The tokens without the writer and the run of the server."""
        return [":".join(token.split(":")[:4]) for token in self.tokens]


def writer_of(client: FailingClient) -> BatchWriter:
    async def connect() -> FailingClient:
        return client

    return BatchWriter(connect)


def readings(count: int, first: int = 0) -> Batch:
    return batch(reading_entry(offset) for offset in range(first, first + count))


async def test_rows_are_complete_and_once_after_a_kill_in_the_middle(
    own_server: EmbeddedClickHouse,
) -> None:
    database = TestClickHouse(own_server)
    writer = BatchWriter(lambda: async_client(database.settings))
    batches = [readings(50, first) for first in range(0, 3000, 50)]

    async def work(mine: list[Batch]) -> None:
        for each in mine:
            await writer.write(each, (READINGS,))

    tasks = [asyncio.create_task(work(batches[lane::3])) for lane in range(3)]
    await eventually(lambda: writer.rows_written >= 500, "some rows are written")
    own_server.kill()
    await eventually(lambda: bool(writer.failing), "the writer notices")
    own_server.start()
    await asyncio.gather(*tasks)
    await writer.close()
    assert writer.failing == {}
    rows = database.rows(
        "SELECT offset, count() FROM readings_current GROUP BY offset ORDER BY offset"
    )
    assert rows == [(offset, 2) for offset in range(3000)]
    assert database.value("SELECT count() FROM dead_letters") == 0


async def test_the_writer_waits_for_a_server_that_is_not_there_yet(
    own_server: EmbeddedClickHouse,
) -> None:
    database = TestClickHouse(own_server)
    own_server.stop()
    writer = BatchWriter(lambda: async_client(database.settings))
    writing = asyncio.create_task(writer.write(readings(3), (READINGS,)))
    await eventually(lambda: bool(writer.failing), "the writer notices")
    own_server.start()
    await writing
    await writer.close()
    assert database.value("SELECT count() FROM readings_current") == 6


async def test_a_retry_is_the_same_insert_and_is_said_once() -> None:
    failures = [DatabaseError("…", code=241), ConnectionResetError(), DatabaseError("…", code=252)]
    client = FailingClient(*failures)
    with capture_logs() as logs:
        await writer_of(client).write(readings(4), (READINGS,))
    assert set(client.batches) == {"readings:emissions.readings:0:0-3"}
    assert len(set(client.tokens)) == 1
    assert client.rows == [8]
    assert [line["event"] for line in logs] == [
        "insert_retrying",
        "insert_recovered",
    ]
    assert logs[0]["error"] == "MEMORY_LIMIT_EXCEEDED"


async def test_a_token_counts_for_one_run_of_the_server_and_one_writer() -> None:
    client = FailingClient(*[ConnectionResetError() for _ in range(4)])
    client.jitter = [0, 1, -1, 40, 1]  # the seconds that it tells are whole; then a new start
    await writer_of(client).write(readings(1), (READINGS,))
    assert len(client.tokens) == 5
    assert [client.tokens.index(token) for token in client.tokens] == [0, 0, 0, 3, 3]
    await writer_of(client).write(readings(1), (READINGS,))
    assert client.batches[5] == client.batches[0]
    assert client.tokens[5] not in client.tokens[:5]


class Losing:
    """Its first insert is noted by the server, which is killed before it has the rows."""

    def __init__(self, real: Any, lose: Callable[[], None]) -> None:
        self.real = real
        self.lose: Callable[[], None] | None = lose

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    async def raw_insert(self, *args: Any, **kwargs: Any) -> None:
        await self.real.raw_insert(*args, **kwargs)
        if self.lose is not None:
            self.lose()
            self.lose = None
            raise ConnectionResetError


async def test_rows_that_a_killed_server_noted_and_lost_are_written_again(
    own_server: EmbeddedClickHouse,
) -> None:
    database = TestClickHouse(own_server)

    def lose() -> None:
        away = "ALTER TABLE readings DELETE WHERE 1 SETTINGS mutations_sync = 1"
        database.client.command(away)
        own_server.kill()
        time.sleep(2.1)  # another second of start: no two runs are told apart by less
        own_server.start()

    async def connect() -> Any:
        return Losing(await async_client(database.settings), lose)

    writer = BatchWriter(connect)
    await writer.write(readings(3), (READINGS,))
    await writer.close()
    assert database.value("SELECT count() FROM readings_current") == 6


async def test_the_halves_of_a_refused_batch_have_tokens_of_their_own() -> None:
    client = FailingClient(DatabaseError("…", code=27))
    await writer_of(client).write(readings(4), (READINGS,))
    assert client.batches == [
        f"readings:emissions.readings:0:{covered}" for covered in ("0-3", "0-1", "2-3")
    ]


async def test_a_missing_table_stops_with_a_sentence(clickhouse: TestClickHouse) -> None:
    clickhouse.client.command("DROP TABLE readings SYNC")
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    with pytest.raises(FatalError, match=r"UNKNOWN_TABLE\): run emissions migrate"):
        await writer.write(readings(1), (READINGS,))
    await writer.close()


async def test_a_revoked_batch_is_given_up_but_not_before_it_was_tried() -> None:
    with pytest.raises(PartitionRevoked):
        await writer_of(FailingClient(ConnectionResetError())).write(
            readings(1), (READINGS,), lambda: True
        )
    client = FailingClient()
    await writer_of(client).write(readings(1), (READINGS,), lambda: True)
    assert client.rows == [2]


async def test_an_empty_batch_is_written_without_a_word() -> None:
    client = FailingClient(ConnectionResetError())
    await writer_of(client).write(Batch("t", 0, 4, 9, ()), (READINGS,))
    assert client.tokens == []


async def test_a_letter_that_no_row_can_hold_is_kept_as_bytes(clickhouse: TestClickHouse) -> None:
    """Anybody who may write to the topic of the dead letters can write anything."""
    sound = RECORDS["DeadLetter"]
    hostile = sound | {"partition": 1 << 40, "stage": SINK}
    letters = [entry(at, record) for at, record in enumerate([sound, hostile, sound])]
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    await writer.write(batch(letters, topic="emissions.dead-letters"), (DEAD_LETTERS,))
    await writer.close()
    rows = clickhouse.rows(
        "SELECT topic, offset, stage, reason, value FROM dead_letters FINAL ORDER BY stage"
    )
    assert [row[:4] for row in rows] == [
        ("emissions.readings", DEAD_LETTER.offset, "decode", "UNDECODABLE"),
        ("emissions.dead-letters", 1, SINK, REJECTED),
    ]
    assert rows[1][4] == "value"
