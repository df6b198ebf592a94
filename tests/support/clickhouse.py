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
        migrate(self.client, self.settings.clickhouse_database)

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
