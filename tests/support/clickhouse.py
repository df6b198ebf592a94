"""A real ClickHouse process for tests; tests keep apart by a database each."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from clickhouse_connect.driver.client import Client

from deploy.embedded.clickhouse import EmbeddedClickHouse
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.settings import Settings

_numbers = itertools.count(1)
# Of each server that this process uses: a migrated database that nobody writes to.
_templates: dict[str, str] = {}


def migrated_database(client: Client, server: str, name: str) -> None:
    """Make the database ``name`` as `migrate` does, by copying one: that costs a quarter of it."""
    template = _templates.get(server)
    if template is None:
        template = f"template_{os.getpid()}_{next(_numbers)}"
        migrate(client, template)
        _templates[server] = template
    _copy(client, template, name)


def _copy(client: Client, template: str, name: str) -> None:
    """Copy tables with their rows, then the views, which fill nothing a second time then."""
    client.command(f"CREATE DATABASE {name}", use_database=False)
    client.database = name
    found = client.query(
        "SELECT name, create_table_query, total_rows > 0 FROM system.tables"
        f" WHERE database = '{template}' ORDER BY endsWith(engine, 'View')"
    ).result_rows
    for table, create, has_rows in found:
        client.command(create.replace(f"{template}.", f"{name}."))
        if has_rows:
            client.command(f"INSERT INTO {name}.{table} SELECT * FROM {template}.{table}")


class TestClickHouse:
    """A migrated database of its own on the shared server."""

    __test__ = False

    def __init__(self, server: EmbeddedClickHouse, settings: Settings | None = None) -> None:
        self.url = server.url  # with its key
        self.settings = replace(
            settings or Settings(),
            clickhouse_url=server.url,
            clickhouse_database=f"test_{os.getpid()}_{next(_numbers)}",
        )
        self.client: Client = client(self.settings, database=False)
        migrated_database(self.client, server.url, self.settings.clickhouse_database)

    def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """The rows of an answer."""
        return self.client.query(sql).result_rows

    def value(self, sql: str) -> Any:
        """The one value of an answer."""
        ((value,),) = self.rows(sql)
        return value

    def close(self) -> None:
        """Drop the database."""
        self.client.command(f"DROP DATABASE {self.settings.clickhouse_database} SYNC")
        self.client.close()
