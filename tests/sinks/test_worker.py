"""The sinks worker as a process: from the topics into ClickHouse, across crashes of both."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.embedded.clickhouse import EmbeddedClickHouse
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from sinks.app import batch_limits
from streams.core.registry.enterprise import Channel, Device, Enterprise, Names, Source
from streams.registry.avro import enterprise_to_record
from streams.settings import Settings
from tests.schemas.examples import RECORDS
from tests.sinks.make import MARCH, MINUTE, case, dead_letter, finding, gap, mean, violation
from tests.support.broker import TestBroker, eventually
from tests.support.clickhouse import TestClickHouse
from tests.support.streams_process import SinksProcess, own_settings
from tests.support.tiers import kafka_now_embedded_later

CODEC = Codec(FileIds())
# 2026-03-01: after every day that the example of a measure names, and long ago for any broker.
AFTER_THE_MEASURE = 1_772_323_200_000
PARTITIONS = 2


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    """A server that a test may kill."""
    with EmbeddedClickHouse(tmp_path / "clickhouse") as server:
        yield server


def enterprise(*sources: str) -> bytes:
    channels = (
        Channel("SO2", "mg/m3", basis="dry", range=(0.0, 3000.0)),
        Channel("TEMPERATURE", "degC", range=(-40.0, 1300.0)),
    )
    found = Enterprise(
        bin="990140001233",
        name=Names("ТЭЦ", "ЖЭО", "CHP"),
        region="KZ-55",
        category=1,
        business_size="large",
        commissioned_on="2009-05-01",
        sources=tuple(
            Source(name, 60, channels, devices=(Device("analyser", "A1"),)) for name in sources
        ),
    )
    return CODEC.encode("EnterpriseRegistration", enterprise_to_record(found))


def reading(source: str, minute: int, so2: float = 100.0) -> bytes:
    values = {"SO2": so2, "TEMPERATURE": 140.0}
    start = MARCH + minute * MINUTE
    sent = Reading(source, start, 60, "NORMAL", "A1", values, {"SO2": "C"} if minute == 1 else {})
    return CODEC.encode("EmissionReading", msgspec.structs.asdict(sent))


async def prepare(broker: TestBroker, settings: Settings) -> None:
    topics = [
        settings.topic_means,
        settings.topic_gaps,
        settings.topic_violations,
        settings.topic_findings,
        settings.topic_notice_verdicts,
        settings.topic_cases,
        settings.topic_roots,
        settings.topic_dead_letters,
    ]
    await broker.create(settings.topic_registry, settings.topic_measures, settings.topic_holds)
    await broker.create(settings.topic_readings, *topics, partitions=PARTITIONS)
    await broker.produce(
        settings.topic_registry, [enterprise("S0", "S1")], key=b"990140001233", timestamp_ms=MARCH
    )


async def send(broker: TestBroker, settings: Settings, first: int, last: int) -> None:
    for partition in range(PARTITIONS):
        await broker.produce(
            settings.topic_readings,
            [reading(f"S{partition}", minute) for minute in range(first, last)],
            partition=partition,
            timestamp_ms=MARCH + last * MINUTE,
        )


async def written(broker: TestBroker, settings: Settings, topic: str) -> bool:
    ends: dict[int, int] = {}
    for record in await broker.read(topic):
        ends[record.partition] = record.offset + 1
    return await broker.committed(settings.group_sinks, topic) == ends


async def test_every_topic_reaches_its_table(
    any_broker: TestBroker, clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    settings = settings_of(any_broker, clickhouse)
    await prepare(any_broker, settings)
    await send(any_broker, settings, 0, 5)
    odd = [
        reading("unknown", 1),
        reading("S0", -3_000_000),  # years too late
        b"\x00not a message",
        None,
        CODEC.encode("StreamTick", {"sent_at": MARCH}),
        reading("S0", 6, so2=float("nan")),
    ]
    await any_broker.produce(
        settings.topic_readings, odd, partition=0, timestamp_ms=MARCH + 7 * MINUTE
    )
    outputs: dict[str, tuple[str, list[dict[str, Any]]]] = {
        settings.topic_means: ("WindowMean", [mean()]),
        settings.topic_gaps: ("DataGap", [gap(MARCH, None)]),
        settings.topic_violations: ("Violation", [violation()]),
        settings.topic_findings: ("Finding", [finding()]),
        settings.topic_notice_verdicts: ("NoticeVerdict", [RECORDS["NoticeVerdict"]]),
        settings.topic_cases: ("AdministrativeCase", [case()]),
        settings.topic_roots: ("SourceDayRoot", [RECORDS["SourceDayRoot"]]),
        settings.topic_dead_letters: (
            "DeadLetter",
            [dead_letter(5, topic=settings.topic_readings)],
        ),
    }
    for topic, (name, records) in outputs.items():
        await any_broker.produce(topic, [CODEC.encode(name, record) for record in records])
    # The example has every field; no measure of one kind may have them all.
    measure = RECORDS["Measure"] | {"case_id": None, "delivered_at": None, "closes": False}
    await any_broker.produce(
        settings.topic_measures,
        [CODEC.encode("Measure", measure)],
        key=measure["id"].encode(),
        timestamp_ms=AFTER_THE_MEASURE,
    )
    known = settings.topic_readings, settings.topic_registry, settings.topic_measures
    with SinksProcess(settings, tmp_path / "sinks.log") as worker:
        for topic in (*known, *outputs):
            await eventually(
                lambda t=topic: written(any_broker, settings, t), f"{topic} is written"
            )
        assert worker.end(signal.SIGTERM) == 0, worker.said()
    assert clickhouse.rows(
        "SELECT source_id, count(), countIf(quality != 'UNVERIFIED') FROM readings_current "
        "GROUP BY source_id ORDER BY source_id"
    ) == [("S0", 12, 2), ("S1", 10, 1)]
    assert clickhouse.rows(
        "SELECT parameter, flag, quality FROM readings_current "
        "WHERE quality != 'UNVERIFIED' ORDER BY source_id, interval_start"
    ) == [("SO2", "C", "STATUS_C"), ("SO2", "", "NOT_FINITE"), ("SO2", "C", "STATUS_C")]
    for table in (
        "means",
        "gaps",
        "violations",
        "findings",
        "notices",
        "cases",
        "measures",
        "dead_letters",
        "enterprises",
    ):
        assert clickhouse.value(f"SELECT count() FROM {table}_current") == 1
    assert clickhouse.value("SELECT count() FROM registry_current") == 2


@kafka_now_embedded_later
async def test_rows_are_complete_and_once_across_kills_of_both(
    any_broker: TestBroker, own_server: EmbeddedClickHouse, tmp_path: Path
) -> None:
    clickhouse = TestClickHouse(own_server)
    settings = settings_of(any_broker, clickhouse, sink_age_s=0.2, poll_records=50)
    await prepare(any_broker, settings)
    await send(any_broker, settings, 0, 300)
    log = tmp_path / "sinks.log"
    with SinksProcess(settings, log) as worker:
        await eventually(lambda: bool(clickhouse.value("SELECT count() FROM readings")), "rows")
        own_server.kill()
        await send(any_broker, settings, 300, 600)
        await eventually(lambda: "insert_retrying" in worker.said(), "the outage is said")
        worker.end(signal.SIGKILL)
    with SinksProcess(settings, log) as worker:
        own_server.start()
        await eventually(
            lambda: written(any_broker, settings, settings.topic_readings), "everything is written"
        )
        assert worker.end(signal.SIGTERM) == 0, worker.said()
    assert clickhouse.rows(
        "SELECT partition, count(), uniqExact(offset), max(offset) FROM readings_current "
        "GROUP BY partition ORDER BY partition"
    ) == [(0, 1200, 600, 599), (1, 1200, 600, 599)]


def test_violations_wait_less_than_others_and_never_longer() -> None:
    topic = Settings().topic_violations
    for age_s, violations_age_s, expected in ((2.0, 0.25, 0.25), (0.1, 0.25, 0.1)):
        settings = Settings(sink_age_s=age_s, sink_violations_age_s=violations_age_s)
        assert batch_limits(settings, topic).age_s == expected
        assert batch_limits(settings, settings.topic_means).age_s == age_s


async def test_a_violation_is_stored_while_means_are_still_gathered(
    broker: TestBroker, clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    settings = settings_of(broker, clickhouse, sink_age_s=50, stuck_s=120)
    await prepare(broker, settings)
    await broker.produce(settings.topic_means, [CODEC.encode("WindowMean", mean())])
    await broker.produce(settings.topic_violations, [CODEC.encode("Violation", violation())])
    with SinksProcess(settings, tmp_path / "sinks.log"):
        await eventually(lambda: bool(clickhouse.value("SELECT count() FROM violations")), "it is")
        assert clickhouse.value("SELECT count() FROM means") == 0


async def test_a_database_without_tables_stops_the_worker_with_a_sentence(
    broker: TestBroker, clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    clickhouse.client.command("DROP TABLE means SYNC")
    settings = settings_of(broker, clickhouse)
    await prepare(broker, settings)
    await broker.produce(settings.topic_means, [CODEC.encode("WindowMean", mean())])
    with SinksProcess(settings, tmp_path / "sinks.log") as worker:
        await eventually(lambda: worker.exit_code is not None, "the worker stops")
        assert worker.exit_code == 1
        assert "run emissions migrate" in worker.said()
    assert await broker.committed(settings.group_sinks, settings.topic_means) == {}


def settings_of(broker: TestBroker, clickhouse: TestClickHouse, **more: object) -> Settings:
    return own_settings(
        broker.address,
        clickhouse_url=clickhouse.url,
        clickhouse_database=clickhouse.settings.clickhouse_database,
        partitions=PARTITIONS,
        **more,
    )
