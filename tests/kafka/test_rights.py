"""The least rights of each role: derived from the settings, and enough for what the role does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from click.testing import CliRunner
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka import TopicPartition as Place

from emissions.admin.acl_apply import client_config
from emissions.cli.main import cli
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.kafka.clients import consumer_of, producer_of
from streams.kafka.partition_count import sinks_topics, streams_topics
from streams.kafka.reader import ends_of
from streams.kafka.rights import ROLES, Right, default_principal, role
from streams.kafka.topics import TopicError, create_topics, topics
from streams.settings import Settings
from tests.support.broker import eventually, unique
from tests.support.clickhouse import TestClickHouse
from tests.support.secured_kafka import ADMIN
from tests.support.streams_process import SinksProcess, StreamsProcess, own_settings

CODEC = Codec(FileIds())
REGISTRY = Path(__file__).parents[1] / "oracle" / "example" / "registry.yaml"
SOURCE = "EX-01-B"


def rights_of(name: str, settings: Settings | None = None) -> set[Right]:
    return set(role(settings or Settings(), name, default_principal(name)).rights)


def topics_with(name: str, operation: str) -> set[str]:
    return {
        right.name
        for right in rights_of(name)
        if (right.resource, right.operation) == ("topic", operation)
    }


def test_a_worker_may_see_every_topic_that_it_waits_for() -> None:
    settings = Settings()
    for name, wanted in (("streams", streams_topics(settings)), ("sinks", sinks_topics(settings))):
        assert set(wanted) == topics_with(name, "READ") | topics_with(name, "WRITE")


def test_what_is_found_is_written_by_the_streams_worker_alone() -> None:
    for topic in ("emissions.violations", "emissions.cases", "emissions.means", "emissions.roots"):
        assert [each for each in ROLES if topic in topics_with(each, "WRITE")] == ["streams"]
    writers = [each for each in ROLES if "emissions.readings" in topics_with(each, "WRITE")]
    assert writers == ["streams", "station", "operator"]
    registrars = [each for each in ROLES if "emissions.registry" in topics_with(each, "WRITE")]
    assert registrars == ["officer"]


def test_every_topic_is_created_and_audited_and_nobody_writes_there_who_audits() -> None:
    names = {topic.name for topic in topics(Settings())}
    assert topics_with("deployer", "CREATE") == names
    assert topics_with("auditor", "READ") == names
    assert not topics_with("auditor", "WRITE")
    assert all(rights_of(name) for name in ROLES)


def test_rights_follow_the_settings() -> None:
    settings = own_settings("h:1", group_seal="own-seal")
    names = {topic.name for topic in topics(settings)}
    for name in ROLES:
        for right in rights_of(name, settings):
            known = right.name.startswith(("run-", "emissions-", "own-", "__consumer", "kafka-"))
            assert known, right
            if right.resource == "topic":
                assert right.name in {*names, "__consumer_offsets"}
    assert Right("READ", "group", "own-seal") in rights_of("seal", settings)
    ticks = Right("WRITE", "topic", settings.topic_readings)
    assert ticks not in rights_of("streams", settings), "without ticks it writes no readings"


def test_a_subscriber_has_the_groups_of_its_own_name() -> None:
    found = role(Settings(), "subscriber", "User:court").rights
    assert {(right.name, right.pattern) for right in found if right.resource == "group"} == {
        ("court", "literal"),
        ("court.", "prefixed"),
    }


def emissions(settings: Settings, *args: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(cli, args, env=settings.as_env())
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def applied(deployment: Callable[..., Settings]) -> set[str]:
    """What the command did that gives every role to its user."""
    admin = replace(deployment("nobody"), broker_user=ADMIN, broker_mechanism="PLAIN")
    people = [f"--principal={name}={deployment(name).broker_user}" for name in ROLES]
    told = emissions(admin, "admin", "acl", "--apply", "--format=json", *people)
    return {row["state"] for row in told}


def reading(minute: int) -> bytes:
    at = (time.time_ns() // 60_000_000_000 - 10 + minute) * 60_000
    item = Reading(SOURCE, at, 60, "NORMAL", "SN-2", {"CO": 40.0}, {})
    return CODEC.encode("EmissionReading", msgspec.structs.asdict(item))


async def send(settings: Settings, topic: str, *values: bytes) -> None:
    async with producer_of(settings, 16384) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=SOURCE.encode())


async def first_of(settings: Settings, topic: str) -> bytes:
    """The first record of a topic."""
    async with consumer_of(settings) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        return bytes((await asyncio.wait_for(consumer.getone(), 300)).value)


def test_workers_do_their_work_with_the_least_rights(
    deployment: Callable[..., Settings], clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    assert applied(deployment) == {"given"}
    asyncio.run(create_topics(deployment("deployer")))
    emissions(deployment("officer"), "registry", "load", str(REGISTRY))
    store = {
        name: getattr(clickhouse.settings, name)
        for name in (
            "clickhouse_url",
            "clickhouse_user",
            "clickhouse_password",
            "clickhouse_database",
        )
    }
    streams = deployment("streams", save_s=0.5, **store)
    sinks = deployment("sinks", **store)
    sent = (reading(0), reading(1), b"no reading")
    asyncio.run(send(deployment("station"), streams.topic_readings, *sent))
    with (
        StreamsProcess(streams, tmp_path / "streams.log") as judging,
        SinksProcess(sinks, tmp_path / "sinks.log") as writing,
    ):

        def stored() -> bool:
            for worker in (judging, writing):
                assert worker.exit_code is None, worker.said()
            counts = clickhouse.rows(
                "SELECT (SELECT count() FROM readings), (SELECT count() FROM dead_letters), "
                "(SELECT count() FROM enterprises)"
            )[0]
            return all(count >= least for count, least in zip(counts, (2, 1, 1), strict=True))

        asyncio.run(eventually(stored, "both workers did their work"))
        auditor = deployment("auditor", **store)

        async def ticked() -> bool:
            return sum((await ends_of(auditor, streams.topic_readings)).values()) > len(sent)

        asyncio.run(eventually(ticked, "a tick follows"))
        give_up = time.monotonic() + 300
        while poor := not_well(looked_at(auditor)):  # what has just come is on its way for a moment
            assert time.monotonic() < give_up, poor
        for worker in (judging, writing):
            assert "uthorization" not in worker.said()
        letter = asyncio.run(first_of(auditor, streams.topic_dead_letters))
        assert b"no reading" in letter


TOPIC, GROUP = "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"


def not_well(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of topics and workers in which something is wanting."""
    seen = {row["part"]: row for row in rows}
    parts = ("topics", "streams worker", "sinks worker")
    return [seen[part] for part in parts if seen[part]["state"] != "ok"]


