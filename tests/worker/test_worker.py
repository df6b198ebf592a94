"""The deployed worker finds what an undisturbed run finds, whatever is done to it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from emissions.input.reading_row import ReadingRow
from emissions.replay.export import write_export
from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.changelog.replica import ChangelogReplica
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Asm, Channel, Enterprise, Limit, Names, Source
from streams.kafka.topics import changelog_topic, create_topics
from streams.settings import Settings
from tests.support.broker import TestBroker, eventually
from tests.support.core_run import history, judge, logs
from tests.support.streams_process import StreamsProcess, findings_of, own_settings
from tests.support.tiers import kafka_now_embedded_later

pytestmark = pytest.mark.process

MINUTE = 60_000
START = 1_780_000_200_000  # a full ten minutes
PARTITIONS = 2


def enterprise() -> Enterprise:
    """One enterprise with eight sources that each have a limit they sometimes exceed."""
    return Enterprise(
        bin="990140001233",
        name=Names(ru="А", kk="Ә", en="A"),
        region="KZ-55",
        category=1,
        business_size="large",
        commissioned_on="2009-05-01",
        asm=Asm(installed_on="2023-02-01", connected_on="2023-03-01"),
        sources=tuple(
            Source(
                id=f"KZ-0001-{number:02}",
                cadence_s=60,
                channels=(Channel(parameter="GAS", unit="mg/m3", basis="dry"),),
                limits=(Limit(parameter="GAS", value=900.0, unit="g/s", valid_from="2024-01-01"),),
            )
            for number in range(8)
        ),
    )


def rows() -> Iterator[ReadingRow]:
    """Six hours of minutes with a silence, duplicates, nonsense and late readings."""
    row = 0
    for minute in range(360):
        for number in range(8):
            if number == 3 and 100 <= minute < 170:
                continue
            row += 1
            at = START + minute * MINUTE
            value = float("nan") if minute % 97 == 5 else 400.0 + (minute * 31 + number * 7) % 300
            reading = Reading(f"KZ-0001-{number:02}", at, 60, "NORMAL", None, {"GAS": value}, {})
            late = 90 * MINUTE if number == 5 and minute % 40 == 0 else 0
            yield ReadingRow(row, reading, at + MINUTE + late)
            if minute % 50 == 0:
                yield ReadingRow(row, reading, at + 2 * MINUTE)
    yield ReadingRow(row + 1, Reading("nobody", START, 60, "NORMAL", None, {}, {}), START + MINUTE)


@pytest.fixture(scope="module")
def partition_logs() -> list[list[RawRecord]]:
    return logs(list(rows()), None, PARTITIONS)


@pytest.fixture(scope="module")
def expected(
    partition_logs: list[list[RawRecord]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The export of an undisturbed run of the core alone."""
    found, _ = judge(history([enterprise()]), partition_logs)
    return exported(found, tmp_path_factory.mktemp("expected"))


def exported(findings: object, directory: Path) -> dict[str, str]:
    write_export(findings, directory)  # type: ignore[arg-type]
    return {path.name: path.read_text() for path in directory.iterdir() if path.suffix == ".csv"}


async def prepare(broker: TestBroker, **more: object) -> Settings:
    settings = own_settings(broker.address, partitions=PARTITIONS, poll_records=50, **more)
    await create_topics(settings, "replay")
    await publish_registry(settings, [enterprise()], Codec(FileIds()), timestamp=0)
    return settings


async def publish(
    broker: TestBroker, topic: str, partition: int, records: Sequence[RawRecord]
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.address)
    await producer.start()
    try:
        for record in records:
            sent = await producer.send(
                topic,
                record.value,
                record.key,
                partition=partition,
                timestamp_ms=record.timestamp,
                headers=list(record.headers),
            )
        await sent
    finally:
        await producer.stop()


async def everything(
    broker: TestBroker, settings: Settings, partition_logs: list[list[RawRecord]]
) -> None:
    for partition, log in enumerate(partition_logs):
        await publish(broker, settings.topic_readings, partition, log)


