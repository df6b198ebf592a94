"""Settings that lead to a broker and a ClickHouse of this machine, and to no others."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Final

from deploy.embedded.child import LOOPBACK
from deploy.embedded.clickhouse import EmbeddedClickHouse
from streams.settings import Settings

_ACCESS: Final = ("broker_", "clickhouse_", "schema_registry_")


def leading_to(server: EmbeddedClickHouse, broker_port: int, given: Settings) -> Settings:
    """Return the given settings with these addresses, without certificates, users and tokens."""
    elsewhere: dict[str, Any] = {
        part.name: part.default
        for part in fields(given)
        if part.name.startswith(_ACCESS) and part.name != "clickhouse_database"
    }
    return replace(
        replace(given, **elsewhere),
        broker=f"{LOOPBACK}:{broker_port}",
        clickhouse_url=server.address,
        clickhouse_user=server.user,
        clickhouse_password=server.key,
    )
