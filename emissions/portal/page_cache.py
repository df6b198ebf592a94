"""Keeps whole answers for seconds, compressed and with an ETag, in front of the application.

What is kept is public: a request of somebody who signed in, or does, goes past it, and so does an
answer that sets a cookie or forbids to keep it. Cookies of others change no answer.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)

from emissions.portal.compression import LEAST, LEVEL, accepts_gzip, is_compressible, varied
from emissions.portal.language import language_of, preferred
from emissions.portal.open_access import PREFIXES

log = structlog.get_logger()

KEPT_S: Final = 10.0
STALE_S: Final = 20.0
"""So long after that an answer is still given, while one request behind it makes a new one."""
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_KEPT_BODY: Final = 1024 * 1024

PASSED: Final = "/data/"
"""Files are streamed: a stream ends when its client has it, so it cannot be collected first."""

PRIVATE: Final = "my"
"""Second part of the addresses of those who signed in."""

UNSWITCHED: Final = "/static/"
"""Styles and scripts: they hang on nothing."""
_OF_NO_LANGUAGE: Final = (*PREFIXES, UNSWITCHED)


@dataclass(frozen=True)
class Answer:
    """A whole answer: its status, headers, body and the compressed body where it is smaller."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    compressed: bytes | None
    etag: bytes

    @property
    def shared(self) -> bool:
        """Whether others may be given it: it sets no cookie, and does not forbid to keep it."""
        control = b",".join(value for name, value in self.headers if name == b"cache-control")
        names = {name for name, _ in self.headers}
        return b"set-cookie" not in names and not any(
            each in control.lower() for each in (b"no-store", b"private")
        )

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.body) + len(self.compressed or b"") + 1_000


class PageCache:
    """Wraps an ASGI application; answers of GET and HEAD with status 200 or 404 are kept.

    One request makes an answer, those beside it wait for that. Of what many ask for nobody waits
    again: for ``stale_s`` the one before is given while the next is made. Bounded by bytes: the
    answer not asked for longest goes first. An answer over a mebibyte passes through as it comes.
    ``switch`` tells what every answer hangs on: one is given again only while that is the same.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        switch: Callable[[], Awaitable[bytes]] | None = None,
        kept_s: float = KEPT_S,
        stale_s: float = STALE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._switch = switch
        self._kept_s = kept_s
        self._stale_s = stale_s
        self._renewing: dict[bytes, asyncio.Task[Answer | None]] = {}
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[float, Answer]] = OrderedDict()
        self._made: dict[bytes, asyncio.Future[Answer | None]] = {}
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or ask the application."""
        if scope["type"] != ScopeType.HTTP or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if scope["path"].startswith(PASSED):
            await self._app(scope, receive, send)
            return
        if _is_personal(scope["path"], headers):
            await self._app(scope, receive, _unkept(send))
            return
        switched = b""
        if self._switch is not None and not scope["path"].startswith(UNSWITCHED):
            switched = await self._switch()
        key = b"\n".join(
            (switched, scope["raw_path"], scope["query_string"], headers.get(b"accept", b""),
             _language(scope["path"], headers))
        )  # fmt: skip
        answer = self._known(key, scope)
        while answer is None:
            waiting = self._made.get(key)
            if waiting is None:
                answer = await self._make(key, scope, receive, send)
                if answer is None:
                    return  # it went through as it came
            else:
                answer = await asyncio.shield(waiting)
                if answer is None:  # not one to keep: each asks for itself
                    await self._app(scope, receive, send)
                    return
        await _send(answer, headers, scope, send)

    def _known(self, key: bytes, scope: HTTPScope) -> Answer | None:
        """Return what is kept; what is no longer fresh is made again behind it."""
        found = self._kept.get(key)
        if found is None or found[0] + self._stale_s <= self._clock():
            return None
        self._kept.move_to_end(key)
        if found[0] <= self._clock() and key not in self._made and key not in self._renewing:
            making = self._make(key, scope, _no_body(), _nowhere)
            self._renewing[key] = asyncio.ensure_future(making)
            self._renewing[key].add_done_callback(partial(self._renewed, key))
        return found[1]

    def _renewed(self, key: bytes, task: asyncio.Task[Answer | None]) -> None:
        del self._renewing[key]
        if not task.cancelled() and task.exception() is not None:
            path = key.split(b"\n")[1].decode("ascii", "replace")
            log.error("portal_request_failed", path=path, exc_info=task.exception())

    async def _make(
        self, key: bytes, scope: HTTPScope, receive: Receive, send: Send
    ) -> Answer | None:
        made: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._made[key] = made
        collected = _Collected(send)
        answer: Answer | None = None
        try:
            whole: HTTPScope = {**scope, "method": "GET"}
            await self._app(whole, receive, collected)
            answer = collected.answer()
        finally:
            del self._made[key]
            shared = answer if answer is not None and answer.shared else None
            if shared is not None and shared.status in (200, 404):
                self._keep(key, shared)
            made.set_result(shared)
        return answer

    def _keep(self, key: bytes, answer: Answer) -> None:
        before = self._kept.pop(key, None)
        if before is not None:
            self._bytes -= before[1].size
        self._kept[key] = (self._clock() + self._kept_s, answer)
        self._bytes += answer.size
        while self._bytes > _MOST_BYTES:
            _, (_, gone) = self._kept.popitem(last=False)
            self._bytes -= gone.size


