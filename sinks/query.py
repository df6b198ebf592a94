"""A question in SQL, asked without the right to change anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client


class Answer(NamedTuple):
    """Names of the columns and the rows."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


def run(client: Client, sql: str) -> Answer:
    """The answer to one statement, read only (``readonly=1``).

    Raises ``clickhouse_connect``'s ``DatabaseError`` with the server's own text, also for a
    statement that would change something.
    """
    text = sql.strip().rstrip(";")
    result = client.query(text, settings={"readonly": "1"})
    return Answer(tuple(result.column_names), result.result_rows)
