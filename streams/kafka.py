"""How every client of ours reaches the broker, and how it waits for one that is away."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError

from streams.settings import Settings
from streams.transport.fetched import fetch_light_records
from streams.transport.header_names import read_any_header_name
from streams.transport.lost_connection import fail_on_lost_connections
from streams.transport.reader import reader
from streams.transport.stop import stop_consumer

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")


def client_options(settings: Settings) -> dict[str, Any]:
    """Options that aiokafka's consumers, producers and admin clients have in common.

    From then on the consumers of the process read records with any header names and unpack them
    within bounds, and all clients see a lost connection as such.
    """
    read_any_header_name()
    fetch_light_records()
    fail_on_lost_connections()
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


class Patience:
    """Back-off between attempts, and one line of log a period about why they fail."""

    def __init__(
        self, what: str, say_s: float, *, first_s: float = 0.1, most_s: float = 5.0
    ) -> None:
        self._what = what
        self._say_s = say_s
        self._first_s = first_s
        self._most_s = most_s
        self._pause_s = first_s
        self._said_at: float | None = None
        self.why: str | None = None
        """While it does not work: what does not, and why."""

    def say(self, error: object) -> None:
        """Say why, once a period."""
        why = str(error) or type(error).__name__
        self.why = f"{self._what}: {why}"
        now = time.monotonic()
        if self._said_at is None or now - self._said_at >= self._say_s:
            self._said_at = now
            log.warning(f"{self._what}, trying again", error=why)

    async def wait(self, error: object) -> None:
        """Say why (once a period), then pause, longer each time."""
        self.say(error)
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(self._pause_s * 2, self._most_s)

    def over(self) -> None:
        """It worked: start anew, and say so if trouble was said."""
        if self._said_at is not None:
            log.info(f"over: {self._what}")
            self._said_at = None
        self.why = None
        self._pause_s = self._first_s


async def insisting(question: Callable[[], Awaitable[Answer]], times: int = 10) -> Answer:
    """The answer to a question to the cluster, asked again where a node is away.

    aiokafka's admin client asks a node at random, also one that is known to be gone. Raises
    ``KafkaError`` when that happened every time.
    """
    for left in reversed(range(times)):
        try:
            return await question()
        except (NodeNotReadyError, KafkaConnectionError):
            if not left:
                raise
    raise AssertionError("unreachable")


async def broker_answers(settings: Settings, within_s: float = 3.0) -> bool:
    """Whether the broker answers a question within that time."""
    admin = AIOKafkaAdminClient(**client_options(settings))
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
    """The partitions of every topic of the broker, asked now, with a started consumer.

    ``consumer.partitions_for_topic`` only knows what the consumer itself subscribed to: Apache
    Kafka answers the question that a client starts with for no topic at all.
    """
    cluster = await consumer._client.fetch_all_metadata()
    return {name: sorted(cluster.partitions_for_topic(name) or ()) for name in cluster.topics()}


async def topic_partitions(settings: Settings) -> dict[str, int]:
    """Number of partitions of each topic of the broker."""
    consumer = reader(**client_options(settings), request_timeout_ms=5000)
    try:
        await consumer.start()
        return {
            name: len(numbers) for name, numbers in (await partitions_by_topic(consumer)).items()
        }
    finally:
        await stop_consumer(consumer)
