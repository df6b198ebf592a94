"""The database that tests get is one that was migrated, in every word and row."""

from __future__ import annotations

from typing import Any

from sinks.migrate import migrate, pending
from tests.support.clickhouse import TestClickHouse


def told(clickhouse: TestClickHouse, database: str) -> dict[str, Any]:
    """Every table and view: how it is made, and its rows."""
    made = clickhouse.rows(
        "SELECT name, create_table_query, comment, engine, total_rows FROM system.tables"
        f" WHERE database = '{database}'"
    )
    return {
        name: (
            create.replace(f"{database}.", "it."),
            comment,
            sorted(map(str, clickhouse.rows(f"SELECT * {_BUT} FROM {database}.{name}")))
            if rows and not engine.endswith("View")
            else [],
        )
        for name, create, comment, engine, rows in made
    }


_BUT = "EXCEPT '_at$'"  # when it was made, which differs


def test_a_copied_database_is_a_migrated_one(clickhouse: TestClickHouse) -> None:
    copied = clickhouse.settings.clickhouse_database
    migrated = f"{copied}_migrated"
    try:
        assert pending(clickhouse.client) == []
        migrate(clickhouse.client, migrated)
        clickhouse.client.database = copied  # which `migrate` changed
        found, wanted = told(clickhouse, copied), told(clickhouse, migrated)
        assert len(wanted) > 70
        assert found == wanted
    finally:
        clickhouse.client.command(f"DROP DATABASE {migrated} SYNC")
