"""Brings headers on which an answer hangs into one form, for the cache and for what is behind it.

Where a client sends one of them twice, one part of a server may take the first and another the
last: then what was negotiated for one client would be kept for others.
"""

from __future__ import annotations

from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

_COOKIE: Final = b"cookie"
_FIRST: Final = (b"accept", b"accept-language", b"authorization")
"""Of these the first counts, up to `MOST` bytes."""
MOST: Final = 200


def with_single_headers(app: ASGIApp) -> ASGIApp:
    """Wrap an application: it sees each header of content negotiation once, and all cookies."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            scope["headers"] = _single(list(scope["headers"]))
        await app(scope, receive, send)

    return wrapped


def _single(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    cookies = [value for name, value in headers if name == _COOKIE]
    found: list[tuple[bytes, bytes]] = []
    seen: set[bytes] = set()
    for name, value in headers:
        if name in _FIRST:
            if name not in seen:
                found.append((name, value if name == b"authorization" else value[:MOST]))
            seen.add(name)
        elif name != _COOKIE:
            found.append((name, value))
    return [*found, (_COOKIE, b"; ".join(cookies))] if cookies else found
