"""Serve chDB over ClickHouse's HTTP interface: ``python -m deploy.embedded.clickhouse_server``.

It is a process on 127.0.0.1 for the demo, replay and tests. clickhouse-connect, curl and any SQL
client over HTTP find what a server would give them: settings and ``param_*`` in the URL, data in
the body, compression both ways, error codes in the headers. There is one user, whose key every
request must carry (`clickhouse_access`); GET is read-only, and no statement reaches out of the
database (`clickhouse_users`, `clickhouse_check`). There are no sessions; parameters about them are
accepted and ignored. It prints ``{"port": …}`` when ready, with the key if it generated it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiohttp import web

from deploy.embedded.clickhouse_access import require_key
from deploy.embedded.clickhouse_compression import (
    TooLargeError,
    UnknownCodingError,
    choose,
    compressor,
    decompress,
)
from deploy.embedded.clickhouse_engine import ChdbEngine, EngineError, QueryAnswer, Request
from deploy.embedded.clickhouse_statement import read_statement

HOST = "127.0.0.1"
BODY_LIMIT = 128 << 20  # as sent, and again unpacked
_THREADS = 4
_IDLE_S = 60.0  # a connection without a whole head for so long is closed
_DRAIN_S = 10.0
_PARENT_CHECK_S = 0.5

_IGNORED = frozenset(
    (
        *("query", "database", "default_format", "user", "password", "role", "quota_key"),
        *("session_id", "session_timeout", "session_check", "query_id", "stacktrace"),
        *("buffer_size", "wait_end_of_query", "client_protocol_version", "enable_http_compression"),
        *("http_zlib_compression_level", "send_progress_in_http_headers"),
        *("http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close"),
    )
)
"""Parameters of the request that are no settings of the query."""

_STATUS = {
    400: {6, 26, 27, 36, 38, 41, 53, 62, 69, 70, 72, 117, 130, 131, 167, 168, 180, 306, 457, 636},
    403: {192, 193, 194, 497, 516},
    404: {46, 47, 50, 56, 60, 63, 73, 81, 115},
    408: {159},
    413: {307},
    501: {48},
    503: {209, 439},
}
_STATUS_OF = {code: status for status, codes in _STATUS.items() for code in codes}
"""HTTP status of an exception code, as in ClickHouse; 500 for all others."""


class HttpFrontend:
    """Read requests, run them on the engine in a thread, and write the answers."""

    def __init__(self, engine: ChdbEngine, key: str) -> None:
        self._engine = engine
        self._key = key
        self._threads = ThreadPoolExecutor(_THREADS, "query")

    def application(self) -> web.Application:
        """Create the web application with the paths of a ClickHouse server."""
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[require_key(self._key)])
        app.router.add_get("/ping", _ok)
        app.router.add_get("/replicas_status", _ok)
        app.router.add_get("/", self._handle)  # HEAD as well
        app.router.add_post("/", self._handle)
        return app

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        if http.method in ("GET", "HEAD") and not http.query.get("query"):
            return await _ok(http)
        query_id = http.query.get("query_id") or str(uuid.uuid4())
        loop = asyncio.get_running_loop()
        try:
            request = await self._read(http)
            answer = await loop.run_in_executor(self._threads, self._engine.execute, request)
        except EngineError as error:
            return _failed(error, query_id)
        except (UnknownCodingError, UnicodeDecodeError) as error:
            return _failed(
                EngineError(f"Code: 36. DB::Exception: {error} (BAD_ARGUMENTS)"), query_id
            )
        except TooLargeError as error:
            return _failed(
                EngineError(f"Code: 307. DB::Exception: {error} (TOO_MANY_BYTES)"), query_id
            )
        return await self._write(http, answer, query_id)

    async def _write(
        self, http: web.Request, answer: QueryAnswer, query_id: str
    ) -> web.StreamResponse:
        coding = None
        if http.query.get("enable_http_compression") == "1":
            coding = choose(http.headers.get("Accept-Encoding", ""))
        response = web.StreamResponse(headers=_headers(answer, query_id))
        if coding is not None:
            response.headers["Content-Encoding"] = coding
        response.enable_chunked_encoding()
        await response.prepare(http)
        packed = compressor(coding) if coding is not None else None
        loop = asyncio.get_running_loop()
        try:
            while block := await loop.run_in_executor(self._threads, next, answer.blocks, b""):
                await response.write(packed.compress(block) if packed is not None else block)
        except EngineError as error:
            # The head is out: the text ends the body and the broken connection says it is no end.
            text = error.text.encode() + b"\n"
            await response.write(packed.compress(text) + packed.flush() if packed else text)
            if http.transport is not None:
                http.transport.close()
            return response
        finally:
            close = getattr(answer.blocks, "close", None)
            if close is not None:
                await loop.run_in_executor(self._threads, close)
        if packed is not None:
            await response.write(packed.flush())
        with contextlib.suppress(ConnectionResetError):  # whoever inserts may go when it is done
            await response.write_eof()
        return response

    async def _read(self, http: web.Request) -> Request:
        """Build the engine's request from the URL, the headers and the body."""
        values = dict(http.query)
        if http.content_type == "multipart/form-data":
            body = b""
            for key, value in (await http.post()).items():
                if not isinstance(value, str):
                    raise EngineError(
                        f"Code: 48. DB::Exception: External table {key!r} is not served "
                        "by the embedded ClickHouse (NOT_IMPLEMENTED)"
                    )
                values[key] = value
        else:
            coding = http.headers.get("Content-Encoding", "").lower()
            loop = asyncio.get_running_loop()
            body = await loop.run_in_executor(
                self._threads, decompress, await _body(http), coding, BODY_LIMIT
            )
        readonly = int(values.pop("readonly", "0") or 0)
        if http.method != "POST" and not readonly:
            readonly = 2  # as in ClickHouse: GET changes nothing
        wanted = http.headers.get("X-ClickHouse-Format") or values.get("default_format")
        named_database = http.headers.get("X-ClickHouse-Database", "")
        return Request(
            statement=read_statement(values.get("query", ""), body),
            default_format=wanted or "TabSeparated",
            database=values.get("database", "") or named_database,
            settings={k: v for k, v in values.items() if k not in _IGNORED and k[:6] != "param_"},
            parameters={k[6:]: v for k, v in values.items() if k[:6] == "param_"},
            readonly=readonly,
            whole=values.get("wait_end_of_query") == "1",
        )

    def close(self) -> None:
        """Wait for running queries and release the engine."""
        self._threads.shutdown()
        self._engine.close()


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="Ok.\n", content_type="text/html")


