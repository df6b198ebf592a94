"""Run statements on chDB, the ClickHouse engine inside this process.

Every request has its own connection, so its settings, parameters and current database never reach
another; a connection costs under two milliseconds and runs beside the others.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from deploy.embedded.clickhouse_check import canonical, check, refused_calls
from deploy.embedded.clickhouse_statement import Insert, Statement
from deploy.embedded.clickhouse_users import DATABASE, write_access

_STREAMABLE = frozenset({"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"})
"""Formats without a global header or footer: their blocks, concatenated, are valid."""

_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_SETTINGS_WORD = re.compile(r"^\s*SETTINGS\s", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)")
_MIB = 1 << 20


class EngineError(Exception):
    """ClickHouse refused: its code and text, as a server would send them."""

    def __init__(self, text: str) -> None:
        found = _CODE.search(text)
        self.code = int(found[1]) if found else 1001  # STD_EXCEPTION
        self.text = text[found.start() :].strip() if found else f"Code: 1001. DB::Exception: {text}"
        super().__init__(self.text)


@dataclass(frozen=True)
class Request:
    """One statement, with everything that an HTTP client may pass beside it."""

    statement: Insert | Statement
    default_format: str = "TabSeparated"
    database: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    readonly: int = 0  # 1: nothing may change; 2: settings may
    whole: bool = False  # the answer is wanted in one piece, with its true summary


class QueryAnswer:
    """The format of the answer, its blocks, and ClickHouse's counters."""

    def __init__(self, format_name: str, blocks: Iterator[bytes], counted: dict[str, int]) -> None:
        self.format = format_name
        self.blocks = blocks
        self.counted = counted


