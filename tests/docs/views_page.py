"""Writes the page of ClickHouse's views from a database that every migration was applied to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clickhouse_connect.driver.client import Client

from tests.docs.markdown import code, page, table

_TABLES = """
SELECT name, engine, comment FROM system.tables
WHERE database = currentDatabase() AND NOT is_temporary ORDER BY engine != 'View', name
"""
_COLUMNS = """
SELECT table, name, type, comment FROM system.columns
WHERE database = currentDatabase() ORDER BY table, position
"""


def views_page(client: Client) -> str:
    """Show every view with its columns, then the tables below them."""
    found = client.query(_TABLES).result_rows
    columns: dict[str, list[Sequence[Any]]] = {}
    for owner, *rest in client.query(_COLUMNS).result_rows:
        columns.setdefault(owner, []).append(rest)
    views = [row for row in found if row[1] == "View" and row[2]]
    tables = [row for row in found if row[1] != "View" and row[2]]
    parts = [
        "Ask the views, not the tables: they show the last revision of everything once and need "
        "no `FINAL`. Times are UTC; columns that end with `_local` and `day` are on the clock of "
        "the source. `DESCRIBE TABLE` tells the same. Ten questions are "
        "[here](../performance/questions.md).",
        "## Views",
        table(("view", "shows"), [(f"[{name}](#{name})", said) for name, _, said in views]),
        "## Tables",
        table(("table", "holds"), [(code(name), said) for name, _, said in tables]),
    ]
    for name, _, said in views:
        parts += [f"## {name}", f"{said}."]
        rows = [(code(column), code(kind), means) for column, kind, means in columns.get(name, ())]
        if rows:  # a view with a parameter says none
            parts.append(table(("column", "type", "is"), rows))
    return page("ClickHouse views", *parts)