def looked_at(settings: Settings) -> list[dict[str, Any]]:
    done = CliRunner().invoke(cli, ["doctor", "--format", "json"], env=settings.as_env())
    return [json.loads(line) for line in done.stdout.splitlines()]


def written(settings: Settings, topic: str) -> str:
    """What a foreign client is told that writes a record: "" or the error."""
    producer = Producer({**client_config(settings), "message.timeout.ms": 100_000})
    told: list[KafkaError | None] = []
    producer.produce(topic, b"x", key=b"k", on_delivery=lambda error, _: told.append(error))
    producer.flush(120)
    return "" if told[0] is None else str(told[0].name())


def read(settings: Settings, topic: str, group: str) -> str:
    """What a foreign client is told that reads in a group and commits: "" or the error."""
    consumer = Consumer({**client_config(settings), "group.id": group})
    try:
        told = consumer.list_topics(topic, timeout=120).topics[topic].error
        if told is not None:
            return str(told.name())
        consumer.assign([Place(topic, 0, 0)])
        record = consumer.poll(120)
        assert record is not None
        if record.error() is not None:
            return str(record.error().name())
        return committed(consumer, record)
    except KafkaException as error:
        return str(error.args[0].name())
    finally:
        consumer.close()


def refused(settings: Settings, topic: str, group: str) -> set[str]:
    """What a foreign client is told, in whatever order, that may use neither topic nor group."""
    consumer = Consumer({**client_config(settings), "group.id": group})
    seen: set[str] = set()
    try:
        consumer.assign([Place(topic, 0, 0)])
        give_up = time.monotonic() + 120
        while not seen >= {TOPIC, GROUP} and time.monotonic() < give_up:
            event = consumer.poll(0.2)
            if event is not None:
                error = event.error()
                assert error is not None, "it was given a record"
                seen.add(str(error.name()))
            try:
                consumer.commit(offsets=[Place(topic, 0, 1)], asynchronous=False)
            except KafkaException as error:
                seen.add(str(error.args[0].name()))
            else:
                raise AssertionError("it committed an offset")
    finally:
        consumer.close()
    return seen - {"_WAIT_COORD"}