class _Collected:
    """Collects what an application sends, or passes it on once that is too large to keep."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._passed = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body" or self._passed:
            await self._send(message)
            return
        body = message.get("body", b"")
        self._parts.append(body)
        self._size += len(body)
        if self._size > _MOST_KEPT_BODY and self._start is not None:
            self._passed = True
            await self._send(self._start)
            whole: Message = {**message, "body": b"".join(self._parts)}
            self._parts.clear()
            await self._send(whole)

    def answer(self) -> Answer | None:
        """Return the whole answer; None where it was passed on."""
        if self._passed or self._start is None or self._start["type"] != "http.response.start":
            return None
        body = b"".join(self._parts)
        dropped = (b"content-length", b"etag")
        headers = tuple(
            (name.lower(), value)
            for name, value in self._start["headers"]
            if name.lower() not in dropped
        )
        kind = dict(headers).get(b"content-type", b"")
        compressed = None
        if len(body) >= LEAST and is_compressible(kind):
            compressed = gzip.compress(body, LEVEL, mtime=0)
        etag = b'W/"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
        return Answer(self._start["status"], headers, body, compressed, etag)


def _is_personal(path: str, headers: dict[bytes, bytes]) -> bool:
    """Tell whether an answer may hang on who asks."""
    if b"authorization" in headers or path.split("/")[2:3] == [PRIVATE]:
        return True
    cookie = headers.get(b"cookie", b"")
    return b"portal_session" in cookie or (b"portal_" in cookie and "/sign-in" in path)


def _unkept(send: Send) -> Send:
    """Send answers to somebody that say nothing of it, as errors do, so that nobody keeps them."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers = [*varied(headers, b"cookie"), (b"cache-control", b"no-store")]
            message = {**message, "headers": headers}
        await send(message)

    return sending


def _language(path: str, headers: dict[bytes, bytes]) -> bytes:
    """Return the language of an answer that hangs on the browser's; empty: the address tells it."""
    if language_of(path) is not None or path.startswith(_OF_NO_LANGUAGE):
        return b""
    return preferred(headers.get(b"accept-language", b"").decode("latin-1")).encode()


def _no_body() -> Receive:
    """Return what an application hears of a client that sends nothing and stays."""
    messages: list[HTTPReceiveMessage] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> HTTPReceiveMessage:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    return receive


async def _nowhere(_: Message) -> None:
    """Send nobody what passes through while an answer is renewed."""


async def _send(answer: Answer, asked: dict[bytes, bytes], scope: HTTPScope, send: Send) -> None:
    headers = [*varied(answer.headers, b"accept-encoding"), (b"etag", answer.etag)]
    known = asked.get(b"if-none-match", b"")
    if answer.status == 200 and (known.strip() == b"*" or answer.etag in known):
        kept = (b"cache-control", b"etag", b"vary", b"expires", b"content-security-policy")
        left = [(name, value) for name, value in headers if name in kept]
        await send({"type": "http.response.start", "status": 304, "headers": left})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    body = answer.body
    if answer.compressed is not None and accepts_gzip(scope["headers"]):
        body = answer.compressed
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    sent = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": sent, "more_body": False})
