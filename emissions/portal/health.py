"""Answers whether the portal lives, before anything else is asked."""

from __future__ import annotations

from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

LIVE: Final = "/livez"
_BODY: Final = b"ok\n"


def with_health(app: ASGIApp) -> ASGIApp:
    """Wrap an application: ``/livez`` says ok as long as the process serves.

    It asks nothing of ClickHouse: without that the pages say so, and what is kept is still given.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["path"] != LIVE:
            await app(scope, receive, send)
            return
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(_BODY)).encode()),
            (b"cache-control", b"no-store"),
        ]
        body = b"" if scope["method"] == "HEAD" else _BODY
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return wrapped
