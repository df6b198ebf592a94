"""Both workers on what other producers write: their schemas, their registry, their compression."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest
from aiokafka import AIOKafkaProducer

from deploy.embedded.clickhouse import EmbeddedClickHouse
from schemas.codec import Codec
from schemas.definitions import current
from schemas.ids import FileIds, HttpIds
from sinks.clickhouse import client
from streams.registry.avro import RECORD, enterprise_to_record
from streams.settings import Settings
from tests.emissions.dead_letters.test_deployment import KNOWN, deployed, enterprise, reading
from tests.schemas.schema_registry import Registry, listening
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import SinksProcess, StreamsProcess

UNKNOWN_ID = 999_999
LAGS = 3
"""So many questions the registry answers with 404 before it knows the id."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with listening() as server:
        yield server


@pytest.fixture
def settings(
    any_broker: TestBroker, clickhouse_server: EmbeddedClickHouse, registry: Registry
) -> Iterator[Settings]:
    with deployed(any_broker, clickhouse_server) as made:
        yield replace(made, schema_registry_url=registry.url, schema_wait_s=3.0)


def writers_schema() -> dict[str, Any]:
    """The time in microseconds, a state that is referred to, and a field more of a logical type."""
    schema: dict[str, Any] = json.loads(current()["EmissionReading"].text)
    for field in schema["fields"]:
        if field["name"] == "measured_at":
            field["type"] = {"type": "long", "logicalType": "timestamp-micros"}
        if field["name"] == "state":
            field["type"] = "kz.emissions.OperatingState"
    more = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}
    schema["fields"].insert(1, {"name": "price", "type": ["null", more], "default": None})
    return schema


def written(number: int, value: bytes, registry: Registry) -> bytes:
    """The same reading by the other writer's schema."""
    _, record = Codec(HttpIds(registry.url)).decode(value)
    plain = json.loads(current()["EmissionReading"].text)
    kind = {"type": "bytes"}
    plain["fields"].insert(1, {"name": "price", "type": ["null", kind]})
    body = BytesIO()
    record |= {"measured_at": record["measured_at"] * 1000 + 999, "price": b"\x01"}
    fastavro.schemaless_writer(body, fastavro.parse_schema(plain), record)
    return b"\0" + number.to_bytes(4, "big") + body.getvalue()


async def send(broker: TestBroker, topic: str, codec: str, *records: tuple[str, bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.address, compression_type=codec)
    await producer.start()
    try:
        for key, value in records:
            await producer.send_and_wait(topic, value, key=key.encode())
    finally:
        await producer.stop()


def test_readings_of_other_writers_are_read_and_the_rest_is_a_dead_letter(
    any_broker: TestBroker, settings: Settings, registry: Registry, tmp_path: Path
) -> None:
    ids = HttpIds(registry.url)
    ids.start()
    ours = Codec(ids)
    state = {
        "type": "enum", "name": "OperatingState", "namespace": "kz.emissions",
        "symbols": ["NORMAL", "STARTUP", "SHUTDOWN", "STOPPED", "EMERGENCY"],
    }  # fmt: skip
    registry.register("states", json.dumps(state))
    number = registry.register(
        "readings",
        json.dumps(writers_schema()),
        [{"name": "kz.emissions.OperatingState", "subject": "states", "version": 1}],
    )
    registry.hidden[number] = LAGS
    # What is in the topic already was written with the fixed ids.
    registry.schemas[FileIds().id_of(RECORD)] = {"schema": current()[RECORD].text}
    registered = enterprise(KNOWN)
    again = ours.encode(RECORD, enterprise_to_record(registered))
    named = dict(registry.subjects["kz.emissions.EmissionReading"])
    at = next(iter(named.values())).to_bytes(4, "big")
    good = [b"\0" + at + reading(KNOWN, minutes)[5:] for minutes in (30, 29, 28)]
    foreign = [
        written(number, b"\0" + at + reading(KNOWN, minutes)[5:], registry)
        for minutes in (27, 26, 25)
    ]
    made_up = b"\0" + UNKNOWN_ID.to_bytes(4, "big") + good[0][5:]

    async def produce() -> None:
        await send(any_broker, settings.topic_registry, "zstd", (registered.bin, again))
        for codec, value in zip(("gzip", "snappy", "lz4"), foreign, strict=True):
            await send(any_broker, settings.topic_readings, codec, (KNOWN, value))
        await send(any_broker, settings.topic_readings, "zstd", (KNOWN, made_up))
        await send(any_broker, settings.topic_readings, "zstd", *((KNOWN, each) for each in good))

    asyncio.run(produce())
    stored = replace(settings, schema_registry_url=None)

    def rows() -> int:
        with client(stored) as connected:
            return int(connected.query("SELECT count() FROM readings_current").result_rows[0][0])

    with (
        StreamsProcess(settings, tmp_path / "streams.log") as streams,
        SinksProcess(settings, tmp_path / "sinks.log") as sinks,
    ):

        async def letters() -> list[str]:
            found = await any_broker.read(settings.topic_dead_letters)
            return [ours.decode(each.value)[1]["reason"] for each in found if each.value]

        async def done() -> bool:
            said = streams.said() + sinks.said()
            assert (streams.exit_code, sinks.exit_code) == (None, None), said
            return rows() == 6 and await letters() == ["UNKNOWN_SCHEMA"]

        asyncio.run(eventually(done, "six readings are written and one message is a dead letter"))
    assert "Traceback" not in streams.said() + sinks.said()
