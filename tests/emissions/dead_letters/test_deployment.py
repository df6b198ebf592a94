"""Dead letters of a deployment that runs: kept whole, looked at, sent again once, and audited."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.cli.main import cli
from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.core.registry.enterprise import Asm, Channel, Enterprise, Limit, Names, Source
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.support.broker import TestBroker, eventually, unique
from tests.support.streams_process import SinksProcess, StreamsProcess, own_settings
from tests.support.tiers import kafka_now_embedded_later

CODEC = Codec(FileIds())
MINUTE = 60_000
KNOWN, FORGOTTEN = "KZ-0001-01", "KZ-0001-02"
NEVER = "KZ-0009-09"
Workers = tuple[StreamsProcess, SinksProcess]
HEADERS = [("trace", b"\x00\xff\xfe"), ("trace", b""), ("Қ", b"second")]


def enterprise(*source_ids: str) -> Enterprise:
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
                id=source_id,
                cadence_s=60,
                channels=(Channel(parameter="GAS", unit="mg/m3", basis="dry"),),
                limits=(Limit(parameter="GAS", value=900.0, unit="g/s", valid_from="2024-01-01"),),
            )
            for source_id in source_ids
        ),
    )


def reading(source_id: str, minutes_ago: int) -> bytes:
    at = (time.time_ns() // 1_000_000 // MINUTE - minutes_ago) * MINUTE
    item = Reading(source_id, at, 60, "NORMAL", None, {"GAS": 400.0 + minutes_ago}, {})
    return CODEC.encode("EmissionReading", msgspec.structs.asdict(item))


@contextmanager
def deployed(broker: TestBroker, server: EmbeddedClickHouse) -> Iterator[Settings]:
    """Topics and tables of the test's own, and one source that is registered."""
    settings = own_settings(
        broker.address,
        partitions=2,
        clickhouse_url=server.url,
        clickhouse_database=unique("letters").replace("-", "_"),
    )
    asyncio.run(create_topics(settings, "replay"))
    asyncio.run(publish_registry(settings, [enterprise(KNOWN)], CODEC, None))
    with client(settings, database=False) as connected:
        migrate(connected, settings.clickhouse_database)
        yield settings
        connected.command(f"DROP DATABASE {settings.clickhouse_database} SYNC")


@pytest.fixture
def settings(broker: TestBroker, clickhouse_server: EmbeddedClickHouse) -> Iterator[Settings]:
    """On the embedded broker."""
    with deployed(broker, clickhouse_server) as made:
        yield made


@pytest.fixture
def any_settings(
    any_broker: TestBroker, clickhouse_server: EmbeddedClickHouse
) -> Iterator[Settings]:
    """On each broker."""
    with deployed(any_broker, clickhouse_server) as made:
        yield made


def letters(settings: Settings, *args: str, given: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["dead-letters", *args], env=settings.as_env(), input=given)


def rows(settings: Settings, *args: str) -> list[dict[str, Any]]:
    more = ["--yes"] if args[0] == "replay" else []
    result = letters(settings, *args, *more, "--format", "json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def produce(broker: TestBroker, topic: str, value: bytes | None, **more: Any) -> None:
    asyncio.run(broker.produce(topic, [value], **more))


def until_judged(broker: TestBroker, settings: Settings, workers: Workers) -> None:
    """Wait until everything in the readings, and everything found, was taken by both workers."""

    async def taken() -> bool:
        for worker in workers:
            assert worker.exit_code is None, worker.said()
        for group, topics in (
            (settings.group_streams, [settings.topic_readings]),
            (settings.group_sinks, [settings.topic_readings, settings.topic_dead_letters]),
        ):
            for topic in topics:
                records = await broker.read(topic)
                ends = {record.partition: record.offset + 1 for record in records}
                committed = await broker.committed(group, topic)
                if any(committed.get(at, 0) < end for at, end in ends.items()):
                    return False
        return True

    asyncio.run(eventually(taken, "everything is judged and written"))


def audited(settings: Settings) -> list[dict[str, Any]]:
    result = CliRunner().invoke(cli, ["audit", "--format", "json"], env=settings.as_env())
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["differences"] for row in rows if row["differences"]] == []
    assert result.exit_code == 0, result.output
    return rows


