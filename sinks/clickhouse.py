"""Clients of ClickHouse over HTTP, made in one place."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client

from streams.settings import Settings

_CONNECT_S: Final = 10
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
INSERT_S: Final = 120
"""An insert is given up after this long; well below Kafka's max.poll.interval (300 s)."""

INSERT_SETTINGS: Final = {
    "async_insert": 0,  # an answer means it is written
    "insert_deduplicate": 1,
    "max_insert_block_size": 1 << 24,  # a batch is one block, so one token covers it
    "max_partitions_per_insert_block": 0,  # a replay of decades is one batch, too
}


def _arguments(
    settings: Settings, database: str | None, within_s: int = INSERT_S
) -> dict[str, Any]:
    parts = urlsplit(settings.clickhouse_url)
    secure = parts.scheme == "https"
    return {
        "host": parts.hostname,
        "port": parts.port or (8443 if secure else 8123),
        "secure": secure,
        "username": settings.clickhouse_user,
        "password": settings.clickhouse_password,
        "database": database or "__default__",
        "connect_timeout": min(_CONNECT_S, within_s),
        "send_receive_timeout": within_s,
        "compress": parts.hostname not in _LOOPBACK,  # nothing to save on the way to oneself
        "autogenerate_session_id": False,  # a session would serialise the partitions' inserts
        "client_name": "emission-streams",
    }


def client(settings: Settings, *, database: bool = True, within_s: int = INSERT_S) -> Client:
    """A client for commands; without ``database`` it is not tied to the settings' database.

    ``within_s``: an answer that takes longer is none.
    Raises ``clickhouse_connect``'s errors if ClickHouse does not answer.
    """
    name = settings.clickhouse_database if database else None
    return clickhouse_connect.get_client(**_arguments(settings, name, within_s))


async def async_client(settings: Settings) -> AsyncClient:
    """A client for the sinks' inserts. Raises like ``client``."""
    given = _arguments(settings, settings.clickhouse_database)
    return await clickhouse_connect.get_async_client(**given)
