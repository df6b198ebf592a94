"""An audit of a deployment that runs: it adds up, and names what is taken away or added."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec import convert

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.cli.main import cli
from emissions.input.read_inputs import read_inputs
from emissions.replay.local_stack import LocalStack
from emissions.replay.message_buffer import Message, messages_of
from emissions.replay.run import run_pipeline
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from streams.core.registry.notice import Notice
from streams.core.time.interval import HOUR
from streams.registry.document import load_registry
from streams.registry.notices import DatedNotice
from streams.settings import Settings
from tests.core.examples import local
from tests.emissions.audit.judged_log import CODEC, EXAMPLE
from tests.support.broker import TestBroker, unique
from tests.support.clickhouse import TestClickHouse
from tests.support.streams_process import own_settings

Checks = dict[str, dict[str, Any]]


def messages() -> Iterator[Message]:
    enterprises = load_registry(EXAMPLE / "registry.yaml")
    parameters = {c.parameter for e in enterprises for s in e.sources for c in s.channels}
    yield from messages_of(read_inputs([EXAMPLE / "input.csv"], parameters), CODEC)


def notices() -> list[DatedNotice]:
    """A mark of judged readings, one of a channel there is not, and an outage told too late."""
    start = local("2026-05-04 10:00")
    told = {"start": start, "end": start + HOUR, "bin": "990140001233", "source_id": "EX-01-B"}
    mark = {**told, "kind": "MARK", "reason": "calibration"}
    made = (
        {**mark, "id": "M-1", "flag": "C", "parameter": "CO"},
        {**mark, "id": "M-2", "flag": "M", "parameter": "NH3"},
        {**told, "id": "U-1", "kind": "UNPLANNED_OUTAGE", "reason": "fault"},
    )
    return [DatedNotice(convert(each, Notice), start + 9 * HOUR) for each in made]


@pytest.fixture(scope="module")
def deployment(
    broker: TestBroker,
    clickhouse_server: EmbeddedClickHouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """The worked example in a deployment of its own, whose workers go on running."""
    settings = own_settings(
        broker.address,
        clickhouse_url=clickhouse_server.url,
        clickhouse_database=unique("audit").replace("-", "_"),
        partitions=2,
    )
    stage = LocalStack(
        tmp_path_factory.mktemp("audit"), settings, embed_broker=False, embed_clickhouse=False
    )
    with stage:
        asyncio.run(
            run_pipeline(
                stage,
                load_registry(EXAMPLE / "registry.yaml"),
                messages(),
                codec=Codec(FileIds()),
                until=None,
                now=time.time_ns() // 1_000_000,
                report=lambda *_: None,
                notices=notices(),
            )
        )
        yield settings


def audit(settings: Settings, *args: str) -> tuple[int, Checks]:
    result = CliRunner().invoke(cli, ["audit", "--format", "json", *args], env=settings.as_env())
    assert result.stderr == ""
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return result.exit_code, {f"{row['part']}, {row['place']}": row for row in rows}


def differences(checks: Checks) -> dict[str, list[str]]:
    return {name: row["differences"] for name, row in checks.items() if row["differences"]}


def test_audit_holds_until_something_is_taken_away_or_added(
    deployment: Settings, broker: TestBroker
) -> None:
    code, checks = audit(deployment, "--all")
    assert (code, differences(checks)) == (0, {})
    assert list(checks) == [
        "ledger, partition 0", "ledger, partition 1", "evidence, violations", "evidence, roots",
        "results, readings", "results, raw messages", "results, means", "results, gaps",
        "results, violations", "results, findings", "results, roots", "results, notices",
        "results, cases", "results, dead letters",
    ]  # fmt: skip
    assert checks["ledger, partition 1"]["seen"].startswith("3083 messages = 3080 used + 0 dup")
    assert checks["evidence, violations"]["seen"] == "14 of 14 violations recomputed"
    assert checks["evidence, roots"]["seen"] == "2 of 2 roots of days recomputed"
    assert checks["results, roots"]["seen"] == "2 in Kafka, 2 in ClickHouse"
    assert checks["results, raw messages"]["seen"] == "3080 kept whole"

    # the last message once more: a duplicate, which both workers take meanwhile
    topic = deployment.topic_readings
    (last,) = [r for r in asyncio.run(broker.read(topic)) if (r.partition, r.offset) == (1, 3081)]
    asyncio.run(
        broker.produce(topic, [last.value], partition=1, key=last.key, timestamp_ms=last.timestamp)
    )
    # a mean is taken out of ClickHouse
    with client(deployment) as stored:
        stored.command(
            "ALTER TABLE means DELETE WHERE window = '1h' AND parameter = 'SO2' AND start = "
            "(SELECT min(start) FROM means WHERE window = '1h' AND parameter = 'SO2') "
            "SETTINGS mutations_sync = 2"
        )
    code, checks = audit(deployment)
    assert code == 1
    (place,) = differences(checks)
    assert place == "results, means"
    assert all(
        " SO2 " in each and each.endswith(": not in ClickHouse")
        for each in differences(checks)[place]
    )

    # a dead letter for a message that could be used
    letters = deployment.topic_dead_letters
    letter = next(r for r in asyncio.run(broker.read(letters)) if r.value)
    name, record = CODEC.decode(letter.value)
    sent = asyncio.run(broker.read(topic))
    (usable,) = [r for r in sent if (r.partition, r.offset) == (1, 7)]
    source = CODEC.decode(usable.value)[1]["source_id"]
    forged = CODEC.encode(name, record | {"partition": 1, "offset": 7, "source_id": source})
    asyncio.run(broker.produce(letters, [forged], partition=letter.partition, key=letter.key))
    code, checks = audit(deployment)
    assert code == 1
    found = differences(checks)
    assert "dead letters for usable messages at offsets 7" in found["ledger, partition 1"]
    assert found["results, readings"] == ["partition 1: not in ClickHouse: 7"]
    assert found["results, raw messages"] == ["partition 1: not in ClickHouse: 7"]

    told = CliRunner().invoke(cli, ["audit"], env=deployment.as_env())
    assert told.exit_code == 1
    assert "\nresults, readings: partition 1: not in ClickHouse: 7\n" in told.stdout


def test_a_verdict_or_a_finding_that_was_altered_is_named(
    deployment: Settings, broker: TestBroker
) -> None:
    """In the store, and on the topic."""
    _, before = audit(deployment)
    assert before["results, notices"]["seen"] == "3 in Kafka, 3 in ClickHouse"
    assert before["results, findings"]["seen"] == "3 in Kafka, 3 in ClickHouse"
    with client(deployment) as stored:
        stored.command(
            "ALTER TABLE notices UPDATE verdict = 'IN_TIME' WHERE notice_id = 'U-1' "
            "SETTINGS mutations_sync = 2"
        )
        stored.command(
            "ALTER TABLE findings UPDATE detail = 'nothing' WHERE id = "
            "(SELECT min(id) FROM findings) SETTINGS mutations_sync = 2"
        )
    # the verdict on the mark once more, with its revision and another content
    topic = deployment.topic_notice_verdicts
    told = [(r, CODEC.decode(r.value)) for r in asyncio.run(broker.read(topic)) if r.value]
    record, (name, verdict) = next(each for each in told if each[1][1]["notice_id"] == "M-1")
    forged = CODEC.encode(name, {**verdict, "detail": "It was late."})
    asyncio.run(broker.produce(topic, [forged], partition=record.partition, key=record.key))
    code, checks = audit(deployment)
    assert code == 1
    found = differences(checks)
    assert "U-1: LATE in Kafka, IN_TIME in ClickHouse" in found["results, notices"]
    assert "M-1: one revision with two contents" in found["results, notices"]
    (altered,) = found["results, findings"]
    assert altered.endswith(" in Kafka, nothing in ClickHouse")


def test_what_is_not_there_is_one_sentence(broker: TestBroker, clickhouse: TestClickHouse) -> None:
    settings = replace(own_settings(broker.address), clickhouse_url="http://127.0.0.1:1")
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"broker": "127.0.0.1:1"}, "no Kafka broker answers at 127.0.0.1:1 "),
        ({}, "no ClickHouse answers at http://127.0.0.1:1 "),
        (
            {
                "clickhouse_url": clickhouse.url,
                "clickhouse_database": clickhouse.settings.clickhouse_database,
            },
            f"nothing to audit: topic {settings.topic_readings} does not exist",
        ),
    )
    for changed, sentence in cases:
        asked = CliRunner().invoke(cli, ["audit"], env=replace(settings, **changed).as_env())
        assert asked.exit_code == 1
        assert asked.stderr.startswith(f"emissions: {sentence}")
        assert asked.stderr.count("\n") == 1
