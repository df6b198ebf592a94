"""Messages as large as the readings take, on Apache Kafka, which enforces its limits."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from click.testing import CliRunner, Result

from emissions.cli.main import cli
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.kafka.reader import ends_of
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import StreamsProcess, own_settings

CODEC = Codec(FileIds())
LIMIT = 1_048_588
OVERHEAD = 75  # of a record batch with one record and a key of one byte


async def send(settings: Settings, value: bytes, **more: Any) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker, max_request_size=1 << 27, **more)
    await producer.start()
    try:
        await producer.send_and_wait(settings.topic_readings, value, b"k", partition=0)
    finally:
        await producer.stop()


def letters(settings: Settings, *args: str) -> Result:
    return CliRunner().invoke(cli, ["dead-letters", *args], env=settings.as_env())


def test_the_largest_messages_are_kept_whole_and_the_worker_goes_on(
    kafka: TestBroker, tmp_path: Path
) -> None:
    settings = own_settings(
        kafka.address, partitions=1, clickhouse_url="http://127.0.0.1:1", dead_letter_limit_run=0
    )
    asyncio.run(create_topics(settings, "replay"))
    plain = Reading("x" * 1_000_000, 0, 60, "NORMAL", None, {}, {})
    values = [
        b"\x01" * (LIMIT - OVERHEAD),
        CODEC.encode("EmissionReading", msgspec.structs.asdict(plain)),
        b"\x01" * 1_000,
    ]
    for value in values:
        asyncio.run(send(settings, value))
    for more in ({}, {"compression_type": "gzip"}):
        with pytest.raises(MessageSizeTooLargeError):
            asyncio.run(send(settings, bytes(LIMIT), **more))

    with StreamsProcess(settings, tmp_path / "log"):

        async def all_kept() -> bool:
            return sum((await ends_of(settings, settings.topic_dead_letters)).values()) == 3

        asyncio.run(eventually(all_kept, "every message is in the dead-letter topic"))
        listed = letters(settings, "list", "--format", "json")
        rows = [json.loads(line) for line in listed.stdout.splitlines()]
        assert [row["reason"] for row in rows] == ["UNDECODABLE", "UNKNOWN_SOURCE", "UNDECODABLE"]
        assert rows[1]["source_id"] == "x" * 248 + "…"
        for row, value in zip(rows, values, strict=True):
            shown = letters(settings, "show", row["place"], "--format", "json")
            assert bytes.fromhex(json.loads(shown.stdout)["value"]) == value

        # with its mark the largest is a little too large: a sentence, and the others can go
        refused = letters(settings, "replay", "--yes", "--policy", "requeue", "--limit", "1")
        assert refused.exit_code == 1
        *_, last = refused.stderr.splitlines()
        assert last.startswith(f"emissions: {rows[0]['place']} is too large to resend")
        sent = letters(
            settings, "replay", "--yes", "--policy", "requeue", "--reason", "UNKNOWN_SOURCE"
        )
        assert sent.exit_code == 0, sent.output
        (row,) = [
            json.loads(line)
            for line in letters(
                settings, "list", "--reason", "UNKNOWN_SOURCE", "--limit", "1", "--format", "json"
            ).stdout.splitlines()
        ]
        assert row["replayed"] == 1 or row["replay_of"] == [rows[1]["place"]]
