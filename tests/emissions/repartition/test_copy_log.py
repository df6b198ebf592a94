"""A log copied on a real broker: in order, resumed, compared, and refused where it cannot be."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner

from emissions.cli.main import cli
from emissions.repartition.copy_log import Copied, CopyError, copy_log
from schemas.codec import TICK, Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.records.partitioning import partition_of
from streams.kafka.reader import ends_of
from streams.settings import Settings
from tests.support.broker import TestBroker, unique

CODEC = Codec(FileIds())
SOURCES = [f"KZ-{number:04}" for number in range(9)]
HEADERS = [("trace", b"\x00")]
KEPT = {"retention.ms": "-1"}  # the arrivals are of 1970


def untold(done: int, total: int) -> None:
    """Nobody watches."""


def reading(source: str, minute: int) -> bytes:
    sent = Reading(source, minute * 60_000, 60, "NORMAL", None, {"SO2": 1.0 + minute}, {})
    return CODEC.encode("EmissionReading", msgspec.structs.asdict(sent))


async def publish(broker: TestBroker, topic: str, minutes: range) -> None:
    """Each source each minute, a tick each minute, nonsense, and a reading where it is not due."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.address)
    await producer.start()

    async def send(value: bytes | None, key: bytes | None, partition: int, minute: int) -> None:
        at = 1_000_000 + minute * 60_000
        await producer.send(
            topic, value, key=key, partition=partition, timestamp_ms=at, headers=HEADERS
        )

    try:
        for minute in minutes:
            for partition in range(2):
                await send(CODEC.encode(TICK, {"sent_at": minute}), None, partition, minute)
            for source in SOURCES:
                home = partition_of(source, 2)
                await send(reading(source, minute), source.encode(), home, minute)
            await send(b"nonsense", b"KZ", 1, minute)
            wrong = 1 - partition_of(SOURCES[0], 2)
            await send(reading(SOURCES[0], minute), SOURCES[0].encode(), wrong, minute)
    finally:
        await producer.stop()


async def made(broker: TestBroker) -> Settings:
    """A new topic of five partitions; the old one is that of `old`."""
    name = unique("copied")
    await broker.create(f"{name}.old", partitions=2, config=KEPT)
    await broker.create(f"{name}.readings", partitions=5, config=KEPT)
    return Settings(
        broker=broker.address, topic_readings=f"{name}.readings", partitions=5, tick_s=0.0
    )


@pytest.fixture
async def settings(any_broker: TestBroker) -> Settings:
    return await made(any_broker)


def old(settings: Settings) -> str:
    return settings.topic_readings.replace("readings", "old")


async def copy(settings: Settings, *, last: bool = False) -> Copied:
    return await copy_log(
        settings,
        old(settings),
        CODEC.decode_reading,
        last=last,
        report=untold,
        still_s=0.0,
    )


async def test_a_copy_keeps_order_bytes_headers_and_arrival_and_goes_on(
    any_broker: TestBroker, settings: Settings
) -> None:
    await publish(any_broker, old(settings), range(40))
    first = await copy(settings)
    assert first.compared == 0
    assert first.passed + first.left == 40 * (2 + len(SOURCES) + 2)
    assert 0 < first.left < 30  # of the last minute: a partition may still get more of it
    await publish(any_broker, old(settings), range(40, 60))
    second = await copy(settings, last=True)
    assert second.compared == first.written
    assert second.left == 0
    again = await copy(settings, last=True)
    assert (again.written, again.compared) == (0, first.written + second.written)

    found: dict[str, list[Any]] = {}
    for record in await any_broker.read(settings.topic_readings):
        message = CODEC.decode_reading(record.value)
        kind = f"{type(message).__name__} {record.partition}"
        source = message.source_id if isinstance(message, Reading) else kind
        right = isinstance(message, Reading) and partition_of(source, 5) == record.partition
        found.setdefault(f"{source} {right}", []).append((record.timestamp, record.value))
        assert list(record.headers) == HEADERS
    due = [(1_000_000 + minute * 60_000, minute) for minute in range(60)]
    for source in SOURCES:
        assert found.pop(f"{source} True") == [(at, reading(source, m)) for at, m in due]
    assert len(found.pop(f"{SOURCES[0]} False")) == 60  # refused before, refused again
    nonsense = f"Rejected {partition_of(b'KZ', 5)} False"
    assert found.pop(nonsense) == [(at, b"nonsense") for at, _ in due]
    ticks = [(at, CODEC.encode(TICK, {"sent_at": m})) for at, m in due]
    assert found == {f"Tick {partition} False": ticks for partition in range(5)}


async def test_what_does_not_belong_there_is_found(
    any_broker: TestBroker, settings: Settings
) -> None:
    await publish(any_broker, old(settings), range(5))
    await copy(settings)
    await any_broker.produce(settings.topic_readings, [b"foreign"], partition=2)
    with pytest.raises(CopyError, match=r"something else wro?i?tes? to it"):
        await copy(settings, last=True)


async def test_a_topic_cannot_be_copied_to_itself_or_to_another_number(
    any_broker: TestBroker, settings: Settings
) -> None:
    itself = replace(settings, topic_readings=old(settings), partitions=2)
    with pytest.raises(CopyError, match="cannot be copied to itself"):
        await copy(itself)
    with pytest.raises(CopyError, match=r"has 5 partitions instead of 4 \(EMISSIONS_PARTITIONS\)"):
        await copy(replace(settings, partitions=4))
    with pytest.raises(CopyError, match=r"missing does not exist"):
        await copy_log(
            settings, "missing", CODEC.decode_reading,
            last=False, report=untold, still_s=0.0,
        )  # fmt: skip


@pytest.fixture
def growing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old topic has one record more at each look."""
    looks = itertools.count()

    async def ends(settings: Settings, *topics: str) -> dict[Any, int]:
        more = next(looks)
        return {tp: end + more for tp, end in (await ends_of(settings, *topics)).items()}

    monkeypatch.setattr("emissions.repartition.copy_log.ends_of", ends)


@pytest.mark.usefixtures("growing")
async def test_the_end_is_copied_only_of_a_topic_that_stands_still(
    any_broker: TestBroker, settings: Settings
) -> None:
    with pytest.raises(CopyError, match="still grows: stop what writes to it"):
        await copy(settings, last=True)
    assert await any_broker.read(settings.topic_readings) == []


def test_the_command_says_what_it_did_or_why_not(
    any_broker: TestBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = asyncio.run(made(any_broker))
    asyncio.run(publish(any_broker, old(settings), range(3)))
    for name, value in settings.as_env().items():
        monkeypatch.setenv(name, value)
    command = ["topics", "copy", "--format", "json", "--from"]

    done = CliRunner().invoke(cli, [*command, old(settings), "--last"])
    assert done.exit_code == 0, done.output
    assert msgspec.json.decode(done.stdout)["left"] == 0
    refused = CliRunner().invoke(cli, [*command, settings.topic_readings])
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"emissions: {settings.topic_readings} cannot be copied")
