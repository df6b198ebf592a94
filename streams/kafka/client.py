"""Connects to the broker: options, factories of clients, and questions about the cluster."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.kafka.patches.install import install_patches
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer
from streams.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the options that aiokafka's consumers, producers and admin clients share."""
    options: dict[str, Any] = {"bootstrap_servers": list(settings.broker_addresses)}
    if settings.broker_tls:
        options["ssl_context"] = ssl.create_default_context()
    if settings.broker_user is not None:
        options["security_protocol"] = "SASL_SSL" if settings.broker_tls else "SASL_PLAINTEXT"
        options["sasl_mechanism"] = "PLAIN"
        options["sasl_plain_username"] = settings.broker_user
        options["sasl_plain_password"] = settings.broker_password
    elif settings.broker_tls:
        options["security_protocol"] = "SSL"
    return options


def admin_client(settings: Settings) -> AIOKafkaAdminClient:
    """Create an admin client, not started."""
    install_patches()
    return AIOKafkaAdminClient(**client_options(settings))


def confirmed_by_all(options: Mapping[str, Any], **more: Any) -> AIOKafkaProducer:
    """Create a producer with ``acks=all``, not started; ``more`` options of the client."""
    install_patches()
    return AIOKafkaProducer(**options, acks="all", **more)


async def broker_answers(settings: Settings, within_s: float = 3.0) -> bool:
    """Return whether the broker answers within that time."""
    admin = admin_client(settings)
    try:
        async with asyncio.timeout(within_s):
            await admin.start()
    except (KafkaError, OSError, TimeoutError):
        return False
    else:
        return True
    finally:
        await admin.close()


async def partitions_by_topic(consumer: AIOKafkaConsumer) -> dict[str, list[int]]:
    """Ask for the partitions of every topic of the broker, with a started consumer.

    ``consumer.partitions_for_topic`` only knows what the consumer itself subscribed to: Apache
    Kafka answers the question that a client starts with for no topic at all.
    """
    cluster = await consumer._client.fetch_all_metadata()
    return {name: sorted(cluster.partitions_for_topic(name) or ()) for name in cluster.topics()}


async def topic_partitions(settings: Settings) -> dict[str, int]:
    """Ask for the number of partitions of every topic of the broker."""
    consumer = committed_consumer(**client_options(settings), request_timeout_ms=5000)
    try:
        await consumer.start()
        return {
            name: len(numbers) for name, numbers in (await partitions_by_topic(consumer)).items()
        }
    finally:
        await stop_consumer(consumer)
