"""A deployment whose readings come in transactions, compressed: what is rolled back is nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.cli.main import cli
from sinks.clickhouse import client
from streams.core.records.partitioning import partition_of
from streams.settings import Settings
from tests.emissions.dead_letters.test_deployment import KNOWN, deployed, reading
from tests.support.broker import TestBroker, eventually, unique
from tests.support.streams_process import SinksProcess, StreamsProcess

ROLLED_BACK = 20


@pytest.fixture
def settings(kafka: TestBroker, clickhouse_server: EmbeddedClickHouse) -> Iterator[Settings]:
    with deployed(kafka, clickhouse_server) as made:
        yield made


async def write(broker: TestBroker, topic: str, partition: int) -> None:
    """Readings in transactions, of which some are rolled back: the first, one within, the last."""
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.address,
        transactional_id=unique("station"),
        compression_type="zstd",
    )
    await producer.start()
    try:
        for minutes_ago, kept in (
            (100, False), (90, True), (80, False), (70, True), (60, True), (50, False),
        ):  # fmt: skip
            await producer.begin_transaction()
            for at in range(minutes_ago, minutes_ago - (4 if kept else ROLLED_BACK), -1):
                await producer.send(
                    topic, reading(KNOWN, at), key=KNOWN.encode(), partition=partition
                )
            await (producer.commit_transaction() if kept else producer.abort_transaction())
    finally:
        await producer.stop()


def test_what_was_rolled_back_is_no_evidence_and_the_ledger_closes(
    kafka: TestBroker, settings: Settings, tmp_path: Path
) -> None:
    partition = partition_of(KNOWN, settings.partitions)
    asyncio.run(write(kafka, settings.topic_readings, partition))

    def rows() -> int:
        with client(settings) as connected:
            return int(connected.query("SELECT count() FROM readings_current").result_rows[0][0])

    with (
        StreamsProcess(settings, tmp_path / "streams.log") as streams,
        SinksProcess(settings, tmp_path / "sinks.log") as sinks,
    ):

        async def written() -> bool:
            assert (streams.exit_code, sinks.exit_code) == (None, None), streams.said()
            committed = await kafka.committed(settings.group_streams, settings.topic_readings)
            return rows() == 12 and bool(committed.get(partition))

        asyncio.run(eventually(written, "the committed readings are judged and written"))
        told = CliRunner().invoke(
            cli, ["audit", "--all", "--format", "json"], env=settings.as_env()
        )
    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert [row["differences"] for row in found if row["differences"]] == []
    assert told.exit_code == 0, told.output
    (ledger,) = [row for row in found if row["place"] == f"partition {partition}"]
    assert ledger["seen"].startswith("12 messages = 12 used + 0 duplicates + 0 dead-lettered")
    # Two transactions rolled back and their markers, and a marker after each that was committed.
    without = 2 * (ROLLED_BACK + 1) + 2
    assert f"; {without} offsets without message (transaction markers" in ledger["seen"]
    assert rows() == 12
