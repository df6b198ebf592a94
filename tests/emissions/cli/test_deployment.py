"""The commands of a deployment against a real broker and a real ClickHouse."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emissions.cli.main import cli
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.migrate import migrations
from streams.kafka.reader import ends_of
from streams.registry.document import load_registry
from streams.settings import Settings
from tests.support.broker import TestBroker, unique
from tests.support.clickhouse import TestClickHouse

REGISTRY = Path(__file__).parents[2] / "oracle" / "example" / "registry.yaml"
NAMES = (
    "readings", "registry", "means", "gaps", "violations", "cases", "dead_letters", "holds",
    "findings", "notices", "notice_verdicts", "measures", "roots",
    "advice",
)  # fmt: skip

Env = dict[str, str]


@pytest.fixture
def env(broker: TestBroker, clickhouse: TestClickHouse) -> Env:
    """Settings of a deployment of the test's own, in which nothing is set up yet."""
    own = unique("deployment")
    return {
        "EMISSIONS_BROKER": broker.address,
        "EMISSIONS_CLICKHOUSE_URL": clickhouse.settings.clickhouse_url,
        "EMISSIONS_CLICKHOUSE_USER": clickhouse.settings.clickhouse_user,
        "EMISSIONS_CLICKHOUSE_PASSWORD": clickhouse.settings.clickhouse_password,
        "EMISSIONS_CLICKHOUSE_DATABASE": clickhouse.settings.clickhouse_database + "_new",
        "EMISSIONS_GROUP_STREAMS": f"{own}-streams",
        "EMISSIONS_GROUP_SINKS": f"{own}-sinks",
        **{f"EMISSIONS_TOPIC_{name.upper()}": f"{own}.{name}" for name in NAMES},
    }


def emissions(env: Env, *args: str) -> Result:
    return CliRunner().invoke(cli, args, env=env)


