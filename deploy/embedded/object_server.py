"""Serve an `ObjectStore` to the embedded broker: ``python -m deploy.embedded.object_server``.

It speaks the part of Amazon S3's interface that the broker uses: objects whole, conditional
writes, listings in one page. It listens on 127.0.0.1, and each request must carry the access key
id that came in on standard input. It prints ``{"port": …}`` when ready.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import hmac
import html
import json
import re
import signal
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from aiohttp import web

from deploy.embedded.object_store import Listed, ObjectStore, StoreError

HOST: Final = "127.0.0.1"
BODY_LIMIT: Final = 64 << 20
_ENTRIES: Final = 200_000
"""Objects whose entry in a listing is kept: the broker lists a partition at every read."""
_CREDENTIAL: Final = re.compile(r"Credential=([^/]*)/")
_NAME: Final = re.compile(r"<Key>([^<]*)</Key>")


class ObjectServer:
    """Answers the requests of one bucket."""

    def __init__(self, store: ObjectStore, key: str) -> None:
        self._store = store
        self._key = key.encode()

    def application(self) -> web.Application:
        """Create the web application."""
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_route("*", "/{bucket}", self._bucket)
        app.router.add_route("*", "/{bucket}/{name:.*}", self._object)
        return app

    async def _bucket(self, request: web.Request) -> web.Response:
        if not self._allowed(request):
            return _refused(403, "AccessDenied")
        if request.method == "GET" and request.query.get("list-type") == "2":
            query = request.query
            found = self._store.list(query.get("prefix", ""), query.get("start-after", ""))
            text = listing(found, query.get("prefix", ""), query.get("delimiter", ""))
            return web.Response(text=text, content_type="application/xml")
        if request.method == "POST" and "delete" in request.query:
            for name in _NAME.findall(await request.text()):
                self._store.delete(html.unescape(name))
            return web.Response(text="<DeleteResult/>", content_type="application/xml")
        return _refused(501, "NotImplemented")

    async def _object(self, request: web.Request) -> web.Response:
        if not self._allowed(request):
            return _refused(403, "AccessDenied")
        name = request.match_info["name"]
        if not name:
            return await self._bucket(request)
        if request.method in ("GET", "HEAD") and "Range" not in request.headers:
            return self._read(request, name)
        if request.method == "PUT" and not request.query:
            return await self._write(request, name)
        if request.method == "DELETE":
            self._store.delete(name)
            return web.Response(status=204)
        return _refused(501, "NotImplemented")

    def _read(self, request: web.Request, name: str) -> web.Response:
        found = self._store.get(name)
        if found is None:
            return _refused(404, "NoSuchKey")
        about, content = found
        headers = {
            "ETag": f'"{about.version}"',
            "Last-Modified": format_datetime(_time(about.written_us), usegmt=True),
        }
        if request.headers.get("If-None-Match", "").strip('"') == str(about.version):
            return web.Response(status=304, headers=headers)
        return web.Response(body=content, headers=headers)

    async def _write(self, request: web.Request, name: str) -> web.Response:
        content = await request.read()
        over: int | None = None
        if "If-Match" in request.headers:
            wanted = request.headers["If-Match"].strip('"')
            over = int(wanted) if wanted.isdigit() else -1
        new = request.headers.get("If-None-Match") == "*"
        version = self._store.put(name, content, over=over, new=new)
        if version is None:
            return _refused(412, "PreconditionFailed")
        return web.Response(headers={"ETag": f'"{version}"'})

    def _allowed(self, request: web.Request) -> bool:
        found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        return found is not None and hmac.compare_digest(found[1].encode(), self._key)


def listing(found: Iterable[Listed], prefix: str, delimiter: str) -> str:
    """Write a listing; names with ``delimiter`` after the prefix are told by their beginning."""
    folders: dict[str, None] = {}
    parts = ["<ListBucketResult><IsTruncated>false</IsTruncated>"]
    for each in found:
        before, cut, _ = each.name[len(prefix) :].partition(delimiter) if delimiter else ("",) * 3
        if cut:
            folders[prefix + before + cut] = None
            continue
        parts.append(_entry(each))
    parts += [
        f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in folders
    ]
    return "".join((*parts, "</ListBucketResult>"))


@functools.lru_cache(_ENTRIES)
def _entry(each: Listed) -> str:
    when = _time(each.written_us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return (
        f"<Contents><Key>{escape(each.name)}</Key><LastModified>{when}</LastModified>"
        f'<ETag>"{each.version}"</ETag><Size>{each.size}</Size></Contents>'
    )


def _time(written_us: int) -> datetime:
    seconds, micros = divmod(written_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


def _refused(status: int, code: str) -> web.Response:
    return web.Response(
        status=status, text=f"<Error><Code>{code}</Code></Error>", content_type="application/xml"
    )


async def serve(file: Path, port: int, key: str) -> None:
    """Serve until SIGTERM or SIGINT. Raises `StoreError`, or OSError where the port is taken."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    store = ObjectStore(file)
    runner = web.AppRunner(ObjectServer(store, key).application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await stopped.wait()
    await runner.cleanup()
    store.close()


def main() -> int:
    """Parse the arguments and serve. Return 2, with a sentence, if the file is in use."""
    parser = argparse.ArgumentParser(description="Objects in a file, for the embedded broker")
    parser.add_argument("--file", type=Path, required=True, help="where they are kept")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    given = parser.parse_args()
    # Not an argument: those are shown to every user of the machine.
    key = sys.stdin.readline().strip()
    if not key:
        print("no key came in on standard input", file=sys.stderr)
        return 2
    try:
        asyncio.run(serve(given.file, given.port, key))
    except (StoreError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
