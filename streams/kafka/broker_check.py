"""Checks settings of the brokers that would undo what the topics guarantee."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from aiokafka.admin.config_resource import ConfigResourceType

from streams.kafka.client import admin_client
from streams.kafka.retry import retry_on_node_loss
from streams.kafka.topic_check import configs_of
from streams.settings import Settings

PRODUCTION: Final = 3
"""Replication from which a deployment is meant to survive the loss of a broker."""

_OFFSETS: Final = "__consumer_offsets"


class BrokerRisk(NamedTuple):
    """A risky setting of a broker, and what to do."""

    what: str
    remedy: str


async def broker_risks(settings: Settings) -> list[BrokerRisk]:
    """Return the risks of all brokers, without repetitions; brokers that tell nothing have none.

    Raises ``KafkaError`` when the cluster cannot be asked.
    """
    admin = admin_client(settings)
    try:
        await admin.start()
        nodes = [
            str(node["node_id"])
            for node in (await retry_on_node_loss(admin.describe_cluster))["brokers"]
        ]
        configs = {
            node: (await configs_of(admin, ConfigResourceType.BROKER, [node])).get(node, {})
            for node in nodes
        }
        offsets = [
            len(partition["replicas"])
            for topic in await retry_on_node_loss(admin.describe_topics)
            if topic["topic"] == _OFFSETS
            for partition in topic["partitions"]
        ]
    finally:
        await admin.close()
    found = [risk for config in configs.values() for risk in risks(config, settings, offsets)]
    if nodes and len(nodes) < settings.replication:
        what = f"the cluster has {len(nodes)} brokers, and EMISSIONS_REPLICATION is "
        found.append(BrokerRisk(f"{what}{settings.replication}", "start more brokers"))
    return list(dict.fromkeys(found))


def risks(
    config: Mapping[str, str], settings: Settings, offsets: list[int]
) -> Iterator[BrokerRisk]:
    """Yield the risks of one broker: its configuration, and the offsets topic's replicas."""
    session_ms = round(settings.session_timeout_s * 1000)
    least, most = (config.get(f"group.{which}.session.timeout.ms") for which in ("min", "max"))
    if (least and int(least) > session_ms) or (most and int(most) < session_ms):
        yield BrokerRisk(
            f"the broker takes session timeouts from {least} to {most} ms, and "
            f"EMISSIONS_SESSION_TIMEOUT_S is {settings.session_timeout_s:g}: no worker can join",
            "set EMISSIONS_SESSION_TIMEOUT_S (and HEARTBEAT_S to a third of it) in that range",
        )
    if config.get("auto.create.topics.enable") == "true":
        yield BrokerRisk(
            "auto.create.topics.enable is true: a misspelt topic becomes a new one",
            "set auto.create.topics.enable=false on the brokers",
        )
    if config.get("authorizer.class.name") == "":
        yield BrokerRisk(
            "the broker has no authorizer: anybody who reaches it may write readings of any source",
            "set authorizer.class.name on the brokers, then emissions admin acl --apply",
        )
    if settings.replication < PRODUCTION:
        return
    told = config.get("offsets.topic.replication.factor")
    copies = min(offsets) if offsets else int(told) if told else PRODUCTION
    if copies < PRODUCTION:
        yield BrokerRisk(
            f"{_OFFSETS} has {copies} replicas: with that broker every worker begins from the "
            "beginning",
            "set offsets.topic.replication.factor=3 before the first start, or kafka-reassign-"
            "partitions.sh",
        )