async def done(
    broker: TestBroker,
    settings: Settings,
    partition_logs: list[list[RawRecord]],
    worker: StreamsProcess,
) -> None:
    """Wait until every record of the readings is committed."""
    ends = {partition: len(log) for partition, log in enumerate(partition_logs)}

    async def committed() -> bool:
        assert worker.exit_code is None, worker.said()
        return await broker.committed(settings.group_streams, settings.topic_readings) == ends

    await eventually(committed, "everything is committed")


async def saved(broker: TestBroker, settings: Settings) -> dict[int, int]:
    """Up to which offset the state of each partition is complete in the changelog."""
    found = {partition: ChangelogReplica(partition) for partition in range(settings.partitions)}
    for record in await broker.read(changelog_topic(settings.app_id)):
        found[record.partition].apply(record.offset, record.key, record.value, record.headers)
    assert all(state.missing == 0 for state in found.values())
    return {partition: state.reached for partition, state in found.items()}


async def test_a_worker_finds_what_the_core_finds(
    any_broker: TestBroker,
    partition_logs: list[list[RawRecord]],
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    settings = await prepare(any_broker)
    await everything(any_broker, settings, partition_logs)
    with StreamsProcess(settings, tmp_path / "log") as worker:
        await done(any_broker, settings, partition_logs, worker)
        assert worker.end(signal.SIGTERM) == 0, worker.said()
    assert exported(await findings_of(any_broker, settings), tmp_path) == expected
    assert "Traceback" not in worker.said()
    # Told to stop, it left nothing that has to be judged again.
    ends = {partition: len(log) for partition, log in enumerate(partition_logs)}
    assert await saved(any_broker, settings) == ends


@kafka_now_embedded_later
async def test_a_worker_killed_three_times_finds_what_the_core_finds(
    any_broker: TestBroker,
    partition_logs: list[list[RawRecord]],
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    settings = await prepare(any_broker, session_timeout_s=3.0, heartbeat_s=0.5, save_records=150)
    await everything(any_broker, settings, partition_logs)
    total = sum(map(len, partition_logs))
    for part in (0.1, 0.4, 0.7):
        with StreamsProcess(settings, tmp_path / "log") as worker:

            async def far_enough(part: float = part) -> bool:
                at = await any_broker.committed(settings.group_streams, settings.topic_readings)
                return sum(at.values()) > total * part

            await eventually(far_enough, f"{part} of the readings are committed")
            worker.end(signal.SIGKILL)
    with StreamsProcess(settings, tmp_path / "log") as worker:
        await done(any_broker, settings, partition_logs, worker)
        assert worker.end(signal.SIGTERM) == 0, worker.said()
    assert exported(await findings_of(any_broker, settings), tmp_path) == expected


@kafka_now_embedded_later
async def test_two_workers_that_share_find_what_the_core_finds(
    any_broker: TestBroker,
    partition_logs: list[list[RawRecord]],
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    settings = await prepare(any_broker)
    feeding = asyncio.gather(
        *(slowly(any_broker, settings, at, log) for at, log in enumerate(partition_logs))
    )
    with (
        StreamsProcess(settings, tmp_path / "one") as one,
        StreamsProcess(settings, tmp_path / "two") as two,
    ):
        await feeding
        await eventually(lambda: "worker_started" in one.said() + two.said(), "a worker started")
        assert one.end(signal.SIGTERM) == 0
        await done(any_broker, settings, partition_logs, two)
        assert two.end(signal.SIGTERM) == 0, two.said()
    assert exported(await findings_of(any_broker, settings), tmp_path) == expected


async def test_a_worker_without_a_state_directory_ends_with_a_sentence(tmp_path: Path) -> None:
    settings = own_settings("127.0.0.1:9", state_directory=str(tmp_path / "missing"))
    with StreamsProcess(settings, tmp_path / "worker.log") as worker:
        await eventually(lambda: worker.exit_code == 1, "the worker has ended")
        assert "missing cannot be written: No such file or directory" in worker.said()
        assert "set EMISSIONS_STATE_DIRECTORY to a directory" in worker.said()
        assert "Traceback" not in worker.said()


async def slowly(
    broker: TestBroker, settings: Settings, partition: int, log: Sequence[RawRecord]
) -> None:
    for start in range(0, len(log), 100):
        await publish(broker, settings.topic_readings, partition, log[start : start + 100])
