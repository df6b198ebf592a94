"""One insert of the rows of a table: columns by way of the driver, a ready block as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import lz4.frame  # type: ignore[import-untyped]
from clickhouse_connect.driver.query import QueryResult

from sinks.clickhouse import INSERT_SETTINGS
from sinks.native import NativeBlock
from sinks.tables import Columns, Table

_LZ4: Final = "lz4"


class InsertClient(Protocol):
    """What the writer needs of a client."""

    write_compression: str | None

    async def query(self, query: str, /, *, parameters: dict[str, Any]) -> QueryResult: ...

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
    ) -> object: ...

    async def raw_insert(
        self,
        table: str,
        /,
        *,
        insert_block: bytes,
        fmt: str,
        compression: str | None,
        settings: dict[str, Any],
    ) -> object: ...


def row_count(made: Columns | NativeBlock | None) -> int:
    """How many rows a table's builder made."""
    if isinstance(made, NativeBlock):
        return made.rows
    return len(made[0]) if made else 0


async def insert(
    client: InsertClient, table: Table, made: Columns | NativeBlock, token: str
) -> None:
    """Insert what the table's builder made, as one block under a token.

    Raises what the driver raises.
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