@kafka_now_embedded_later
def test_an_unregistered_source_is_registered_and_its_letters_are_used(
    any_settings: Settings, any_broker: TestBroker, tmp_path: Path
) -> None:
    settings, topic = any_settings, any_settings.topic_readings
    forgotten = [reading(FORGOTTEN, ago) for ago in (30, 29, 28)]
    for value in forgotten:
        produce(any_broker, topic, value, key=FORGOTTEN.encode(), headers=HEADERS)
    produce(any_broker, topic, reading(KNOWN, 30), key=KNOWN.encode())
    produce(any_broker, topic, None, key=b"\xff\x00", partition=1, headers=HEADERS)
    produce(any_broker, topic, b"\x01garbage", key=None, partition=0)

    with (
        StreamsProcess(settings, tmp_path / "streams") as streams,
        SinksProcess(settings, tmp_path / "sinks") as sinks,
    ):
        workers = (streams, sinks)
        until_judged(any_broker, settings, workers)
        sent = {(r.partition, r.offset): r for r in asyncio.run(any_broker.read(topic))}

        # what was kept is what was sent
        listed = rows(settings, "list")
        assert [row["reason"] for row in listed] == ["UNKNOWN_SOURCE"] * 3 + ["UNDECODABLE"] * 2
        for row in listed:
            shown = rows(settings, "show", row["place"])[0]
            _, partition, offset = row["place"].rsplit("/", 2)
            original = sent[int(partition), int(offset)]
            kept = None if shown["value"] is None else bytes.fromhex(shown["value"])
            assert kept == original.value
            assert shown["key"] == (
                None if original.key is None else "0xff00" if kept is None else FORGOTTEN
            )
            expected = [("trace", "0x00fffe"), ("trace", ""), ("Қ", "second")]
            assert [(h["name"], h["value"]) for h in shown["headers"]] == (
                expected if original.headers else []
            )
        assert rows(settings, "show", listed[0]["place"])[0]["now"].startswith("UNKNOWN_SOURCE: ")
        summary = rows(settings, "list", "--summary", "--stage", "validate")
        assert [(row["reason"], row["letters"]) for row in summary] == [("UNKNOWN_SOURCE", 3)]

        # nothing has changed: they would be refused again
        refused = letters(settings, "replay", "--reason", "unknown_source")
        assert refused.exit_code == 1
        assert refused.stderr.startswith(f"emissions: stopped at {listed[0]['place']}, which would")
        assert len(asyncio.run(any_broker.read(topic))) == len(sent)

        # the deploy is mended
        both = [enterprise(KNOWN, FORGOTTEN)]
        asyncio.run(publish_registry(settings, both, CODEC, None))
        dry = rows(settings, "replay", "--reason", "UNKNOWN_SOURCE", "--dry-run")
        assert [(row["now"], row["action"]) for row in dry] == [("could be used", "send")] * 3
        assert len(asyncio.run(any_broker.read(topic))) == len(sent)

        (first,) = rows(settings, "replay", "--source", FORGOTTEN, "--limit", "2")
        assert (first["sent"], first["left"]) == (2, 1)
        (rest,) = rows(settings, "replay", "--source", FORGOTTEN)
        assert (rest["sent"], rest["sent_before"], rest["left"]) == (1, 2, 0)
        (none,) = rows(settings, "replay", "--source", FORGOTTEN)
        assert (none["sent"], none["sent_before"]) == (0, 3)
        again = [
            record
            for record in asyncio.run(any_broker.read(topic))
            if (record.partition, record.offset) not in sent
        ]
        assert [(r.key, r.value) for r in again] == [(FORGOTTEN.encode(), v) for v in forgotten]
        assert [list(r.headers) for r in again] == [
            [*HEADERS, ("dead-letter", row["place"].encode())] for row in listed[:3]
        ]
        assert [row["replayed"] for row in rows(settings, "list")] == [1, 1, 1, 0, 0]
        until_judged(any_broker, settings, workers)
        ledgers = [row["seen"] for row in audited(settings) if row["part"] == "ledger"]
        assert sum(int(seen.split(" = ")[1].split()[0]) for seen in ledgers) == 4

        # sent again on purpose: duplicates
        (more,) = rows(settings, "replay", "--source", FORGOTTEN, "--again")
        assert more["sent"] == 3
        until_judged(any_broker, settings, workers)
        assert [row["replayed"] for row in rows(settings, "list")] == [2, 2, 2, 0, 0]
        audited(settings)