def committed(consumer: Consumer, record: Message) -> str:
    """What it is told that commits a record, once the client knows the group's coordinator."""
    give_up = time.monotonic() + 300
    while True:
        try:
            consumer.commit(record, asynchronous=False)
        except KafkaException as error:
            told = str(error.args[0].name())
            if told != "_WAIT_COORD" or time.monotonic() > give_up:
                return told
            event = consumer.poll(0.1)  # here it may be told why it will never know one
            if event is not None and event.error() is not None and event.error().name() == GROUP:
                return GROUP
        else:
            return ""


def test_each_door_is_open_to_its_role_and_shut_to_others(
    deployment: Callable[..., Settings],
) -> None:
    assert applied(deployment) == {"given"}
    assert applied(deployment) == {"had"}
    asyncio.run(create_topics(deployment("deployer")))
    streams = deployment("streams")
    readings, violations = streams.topic_readings, streams.topic_violations
    for who, topic, told in (
        ("station", readings, ""),
        ("streams", violations, ""),
        ("officer", streams.topic_registry, ""),
        ("bridge", streams.topic_measures, ""),
        ("stranger", readings, TOPIC),
        ("stranger", violations, TOPIC),
        ("station", violations, TOPIC),
        ("station", streams.topic_registry, TOPIC),
        ("subscriber", violations, TOPIC),
        ("sinks", violations, TOPIC),
        ("auditor", readings, TOPIC),
        ("officer", readings, TOPIC),
        ("bridge", streams.topic_cases, TOPIC),
    ):
        assert written(deployment(who), topic) == told, f"{who} writes {topic}"
    subscriber = deployment("subscriber")
    own = f"{subscriber.broker_user}.view"
    for who, topic, group, told in (
        ("subscriber", violations, own, ""),
        ("subscriber", readings, own, TOPIC),
        ("subscriber", violations, streams.group_sinks, GROUP),
        ("stranger", violations, "any", TOPIC),
        ("auditor", violations, streams.group_streams, GROUP),
    ):
        assert read(deployment(who), topic, group) == told, f"{who} reads {topic} in {group}"
    # It may read neither: a client that asks for both is told of either first.
    assert refused(deployment("station"), readings, "any") == {TOPIC, GROUP}
    with pytest.raises(TopicError, match="could not be created"):
        asyncio.run(create_topics(deployment("station", topic_means=unique("more"))))


def test_a_right_beyond_the_role_is_named_with_the_command_that_takes_it_away(
    deployment: Callable[..., Settings],
) -> None:
    admin = replace(deployment("nobody"), broker_user=ADMIN, broker_mechanism="PLAIN")
    who = deployment("seal").broker_user
    emissions(admin, "admin", "acl", "--apply", f"--principal=sinks={who}", "--role=sinks")
    call = ["admin", "acl", "--apply", f"--principal=seal={who}", "--role=seal", "--format=json"]
    done = CliRunner().invoke(cli, call, env=admin.as_env())
    assert done.exit_code == 1
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    beyond = [row for row in rows if row["state"] == "more than the role needs"]
    assert f"--remove --allow-principal User:{who} --operation WRITE" in "".join(
        row["do"] for row in beyond
    )
    denied = CliRunner().invoke(cli, call, env=deployment("station").as_env())
    assert denied.exit_code == 1
    assert denied.stderr.startswith("emissions: this user may not look at or give rights")
