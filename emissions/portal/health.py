"""Answers whether the portal lives, before anything else is asked."""

from __future__ import annotations

from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from emissions.portal.plain_answer import send_plain

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
        await send_plain(scope, send, 200, _BODY)

    return wrapped