def test_what_is_refused_again_is_a_letter_of_its_own_with_its_origin(
    settings: Settings, broker: TestBroker, tmp_path: Path
) -> None:
    topic = settings.topic_readings
    produce(broker, topic, reading(NEVER, 9), key=b"wrong key", partition=1)
    produce(broker, topic, reading(KNOWN, 9), key=KNOWN.encode())
    with (
        StreamsProcess(settings, tmp_path / "streams") as streams,
        SinksProcess(settings, tmp_path / "sinks") as sinks,
    ):
        workers = (streams, sinks)
        until_judged(broker, settings, workers)
        (letter,) = rows(settings, "list")
        (passed,) = rows(settings, "replay", "--policy", "drop")
        assert (passed["sent"], passed["passed_over"]) == (0, 1)
        (sent,) = rows(settings, "replay", "--policy", "requeue")
        assert (sent["sent"], sent["to_be_refused_again"]) == (1, 1)
        until_judged(broker, settings, workers)
        old, new = rows(settings, "list")
        assert (old["place"], old["replayed"], old["replay_of"]) == (letter["place"], 1, [])
        assert (new["reason"], new["replay_of"]) == ("UNKNOWN_SOURCE", [letter["place"]])
        (shown,) = rows(settings, "show", letter["place"])
        assert shown["replays_dead_lettered"] == [new["place"]]
        # the first is known as sent, so only its descendant goes, once
        (sent,) = rows(settings, "replay", "--policy", "requeue")
        assert (sent["sent"], sent["sent_before"]) == (1, 1)
        until_judged(broker, settings, workers)
        *_, newest = rows(settings, "list")
        assert newest["replay_of"] == [letter["place"], new["place"]]
        audited(settings)


def test_what_clickhouse_refused_is_listed_sent_again_and_audited(
    settings: Settings, broker: TestBroker, tmp_path: Path
) -> None:
    topic = settings.topic_readings
    values = [reading(KNOWN, ago) for ago in (9, 8, 7)]
    with client(settings) as connected:
        connected.command("ALTER TABLE readings ADD CONSTRAINT small CHECK digits != 408")
        with (
            StreamsProcess(settings, tmp_path / "streams") as streams,
            SinksProcess(settings, tmp_path / "sinks") as sinks,
        ):
            workers = (streams, sinks)
            for value in values:
                produce(broker, topic, value, key=KNOWN.encode(), headers=HEADERS)
            until_judged(broker, settings, workers)
            (letter,) = rows(settings, "list")
            assert (letter["reason"], letter["stage"]) == ("SINK_REJECTED", "sink")
            (shown,) = rows(settings, "show", letter["place"])
            assert bytes.fromhex(shown["value"]) == values[1]
            assert (shown["kept_in"], shown["key"]) == ("ClickHouse", KNOWN)
            assert [header["value"] for header in shown["headers"]] == ["0x00fffe", "", "second"]
            assert rows(settings, "list", "--summary")[0]["letters"] == 1
            missing = CliRunner().invoke(cli, ["audit"], env=settings.as_env())
            assert missing.exit_code == 1
            _, partition, offset = letter["place"].rsplit("/", 2)
            assert (
                f"results, readings: partition {partition}: rejected by ClickHouse: {offset} "
                "(resend with `emissions dead-letters replay --stage sink`)\n"
            ) in missing.stdout

            connected.command("ALTER TABLE readings DROP CONSTRAINT small")
            (sent,) = rows(settings, "replay", "--stage", "sink")
            assert sent["sent"] == 1
            (sent,) = rows(settings, "replay", "--stage", "sink")
            assert (sent["sent"], sent["sent_before"]) == (0, 1)
            until_judged(broker, settings, workers)
            stored = connected.query("SELECT value FROM readings_current ORDER BY value")
            assert [value for (value,) in stored.result_rows] == [407.0, 408.0, 409.0]
            audited(settings)