class ChdbEngine:
    """Run one engine on one directory, which no other process may use.

    ``memory_bytes`` limits what ClickHouse allocates; above it a query fails with
    MEMORY_LIMIT_EXCEEDED, which a sink retries. Raises ``EngineError`` if the directory is in use.
    """

    def __init__(self, path: Path, memory_bytes: int) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._lock: IO[str] = (path / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise EngineError(f"{path} is in use by another ClickHouse process") from None
        import chdb  # here, because importing it starts an engine (a second, 200 MB)

        self._connect = chdb.connect
        self._path = str(path / "engine")
        # Rows on their way in. Whatever a crash left of them goes at the next start.
        self._incoming = path / "incoming"
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir()
        access = write_access(path / "access")
        options = [f"config-file={access}", *_options(memory_bytes)]
        self._root = self._connect(f"{self._path}?{'&'.join(options)}")
        self._root.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
        names = self._root.query("SELECT name FROM system.table_functions", "TabSeparated")
        self._refused = refused_calls(str(names).split())
        self.version = str(self._root.query("SELECT version()", "TabSeparated")).strip()

    def execute(self, request: Request) -> QueryAnswer:
        """Run a statement. Raises ``EngineError`` now, or while the blocks are read."""
        connection = self._connect(self._path)
        try:
            request = self._checked(connection, request)
            _prepare(connection, request)
            if isinstance(request.statement, Insert):
                return _insert(connection, request.statement, self._incoming)
            return _query(connection, request, request.statement)
        except EngineError:
            connection.close()
            raise
        except Exception as error:  # chdb raises its own types, ours is RefusedError
            connection.close()
            raise EngineError(str(error)) from None

    def _checked(self, connection: Any, request: Request) -> Request:
        """Return the request with its statement in canonical form. Raises ``RefusedError``."""

        def ask(sql: str) -> str:
            return bytes(connection.query(sql, "RawBLOB").bytes()).decode()

        def passed(sql: str) -> tuple[str, str]:
            text = canonical(sql, ask)
            return text, check(text, self._refused, readonly=request.readonly > 0)

        given = request.statement
        if not isinstance(given, Insert):
            text, verb = passed(given.sql)
            return replace(request, statement=given._replace(sql=text, verb=verb))
        form = f" FORMAT {given.format}"
        head, _ = passed(given.head + form)
        if not head.startswith("INSERT INTO ") or not head.endswith(form):
            raise EngineError("Code: 62. DB::Exception: Syntax error: no INSERT (SYNTAX_ERROR)")
        settings = ""
        if given.settings:
            settings, _ = passed(_SETTINGS_WORD.sub("SET ", given.settings, count=1))
        return replace(
            request, statement=given._replace(head=head.removesuffix(form), settings=settings)
        )

    def close(self) -> None:
        """Flush and release the directory."""
        self._root.close()
        self._lock.close()


def _options(memory_bytes: int) -> list[str]:
    """Return server settings for a small machine: the defaults assume a dedicated server."""
    return [
        f"max_server_memory_usage={memory_bytes}",
        "background_pool_size=1",
        "background_schedule_pool_size=1",
        f"mark_cache_size={32 * _MIB}",
        f"primary_index_cache_size={32 * _MIB}",
        f"index_mark_cache_size={8 * _MIB}",
        f"compiled_expression_cache_size={16 * _MIB}",
        "max_thread_pool_size=200",
        "max_thread_pool_free_size=8",
    ]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _prepare(connection: Any, request: Request) -> None:
    database = DATABASE if request.database in ("", "default") else request.database
    name = database.replace("\\", "\\\\").replace("`", "\\`")
    connection.query(f"USE `{name}`")
    clauses = []
    for key, value in request.settings.items():
        if not _SETTING.fullmatch(key):
            raise EngineError(
                f"Code: 115. DB::Exception: Unknown setting {key!r} (UNKNOWN_SETTING)"
            )
        clauses.append(f"{key} = {_quoted(value)}")
    if clauses:
        connection.query("SET " + ", ".join(clauses))
    if request.readonly:  # last, for it forbids the ones before
        connection.query(f"SET readonly = {request.readonly}")


def _insert(connection: Any, insert: Insert, directory: Path) -> QueryAnswer:
    """Insert through a file.

    chDB's own method (``send_insert``) hides errors of the table, such as a violated constraint or
    a memory limit, and loses the rows.
    """
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        file.write(insert.data)
        file.flush()
        source = f"FROM INFILE {_quoted(file.name)}"
        if insert.settings:
            connection.query(insert.settings)
        result = connection.query(f"{insert.head} {source} FORMAT {insert.format}", "Null")
    counted = {"written_rows": result.rows_written(), "written_bytes": result.bytes_written()}
    connection.close()
    return QueryAnswer(insert.format, iter(()), counted)


def _query(connection: Any, request: Request, statement: Statement) -> QueryAnswer:
    name = statement.format or request.default_format
    parameters = dict(request.parameters)
    streams = statement.verb in ("SELECT", "WITH") and statement.plain and name in _STREAMABLE
    if streams and not request.whole:
        stream = connection.send_query(statement.sql, name, params=parameters)
        blocks = _blocks(connection, stream)
        first = next(blocks, b"")  # an error before the first block is the request's own
        return QueryAnswer(name, _chained(first, blocks), {})
    result = connection.query(statement.sql, name, params=parameters)
    counted = {
        "read_rows": result.rows_read(),
        "read_bytes": result.bytes_read(),
        "written_rows": result.rows_written(),
        "written_bytes": result.bytes_written(),
        "elapsed_ns": int(result.elapsed() * 1e9),
    }
    data = bytes(result.bytes() or b"")
    connection.close()
    return QueryAnswer(name, iter((data,)) if data else iter(()), counted)


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    try:
        if first:
            yield first
        yield from rest
    finally:
        close = getattr(rest, "close", None)
        if close is not None:
            close()


def _blocks(connection: Any, stream: Any) -> Iterator[bytes]:
    """Join blocks to about a mebibyte: a hop between threads costs more than a copy."""
    try:
        parts: list[bytes] = []
        size = 0
        for block in stream:
            part = bytes(block.bytes() or b"")
            parts.append(part)
            size += len(part)
            if size >= _MIB:
                yield b"".join(parts)
                parts, size = [], 0
        if parts:
            yield b"".join(parts)
    except Exception as error:  # chdb raises its own types and plain RuntimeError alike
        raise EngineError(str(error)) from None
    finally:
        stream.close()
        connection.close()
