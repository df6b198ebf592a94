"""Keeps each page under one address: what is not written that way is not found."""

from __future__ import annotations

from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from emissions.portal.plain_answer import send_plain

_BODY: Final = b"no page has // in its address: write it with single slashes\n"


def refuse_doubled_slashes(app: ASGIApp) -> ASGIApp:
    """Wrap an application: an address with ``//`` in its path is not found.

    The router takes it for that with one slash; whatever looks at addresses before it would not,
    as the limit of requests and the cache do.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or "//" not in scope["path"]:
            await app(scope, receive, send)
            return
        await send_plain(scope, send, 404, _BODY)

    return wrapped
