"""What nobody was allowed to look at is not called well."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

from click.testing import CliRunner

from deploy.embedded.kafka import KafkaCluster
from emissions.cli.main import cli
from streams.kafka.topics import create_topics
from streams.settings import Settings
from tests.emissions.doctor.test_reach import SASL, user


def test_topics_and_groups_that_are_hidden(
    kafka_cluster: Callable[..., KafkaCluster],
) -> None:
    cluster = kafka_cluster(config=SASL)
    admin = replace(Settings(broker=cluster.address), **user("admin", "a"))
    asyncio.run(create_topics(admin))
    env = {
        **replace(admin, **user("reader", "r")).as_env(),
        "EMISSIONS_CLICKHOUSE_URL": "http://127.0.0.1:1",
    }
    told = CliRunner().invoke(cli, ["doctor", "--format", "json"], env=env)
    assert told.exit_code == 1
    rows = list(map(json.loads, told.stdout.splitlines()))
    topics = [row for row in rows if row["part"] == "topics"]
    assert {row["state"] for row in topics} == {"UNSEEN"}
    assert len(topics) == 15
    assert "not allowed to look at the topic" in topics[0]["seen"]
    assert "--operation DESCRIBE" in topics[0]["do"]
    (disks,) = (row for row in rows if row["part"] == "disk" and row["state"] == "UNSEEN")
    assert "DESCRIBE on the cluster" in disks["do"]
    states = {row["part"]: row["state"] for row in rows}
    assert states["streams worker"] == states["sinks worker"] == states["ticks"] == "UNSEEN"
    assert states["broker"] == "ok"
