"""Keeps each page under one address, of a bounded length: what is written otherwise is refused."""

from __future__ import annotations

from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from emissions.portal.plain_answer import send_plain

MOST: Final = 8_000
"""Most bytes of path and question together: RFC 9110, 4.1, wants as many to be taken."""
_DOUBLED: Final = b"no page has // in its address: write it with single slashes\n"
_LONG: Final = b"the address is longer than 8000 bytes, as none here is: ask for less at once\n"


def refuse_odd_addresses(app: ASGIApp) -> ASGIApp:
    """Wrap an application: an address with ``//`` in its path is not found, a long one refused.

    The router takes ``//`` for one slash; whatever looks at addresses before it would not, as the
    limit of requests and the cache do. A page repeats its address in three languages, and the cache
    keeps it: a long one would cost a multiple of what it takes to send it.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
        elif len(scope["raw_path"]) + len(scope["query_string"]) > MOST:
            await send_plain(scope, send, 414, _LONG)
        elif "//" in scope["path"]:
            await send_plain(scope, send, 404, _DOUBLED)
        else:
            await app(scope, receive, send)

    return wrapped
