"""Compresses answers as they pass by, for whoever accepts gzip.

Compression tells by the length of an answer whether two places in it are alike. So an answer that
holds a secret must hold nothing beside it that a stranger chooses (BREACH). Pages of those who
signed in repeat nothing of the address but what names their own source and a day, and the secret
that a form carries is masked anew in each answer; every other page holds no secret.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

LEAST: Final = 600
"""Bytes of a body below which nothing is gained."""
LEVEL: Final = 6
_GZIP: Final = 31  # zlib's window of 15 bits, with the head and the end of gzip
_KINDS: Final = (b"text/", b"application/json", b"application/xml", b"application/atom",
                 b"image/svg", b"application/problem", b"application/javascript",
                 b"application/vnd.oai", b"application/yaml")  # fmt: skip

Headers = Iterable[tuple[bytes, bytes]]


def is_compressible(kind: bytes) -> bool:
    """Tell whether answers of a media type become smaller."""
    return kind.lower().startswith(_KINDS)


def accepts_gzip(headers: Headers) -> bool:
    """Tell whether a client takes gzip (RFC 9110, 12.5.3); a weight that is none counts as 0."""
    weights: dict[str, float] = {}
    for name, value in headers:
        if name.lower() != b"accept-encoding":
            continue
        for part in value.decode("latin-1")[:1_000].lower().split(","):
            coding, _, told = part.partition(";")
            weights[coding.strip()] = _weight(told)
    named = [weights[each] for each in ("gzip", "x-gzip") if each in weights]
    return (max(named) if named else weights.get("*", 0.0)) > 0


def _weight(told: str) -> float:
    name, _, value = told.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0


def varied(headers: Headers, by: bytes) -> list[tuple[bytes, bytes]]:
    """Return headers in which one ``vary`` names what is there and ``by``."""
    left = [each for each in headers if each[0].lower() != b"vary"]
    told = [value for name, value in headers if name.lower() == b"vary"]
    names = [each.strip() for value in told for each in value.split(b",")]
    if by not in (each.lower() for each in names):
        names.append(by)
    return [*left, (b"vary", b", ".join(names))]


def with_compression(app: ASGIApp, *, passed: str) -> ASGIApp:
    """Wrap an application; what is compressed already passes, and so do addresses at ``passed``.

    Each part is sent on when it comes, so an answer that is streamed stays one.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["path"].startswith(passed):
            await app(scope, receive, send)
            return
        wanted = scope["method"] != "HEAD" and accepts_gzip(scope["headers"])
        await app(scope, receive, _Compressing(send, wanted=wanted))

    return wrapped


class _Compressing:
    """Sends one answer, compressed where it is wanted and worth it."""

    def __init__(self, send: Send, *, wanted: bool) -> None:
        self._send = send
        self._wanted = wanted
        self._start: HTTPResponseStartEvent | None = None
        self._deflate: zlib._Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message  # until it is known whether the body is long
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(self._begun(start, long=more or len(body) >= LEAST))
        if self._deflate is not None:
            body = self._deflate.compress(body) + (b"" if more else self._deflate.flush())
            message = {**message, "body": body}
            if more and not body:
                return
        await self._send(message)

    def _begun(self, start: HTTPResponseStartEvent, *, long: bool) -> HTTPResponseStartEvent:
        """Return the head of an answer; begin to compress where that is wanted and worth it."""
        found = {name.lower(): value for name, value in start["headers"]}
        plain = b"content-encoding" not in found and b"content-range" not in found
        if not plain or not is_compressible(found.get(b"content-type", b"")):
            return start
        headers = varied(start["headers"], b"accept-encoding")
        if self._wanted and long:
            self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
            headers = [each for each in headers if each[0].lower() != b"content-length"]
            headers.append((b"content-encoding", b"gzip"))
        return {**start, "headers": headers}
