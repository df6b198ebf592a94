"""Insert the rows of one table: column values through the driver, a native block as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import lz4.frame  # type: ignore[import-untyped]
from clickhouse_connect.driver.query import QueryResult

from sinks.clickhouse import INSERT_SETTINGS
from sinks.native import NativeBlock
from sinks.tables import ColumnValues, Table

_LZ4: Final = "lz4"


class InsertClient(Protocol):
    """The methods that the writer calls on a client."""

    write_compression: str | None

    async def query(self, query: str, /, *, parameters: dict[str, Any]) -> QueryResult:
        """Run a query and return its rows."""

    async def insert(
        self,
        table: str,
        data: Sequence[Sequence[Any]],
        /,
        *,
        column_names: Sequence[str],
        column_type_names: Sequence[str],
        column_oriented: bool,
        settings: dict[str, Any],
    ) -> object:
        """Insert column values."""

    async def raw_insert(
        self,
        table: str,
        /,
        *,
        insert_block: bytes,
        fmt: str,
        compression: str | None,
        settings: dict[str, Any],
    ) -> object:
        """Insert an encoded block."""


def row_count(made: ColumnValues | NativeBlock | None) -> int:
    """Return the number of rows that a table's builder made."""
    if isinstance(made, NativeBlock):
        return made.rows
    return len(made[0]) if made else 0


async def insert(
    client: InsertClient, table: Table, made: ColumnValues | NativeBlock, token: str
) -> None:
    """Insert the output of a table's builder as one block, under a deduplication token.

    Lets the errors of the driver through.
    """
    settings = {**INSERT_SETTINGS, "insert_deduplication_token": token}
    if isinstance(made, NativeBlock):
        # The driver compresses what it encodes itself, on the way to another machine.
        packed = client.write_compression is not None
        await client.raw_insert(
            table.name,
            insert_block=lz4.frame.compress(made.data) if packed else made.data,
            fmt="Native",
            compression=_LZ4 if packed else None,
            settings=settings,
        )
        return
    await client.insert(
        table.name,
        made,
        column_names=list(table.columns),
        column_type_names=list(table.columns.values()),
        column_oriented=True,
        settings=settings,
    )
