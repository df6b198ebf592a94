"""Create the clients that talk to ClickHouse over HTTP."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client

from streams.access_files import check_certificate_files
from streams.settings import Settings

_CLUSTER: Final = {
    "distributed_foreground_insert": 1,  # an answer means that the shards have it
    "distributed_product_mode": "global",  # a shard has only its own rows
}
_CONNECT_S: Final = 10
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
INSERT_S: Final = 120
"""Timeout of an insert in seconds, well below Kafka's max.poll.interval (300 s)."""

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
    files = (
        settings.clickhouse_ca_file,
        settings.clickhouse_certificate_file,
        settings.clickhouse_key_file,
    )
    if any(files):
        check_certificate_files(*files)
    password = settings.secret("clickhouse_password") or ""
    return {
        "host": parts.hostname,
        "port": parts.port or (8443 if secure else 8123),
        "secure": secure,
        "username": settings.clickhouse_user,
        "password": password,
        "ca_cert": settings.clickhouse_ca_file,
        "client_cert": settings.clickhouse_certificate_file,
        "client_cert_key": settings.clickhouse_key_file,
        # Without a password the certificate is the login; with one it only opens the connection.
        "tls_mode": "strict" if password else None,
        "database": database or "__default__",
        "connect_timeout": min(_CONNECT_S, within_s),
        "send_receive_timeout": within_s,
        "compress": parts.hostname not in _LOOPBACK,  # nothing to save on the way to oneself
        "autogenerate_session_id": False,  # a session would serialise the partitions' inserts
        "client_name": "emission-streams",
        "settings": _CLUSTER if settings.clickhouse_cluster else None,
    }


def client(settings: Settings, *, database: bool = True, within_s: int = INSERT_S) -> Client:
    """Create a client for commands.

    Without ``database`` it is not bound to the configured database. ``within_s`` is the timeout in
    seconds. Raises the errors of ``clickhouse_connect`` if ClickHouse does not answer, and
    AccessFileError where a secret, key or certificate cannot be read.
    """
    name = settings.clickhouse_database if database else None
    return clickhouse_connect.get_client(**_arguments(settings, name, within_s))


async def async_client(settings: Settings) -> AsyncClient:
    """Create a client for the inserts of the sinks. Raises like ``client``."""
    given = _arguments(settings, settings.clickhouse_database)
    return await clickhouse_connect.get_async_client(**given)
