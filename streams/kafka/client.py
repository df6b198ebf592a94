"""Connects to the broker: options, factories of clients, and questions about the cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.access_files import AccessFileError
from streams.kafka.access import access_options
from streams.kafka.patches.install import install_patches
from streams.kafka.patches.stop import stop_consumer
from streams.kafka.read_committed import committed_consumer
from streams.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the options that aiokafka's consumers, producers and admin clients share.

    Raises AccessFileError where a secret, key or certificate cannot be read.
    """
    return {
        "bootstrap_servers": list(settings.broker_addresses),
        **access_options(settings),
    }


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
    try:
        admin = admin_client(settings)
    except AccessFileError:
        return False
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
