"""A question in SQL, asked without the right to change anything; answers whole or as they come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from sinks.statement import only_statement, returns_columns

_READ_ONLY: Final = {"readonly": "1"}
_CHUNK: Final = 1 << 18
_STREAMED: Final = {
    # Whoever hangs up has seen enough: the server need not go on.
    "cancel_http_readonly_queries_on_client_close": "1",
}
_JSON: Final = {
    "output_format_json_quote_denormals": "0",  # NaN and infinity are null
    "output_format_json_validate_utf8": "1",  # bytes that are no text do not break the JSON
}


class Answer(NamedTuple):
    """Names of the columns and the rows."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


class Rows(NamedTuple):
    """Names of the columns, and the rows as they come."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[Any]]


def run(client: Client, sql: str) -> Answer:
    """The answer to one statement, read only (``readonly=1``).

    Raises ``clickhouse_connect``'s ``DatabaseError`` with the server's own text, also for a
    statement that would change something, and `StatementError` for more than one.
    """
    result = client.query(only_statement(sql), settings=_READ_ONLY)
    return Answer(tuple(result.column_names), result.result_rows)


@contextmanager
def rows(client: Client, statement: str, limit: int) -> Iterator[Rows]:
    """The rows of an answer as they come, ``limit`` of them (0: all), as JSON has their values.

    Raises like `run`, also while the rows are read. Leaving ends the query: the driver's own
    stream would read the answer to its end.
    """
    if not returns_columns(statement):  # a few rows about the database
        answer = run(client, statement)
        yield Rows(answer.columns, answer.rows)
        return
    names = _columns(client, statement)
    settings = {**_settings(client, limit), **_JSON, "output_format_json_quote_denormals": "1"}
    body: Any = client.raw_stream(statement, settings=settings, fmt="JSONEachRow")
    try:
        yield Rows(names, _decoded(body, limit))
    finally:
        body.close()


def _decoded(body: IO[bytes], limit: int) -> Iterator[Sequence[Any]]:
    given, rest = 0, b""
    while chunk := body.read(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield _values(line)
            given += 1
            if given == limit:
                return
    if rest:
        yield _values(rest)


def _values(line: bytes) -> list[Any]:
    """The values of an object, also of columns that have one name."""
    pairs: list[tuple[str, Any]] = json.loads(line, object_pairs_hook=_Pairs)
    return [dict(value) if isinstance(value, _Pairs) else value for _, value in pairs]


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON as it is written."""


class Raw(NamedTuple):
    """An answer in a format of ClickHouse: the bytes as they come; ``head`` goes before them."""

    head: bytes
    body: IO[bytes]


def raw(
    client: Client, statement: str, form: str, limit: int = 0, *, quote_big_integers: bool = False
) -> Raw:
    """An answer in ClickHouse's own format: ``csv`` with a head, ``ndjson`` or ``parquet``.

    ``quote_big_integers``: integers of 64 bits and more are texts in JSON, for whoever reads
    numbers as doubles. Close the body to end the query. Raises like `run`.
    """
    settings = _settings(client, limit)
    head, name = b"", {"csv": "CSV", "ndjson": "JSONEachRow", "parquet": "Parquet"}[form]
    if form == "ndjson":
        settings |= _JSON
        settings["output_format_json_quote_64bit_integers"] = "1" if quote_big_integers else "0"
    if form == "csv" and returns_columns(statement):
        head = _head(client, statement)
    elif form == "csv":  # a few rows about the database
        name = "CSVWithNames"
    body = client.raw_stream(statement, settings=settings, fmt=name)
    return Raw(head, body)  # type: ignore[arg-type]  # io.IOBase, which reads


def _head(client: Client, statement: str) -> bytes:
    """The names of the columns as a line of CSV. A head of the server's would end its streaming."""
    names = ('"' + name.replace('"', '""') + '"' for name in _columns(client, statement))
    return (",".join(names) + "\n").encode()


def _columns(client: Client, statement: str) -> tuple[str, ...]:
    described = client.query(f"DESCRIBE TABLE (\n{statement}\n)", settings=_READ_ONLY)
    return tuple(str(row[0]) for row in described.result_rows)


def _settings(client: Client, limit: int) -> dict[str, str]:
    """Settings of a streamed question, as far as this user may change them."""
    wanted = {**_STREAMED, **({"limit": str(limit)} if limit else {})}
    known = client.server_settings
    allowed = {name: value for name, value in wanted.items()
               if name in known and not known[name].readonly}  # fmt: skip
    return {**allowed, **_READ_ONLY}
