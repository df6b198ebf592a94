"""Topics as they must be, on both brokers, and each way in which they can differ."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner

from deploy.embedded.kafka import KafkaCluster
from emissions.cli.main import cli
from streams.kafka.broker_check import broker_risks, risks
from streams.kafka.topic_check import Difference, TopicState, compare_topics, differences
from streams.kafka.topics import create_topics, in_sync, topics
from streams.settings import Settings
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import own_settings

THREE = Settings(replication=3)


def config_of(settings: Settings, name: str, **more: str) -> dict[str, str]:
    found = {topic.name: topic.config for topic in topics(settings)}[name]
    return {**found, **{key.replace("_", "."): value for key, value in more.items()}}


def compared(name: str, replicas: int = 3, synced: int = 3, **more: str) -> list[Difference]:
    """Differences of one topic of a production that has four partitions like that."""
    wanted = [topic for topic in topics(THREE) if topic.name == name]
    four = range(4)
    found = TopicState(
        dict.fromkeys(four, replicas),
        dict.fromkeys(four, synced),
        (),
        config_of(THREE, name, **more),
    )
    return list(differences(wanted, {name: found}, THREE))


def test_production_confirms_nothing_that_only_one_broker_has() -> None:
    assert [in_sync(replace(THREE, replication=n)) for n in (1, 2, 3, 5)] == [1, 2, 2, 2]
    for topic in topics(THREE):
        assert topic.config["min.insync.replicas"] == "2"
        assert topic.config["unclean.leader.election.enable"] == "false"


def test_each_topic_keeps_what_a_proof_needs() -> None:
    found = {topic.name: topic.config for topic in topics(Settings())}
    state = found["emissions-streams-state-changelog"]
    assert state["cleanup.policy"] == "compact"
    assert found["emissions.registry"]["cleanup.policy"] == "compact"
    registry_lag = int(found["emissions.registry"]["min.compaction.lag.ms"])
    assert registry_lag > int(found["emissions.readings"]["retention.ms"])
    letters, readings = found["emissions.dead-letters"], found["emissions.readings"]
    assert int(letters["max.message.bytes"]) > int(readings["max.message.bytes"])
    assert readings["message.timestamp.type"] == "LogAppendTime"
    replay = {topic.name: topic.config for topic in topics(Settings(), "replay")}
    assert replay["emissions.readings"]["message.timestamp.type"] == "CreateTime"


def test_settings_as_wanted_or_better_are_no_difference() -> None:
    assert compared("emissions.readings") == []
    assert compared("emissions.readings", retention_ms="-1", max_message_bytes="9999999") == []
    assert compared("emissions.violations", replicas=5, synced=5, min_insync_replicas="3") == []


@pytest.mark.parametrize(
    ("topic", "more", "kind", "says", "do"),
    [
        ("readings", {"retention_ms": "1000"}, "broken", "retention.ms is 1000", "kafka-configs"),
        ("readings", {"compression_type": "zstd"}, "risk", "is zstd instead of", "kafka-configs"),
        ("violations", {"retention_ms": "9999999999"}, "broken", "instead of -1", "--alter"),
        ("gaps", {"min_insync_replicas": "1"}, "broken", "1 instead of 2", "=2"),
        ("means", {"cleanup_policy": "compact"}, "broken", "instead of delete", "=delete"),
        ("means", {"replicas": 1, "synced": 1}, "broken", "on 1 brokers instead of 3", "reassign"),
        ("means", {"synced": 2}, "risk", "with 2 of 3 replicas in sync", "start the broker"),
        ("means", {"synced": 1}, "broken", "nothing can be written to 4 partitions", "start the"),
        ("means", {"min_insync_replicas": "4"}, "broken", "nothing can be written", "replicas=2"),
    ],
)
def test_each_difference_is_a_sentence_with_what_to_do(
    topic: str, more: dict[str, str], kind: str, says: str, do: str
) -> None:
    topic = f"emissions.{topic}"
    found = compared(topic, **more)  # type: ignore[arg-type]
    assert any(d.kind == kind and says in d.what and do in d.remedy for d in found), found
    assert all(d.what.startswith(topic) for d in found)


def test_a_partition_without_leader_is_not_called_too_little_replicated_as_well() -> None:
    (wanted,) = (topic for topic in topics(THREE) if topic.name == "emissions.means")
    config = config_of(THREE, wanted.name)
    synced = {0: 3, 1: 1, 2: 1, 3: 2}
    found = TopicState(dict.fromkeys(synced, 3), synced, (1,), config)
    away, closed = differences([wanted], {wanted.name: found}, THREE)
    assert "[1] has no leader" in away.what
    assert "nothing can be written to 1 partition, first [2] with 1 of 3 replicas" in closed.what
    assert away.breaks
    assert closed.breaks


def test_what_a_broker_does_not_tell_is_said_once() -> None:
    wanted = topics(Settings())
    found = {
        t.name: TopicState(
            dict.fromkeys(range(t.partitions), 1), dict.fromkeys(range(t.partitions), 1), (), {}
        )
        for t in wanted
    }
    (only,) = differences(wanted, found, Settings())
    assert only.kind == "untold"
    assert not only.breaks


def test_brokers_that_undo_the_promise_are_named() -> None:
    config = {
        "group.min.session.timeout.ms": "30000",
        "group.max.session.timeout.ms": "1800000",
        "auto.create.topics.enable": "true",
        "authorizer.class.name": "",
        "offsets.topic.replication.factor": "1",
    }
    said = [risk.what for risk in risks(config, THREE, [])]
    assert [what.split()[0] for what in said] == [
        "the",
        "auto.create.topics.enable",
        "the",
        "__consumer_offsets",
    ]
    assert "from 30000 to 1800000 ms" in said[0]
    assert "the broker has no authorizer" in said[2]
    assert list(risks({**config, "offsets.topic.replication.factor": "3"}, THREE, [3, 1]))[-1]
    fine = {
        "group.min.session.timeout.ms": "6000",
        "group.max.session.timeout.ms": "1800000",
        "auto.create.topics.enable": "false",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    }
    assert list(risks(fine, THREE, [3])) == []
    assert list(risks({}, Settings(), [])) == []


async def test_topics_are_created_and_differences_named(any_broker: TestBroker) -> None:
    settings = own_settings(any_broker.address, partitions=3)
    names = {topic.name for topic in topics(settings)}
    assert {d.what for d in await compare_topics(settings)} == {f"{n} is missing" for n in names}
    admin = AIOKafkaAdminClient(bootstrap_servers=any_broker.address)
    await admin.start()
    await admin.create_topics([NewTopic(settings.topic_means, 2, 1)])
    await admin.close()
    assert set(await create_topics(settings)) == names - {settings.topic_means}
    assert await create_topics(settings) == []
    found = [d for d in await compare_topics(settings) if d.kind != "untold"]
    assert {d.topic for d in found} == {settings.topic_means}
    assert found[0].what == f"{settings.topic_means} has 2 partitions instead of 3"


async def test_apache_kafka_takes_every_setting_and_tells_it(kafka: TestBroker) -> None:
    for profile in ("production", "replay"):
        settings = own_settings(kafka.address)
        await create_topics(settings, profile)
        assert await compare_topics(settings, profile) == []


def test_a_topic_that_was_made_by_hand_is_named_by_the_commands(kafka: TestBroker) -> None:
    settings = own_settings(kafka.address)

    async def by_hand() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
        await admin.start()
        new = NewTopic(settings.topic_gaps, 4, 1, topic_configs={"retention.ms": "1000"})
        await admin.create_topics([new])
        await admin.close()

    asyncio.run(by_hand())
    made = CliRunner().invoke(cli, ["topics", "create", "--format", "json"], env=settings.as_env())
    assert made.exit_code == 1, made.output
    rows = {row["topic"]: row for row in map(json.loads, made.stdout.splitlines())}
    gaps = rows.pop(settings.topic_gaps)
    assert {row["state"] for row in rows.values()} == {"created"}
    assert gaps["state"] == "differs"
    assert f"{settings.topic_gaps}: retention.ms is 1000 instead of -1" in gaps["seen"]
    assert f"--topic {settings.topic_gaps} --add-config retention.ms=-1" in gaps["do"]
    told = CliRunner().invoke(cli, ["doctor", "--format", "json"], env=settings.as_env())
    assert told.exit_code == 1
    seen = [row for row in map(json.loads, told.stdout.splitlines()) if row["part"] == "topics"]
    assert any("retention.ms is 1000" in row["seen"] for row in seen)
    assert all(row["state"] == "MISSING" for row in seen)


async def test_three_nodes_hold_production_and_the_loss_of_one_is_a_risk(
    kafka_cluster: Callable[..., KafkaCluster],
) -> None:
    three = kafka_cluster(nodes=3)
    settings = own_settings(three.address, replication=3)
    await create_topics(settings)
    assert await compare_topics(settings) == []
    three.node(3).kill()

    async def behind() -> bool:
        return bool(await compare_topics(settings))

    await eventually(behind, "a replica is missed")
    found = await compare_topics(settings)
    assert {d.kind for d in found} <= {"risk", "broken"}
    assert any("2 of 3 replicas in sync" in d.what for d in found)
    few = "2 brokers, and EMISSIONS_REPLICATION is 3"

    async def told() -> bool:  # the nodes need not leave every answer at the same moment
        return any(few in risk.what for risk in await broker_risks(settings))

    await eventually(told, "a broker is missed")