def parts(env: Env) -> tuple[int, dict[str, dict[str, str]]]:
    result = emissions(env, "doctor", "--format", "json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return result.exit_code, {row["part"]: row for row in rows}


def missing(seen: dict[str, dict[str, str]]) -> set[str]:
    return {part for part, row in seen.items() if row["state"] == "MISSING"}


def test_doctor_names_what_is_missing_until_nothing_is(env: Env) -> None:
    code, seen = parts(env)
    assert code == 1
    assert missing(seen) == {"topics", "tables"}
    assert seen["topics"]["do"] == "emissions topics create"
    assert seen["tables"]["do"] == "emissions migrate"

    created = emissions(env, "topics", "create", "--format", "json")
    assert created.exit_code == 0
    assert {json.loads(line)["state"] for line in created.stdout.splitlines()} == {"created"}
    again = emissions(env, "topics", "create", "--format", "json")
    assert {json.loads(line)["state"] for line in again.stdout.splitlines()} == {"existed"}
    assert emissions(env, "migrate").stdout.startswith("applied 0001_")
    assert "is up to date" in emissions(env, "migrate").stdout
    code, seen = parts(env)  # only the workers are wanting
    assert code == 1
    assert missing(seen) == {"streams worker", "sinks worker", "ticks", "registry"}
    assert seen["registry"]["do"] == "emissions registry load FILE"
    assert seen["topics"]["seen"].startswith("all exist, with 4 partitions")
    assert f"up to {migrations()[-1].name}" in seen["tables"]["seen"]

    loaded = emissions(env, "registry", "load", str(REGISTRY))
    assert loaded.exit_code == 0
    assert loaded.stdout.startswith("1 enterprise with 2 sources published to ")
    _, seen = parts(env)
    assert "registry" not in seen
    # nobody takes the registration to ClickHouse
    assert seen["sinks worker"]["seen"].endswith("; 1 message behind")
    assert seen["sinks worker"]["do"] == "emissions worker sinks"


def test_doctor_looks_at_the_workers_of_topics_with_another_configuration(env: Env) -> None:
    emissions(env, "topics", "create", "--replay")
    code, seen = parts(env)
    assert code == 1
    assert "instead of LogAppendTime" in seen["topics"]["seen"]
    assert seen["sinks worker"]["do"] == "emissions worker sinks"


def test_a_registry_can_be_checked_without_a_broker(tmp_path: Path) -> None:
    env = {"EMISSIONS_BROKER": "127.0.0.1:1"}
    result = emissions(env, "registry", "load", "--check", str(REGISTRY))
    assert (result.exit_code, result.stdout) == (
        0, f"{REGISTRY}: 1 enterprise with 2 sources, no mistakes\n"
    )  # fmt: skip


def test_sql_answers_questions_and_refuses_changes(env: Env) -> None:
    emissions(env, "migrate")
    answer = emissions(env, "sql", "--format", "json", "SELECT * FROM compliance_nation")
    assert json.loads(answer.stdout)[0]["obliged"] == 0
    for statement, why in (
        ("SELEC 1", "emissions: ClickHouse: Syntax error"),
        ("DROP TABLE means", "emissions: ClickHouse: "),
    ):
        refused = emissions(env, "sql", statement)
        assert refused.exit_code == 2
        assert refused.stderr.startswith(why)
        assert refused.stderr.count("\n") == 1
        assert "http://" not in refused.stderr


VIOLATION = {
    "id": "v1", "revision": 1, "status": "OPEN", "rule": "KZ-3H", "rule_set": "kz-1",
    "legal_basis": [], "bin": "990140001233", "enterprise": {}, "region": "KZ-55", "category": 1,
    "business_size": "large", "source_id": "A", "parameter": "SO2", "unit": "mg/m3", "start": 0,
    "end": None, "value": 1100.0, "validated_value": None, "limit": 500.0, "ratio": 2.2,
    "excess_mass_t": None, "device_serial": None, "verification": None,
    "verification_until": None, "detected_at": 5, "automatic": True, "deferred_until": None,
    "evidence": [], "track": "COURT", "certainty": "inferred", "reasons": [],
}  # fmt: skip


async def publish(broker: TestBroker, env: Env, **changes: object) -> None:
    value = Codec(FileIds()).encode("Violation", {**VIOLATION, **changes})
    await broker.produce(env["EMISSIONS_TOPIC_VIOLATIONS"], [value], partition=0)


def next_violation(follow: subprocess.Popen[str]) -> dict[str, object]:
    assert follow.stdout is not None
    return dict(json.loads(follow.stdout.readline()))


def test_violations_are_listed_and_followed(env: Env, broker: TestBroker) -> None:
    asyncio.run(broker.create(env["EMISSIONS_TOPIC_VIOLATIONS"]))
    asyncio.run(publish(broker, env))
    asyncio.run(publish(broker, env, revision=2, status="CLOSED", end=9))
    asyncio.run(publish(broker, env, id="v2", status="WITHDRAWN"))
    follow = subprocess.Popen(
        [sys.executable, "-m", "emissions.cli.main", "violations", "--follow", "--format", "json"],
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    )
    try:
        first = next_violation(follow)
        assert (first["id"], first["revision"]) == ("v1", 2)
        assert first["end"] == "1970-01-01T00:00:00.009Z"
        asyncio.run(publish(broker, env, id="v3", rule="KZ-DAY"))
        assert next_violation(follow)["id"] == "v3"
        follow.send_signal(signal.SIGINT)
        assert follow.wait(300) == 128 + signal.SIGINT
    finally:
        follow.kill()
        follow.wait()


def test_foreign_messages_among_the_violations_are_passed_over(
    env: Env, broker: TestBroker
) -> None:
    topic = env["EMISSIONS_TOPIC_VIOLATIONS"]
    asyncio.run(broker.create(topic))
    tick = Codec(FileIds()).encode("StreamTick", {"sent_at": 1})
    foreign = [b"no message", b"", bytes(9), tick, None]
    asyncio.run(broker.produce(topic, foreign))
    asyncio.run(publish(broker, env))
    asyncio.run(broker.produce(topic, foreign))

    listed = emissions(env, "violations", "--format", "json")
    assert [each["id"] for each in json.loads(listed.stdout)] == ["v1"]
    assert ": 8 messages of another kind" in " ".join(listed.stderr.split())
    assert "v1" in emissions(env, "violations", "v1").stdout


def test_violations_are_chosen_and_their_history_is_told(env: Env, broker: TestBroker) -> None:
    asyncio.run(broker.create(env["EMISSIONS_TOPIC_VIOLATIONS"]))
    emissions(env, "topics", "create")
    emissions(env, "registry", "load", str(REGISTRY))
    source = load_registry(REGISTRY)[0].sources[0].id
    asyncio.run(publish(broker, env, source_id=source))
    asyncio.run(publish(broker, env, source_id=source, revision=3, status="CLOSED", end=9))
    asyncio.run(publish(broker, env, id="v2", rule="KZ-DAY", region="KZ-10", start=5))
    asyncio.run(publish(broker, env, id="v3", status="WITHDRAWN"))

    def ids(*args: str) -> list[str]:
        told = emissions(env, "violations", "--format", "json", *args)
        return [each["id"] for each in json.loads(told.stdout)]

    assert ids() == ["v1", "v2"]
    assert ids("--rule", "kz-day") == ids("--region", "KZ-10") == ["v2"]
    assert ids("--source", source) == ids("--status", "CLOSED") == ["v1"]
    assert ids("--until", "1970-01-01T00:00:00.005Z") == ["v1"]
    assert ids("--since", "1970-01-01T00:00:00.005Z") == ["v2"]
    assert ids("--status", "withdrawn") == ["v3"]
    assert ids("--bin", "x") == []

    (whole,) = json.loads(
        emissions(
            env, "violations", "--rule", "KZ-3H", "--format", "json", "--language", "ru"
        ).stdout
    )
    assert set(VIOLATION) <= set(whole)
    assert whole["region_name"] == "Павлодарская область"
    assert whole["rule_title"].startswith("Двукратное превышение")
    assert (whole["start"], whole["start_local"][-6:]) == ("1970-01-01T00:00:00Z", "+06:00")

    history = json.loads(emissions(env, "violations", "v1", "--format", "json").stdout)
    assert [each["revision"] for each in history] == [1, 3]
    table = emissions({**env, "COLUMNS": "80"}, "violations", "v1").stdout
    assert "History" in table
    assert all(len(line) <= 80 for line in table.splitlines())
    lines = emissions(env, "violations", "--format", "csv").stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("id,revision,status,rule,rule_title,")
    missing = emissions(env, "violations", "nothing")
    assert (missing.exit_code, missing.stderr) == (2, "emissions: there is no violation nothing\n")


def test_a_fleet_is_simulated_to_the_topics(env: Env, tmp_path: Path) -> None:
    made = emissions(env, "topics", "create", "--replay")
    assert made.exit_code == 0, made.stderr
    truth = tmp_path / "truth.ndjson"
    done = emissions(env, "simulate", "--enterprises", "1", "--truth", str(truth))
    assert done.exit_code == 0
    written = int(done.stderr.split(" messages of ")[0].replace(",", ""))
    settings = Settings.from_env(env)
    readings, registry = (
        sum(asyncio.run(ends_of(settings, topic)).values())
        for topic in (settings.topic_readings, settings.topic_registry)
    )
    assert readings == written > 1440
    assert registry == 3  # the enterprise, a test stream, and one whose sources are tampered with
    assert "test-stream" in {json.loads(line)["kind"] for line in truth.open()}
