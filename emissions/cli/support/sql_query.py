"""Run SQL read-only; return the answer whole or as it streams in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from emissions.cli.support.sql_statement import only_statement, returns_columns

_READ_ONLY: Final = {"readonly": "1"}
_CHUNK: Final = 1 << 18
_STREAMED: Final = {
    # Cancel the query on the server when the client disconnects.
    "cancel_http_readonly_queries_on_client_close": "1",
}
_JSON: Final = {
    "output_format_json_quote_denormals": "0",  # NaN and infinity are null
    "output_format_json_validate_utf8": "1",  # invalid UTF-8 must not break the JSON
}


class Answer(NamedTuple):
    """Column names and all rows of an answer."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


class StreamedAnswer(NamedTuple):
    """Column names, and the rows as they stream in."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[Any]]


def fetch_answer(client: Client, sql: str) -> Answer:
    """Run one statement with ``readonly=1`` and return the whole answer.

    Raises ``clickhouse_connect``'s ``DatabaseError`` with the server's own text, also for a
    statement that would change something, and `StatementError` for more than one.
    """
    result = client.query(only_statement(sql), settings=_READ_ONLY)
    return Answer(tuple(result.column_names), result.result_rows)


@contextmanager
def stream_rows(client: Client, statement: str, limit: int) -> Iterator[StreamedAnswer]:
    """Stream the rows of an answer, at most ``limit`` (0: all), with the values that JSON has.

    Raises like `fetch_answer`, also while the rows are read. Leaving the context ends the query;
    the driver's own stream would read the answer to its end.
    """
    if not returns_columns(statement):  # SHOW, DESCRIBE and the like: a few rows
        answer = fetch_answer(client, statement)
        yield StreamedAnswer(answer.columns, answer.rows)
        return
    names = _columns(client, statement)
    settings = {**_settings(client, limit), **_JSON, "output_format_json_quote_denormals": "1"}
    body: Any = client.raw_stream(statement, settings=settings, fmt="JSONEachRow")
    try:
        yield StreamedAnswer(names, _decoded(body, limit))
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
    """Return the values of a JSON object, also of columns that share a name."""
    pairs: list[tuple[str, Any]] = json.loads(line, object_pairs_hook=_Pairs)
    return [dict(value) if isinstance(value, _Pairs) else value for _, value in pairs]


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, in order."""


class RawAnswer(NamedTuple):
    """An answer in a format of ClickHouse as a byte stream; ``head`` goes before it."""

    head: bytes
    body: IO[bytes]


def stream_bytes(
    client: Client, statement: str, form: str, limit: int = 0, *, quote_big_integers: bool = False
) -> RawAnswer:
    """Stream an answer in ClickHouse's own format: ``csv`` with a header, ``ndjson``, ``parquet``.

    ``quote_big_integers``: write 64-bit integers as JSON strings, for readers that use doubles.
    Close the body to end the query. Raises like `fetch_answer`.
    """
    settings = _settings(client, limit)
    head, name = b"", {"csv": "CSV", "ndjson": "JSONEachRow", "parquet": "Parquet"}[form]
    if form == "ndjson":
        settings |= _JSON
        settings["output_format_json_quote_64bit_integers"] = "1" if quote_big_integers else "0"
    if form == "csv" and returns_columns(statement):
        head = _head(client, statement)
    elif form == "csv":  # SHOW, DESCRIBE and the like: a few rows
        name = "CSVWithNames"
    body = client.raw_stream(statement, settings=settings, fmt=name)
    return RawAnswer(head, body)  # type: ignore[arg-type]  # io.IOBase, which reads


def _head(client: Client, statement: str) -> bytes:
    """Return the column names as a CSV line; a header from the server would disable streaming."""
    names = ('"' + name.replace('"', '""') + '"' for name in _columns(client, statement))
    return (",".join(names) + "\n").encode()


def _columns(client: Client, statement: str) -> tuple[str, ...]:
    described = client.query(f"DESCRIBE TABLE (\n{statement}\n)", settings=_READ_ONLY)
    return tuple(str(row[0]) for row in described.result_rows)


def _settings(client: Client, limit: int) -> dict[str, str]:
    """Return the settings of a streamed query, as far as this user may change them."""
    wanted = {**_STREAMED, **({"limit": str(limit)} if limit else {})}
    known = client.server_settings
    allowed = {name: value for name, value in wanted.items()
               if name in known and not known[name].readonly}  # fmt: skip
    return {**allowed, **_READ_ONLY}