async def _body(http: web.Request) -> bytes:
    """Read the body. Raises ``TooLargeError``, at once if its length is announced."""
    try:
        if (http.content_length or 0) <= BODY_LIMIT:
            return await http.read()
    except web.HTTPRequestEntityTooLarge:
        pass
    raise TooLargeError(f"the body is larger than {BODY_LIMIT} bytes")


def _headers(answer: QueryAnswer, query_id: str) -> dict[str, str]:
    text = answer.format.startswith(("TabSeparated", "TSV", "Pretty", "Vertical", "Values"))
    kind = "text/tab-separated-values; charset=UTF-8" if text else "application/octet-stream"
    if answer.format.startswith("JSON"):
        kind = "application/json; charset=UTF-8"
    summary = dict.fromkeys(
        ("read_rows", "read_bytes", "written_rows", "written_bytes", "result_rows", "elapsed_ns"), 0
    )
    summary.update(answer.counted)
    return {
        "Content-Type": kind,
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Format": answer.format,
        "X-ClickHouse-Server-Display-Name": "embedded",
        "X-ClickHouse-Timezone": "UTC",
        "X-ClickHouse-Summary": json.dumps({key: str(value) for key, value in summary.items()}),
    }


def _failed(error: EngineError, query_id: str) -> web.Response:
    return web.Response(
        status=_STATUS_OF.get(error.code, 500),
        text=error.text + "\n",
        headers={
            "X-ClickHouse-Exception-Code": str(error.code),
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Server-Display-Name": "embedded",
        },
    )


async def serve(
    path: Path, port: int, memory_bytes: int, parent: int | None, key: str | None
) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent process is gone; then drain and close."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    made = key or secrets.token_urlsafe(32)
    front = HttpFrontend(ChdbEngine(path, memory_bytes), made)
    runner = web.AppRunner(
        front.application(),
        access_log=None,
        auto_decompress=False,
        shutdown_timeout=_DRAIN_S,
        keepalive_timeout=_IDLE_S,
    )
    await runner.setup()
    site = web.TCPSite(runner, HOST, port)
    await site.start()
    said: dict[str, object] = {"port": runner.addresses[0][1]}
    if key is None:
        said["key"] = made
    print(json.dumps(said), flush=True)
    while not stopped.is_set() and (parent is None or os.getppid() == parent):
        try:
            await asyncio.wait_for(stopped.wait(), _PARENT_CHECK_S)
        except TimeoutError:
            continue
    await runner.cleanup()
    front.close()


def main() -> int:
    """Parse the arguments and serve. Return 2, with a sentence, if the directory is in use."""
    parser = argparse.ArgumentParser(description="chDB over the ClickHouse HTTP interface")
    parser.add_argument("--path", type=Path, required=True, help="directory of the data")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--memory", type=int, default=700 << 20, help="bytes ClickHouse may use")
    parser.add_argument("--parent", type=int, help="stop when this process is no longer the parent")
    parser.add_argument(
        "--key-from-stdin", action="store_true", help="the key is the first line of what comes in"
    )
    given = parser.parse_args()
    # Not an argument: those are shown to every user of the machine.
    key = sys.stdin.readline().strip() if given.key_from_stdin else None
    path = given.path.resolve()
    path.mkdir(parents=True, exist_ok=True)
    os.chdir(path)  # a config.xml where it was started would be read as ClickHouse's own
    try:
        asyncio.run(serve(path, given.port, given.memory, given.parent, key or None))
    except (EngineError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
