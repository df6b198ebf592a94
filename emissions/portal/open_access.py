"""What stands before the API, the feeds and the files: how often, from where, and how much anew.

They are public: cookies and credentials are dropped before the application sees them, so nobody's
answer can be another one's.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from emissions.portal.api.problem import problem

PREFIXES: Final = ("/api/", "/feeds/", "/data/")
_WINDOW_S: Final = 60
_MOST_ADDRESSES: Final = 20_000
_DROPPED: Final = (b"cookie", b"authorization")
_EXPOSED: Final = b"etag, link, ratelimit, ratelimit-policy, retry-after, content-range"


class Allowance(NamedTuple):
    """What is left of the requests of an address, and the seconds until they are whole again."""

    left: int
    reset_s: int
    allowed: bool


class RateLimit:
    """Counts the requests of each address in fixed windows of a minute; bounded by addresses.

    An IPv6 address counts with its /64, which is what one user is given.
    """

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._clock = clock
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def ask(self, address: str) -> Allowance:
        """Count one request of an address."""
        who = _network(address)
        now = self._clock()
        began, count = self._counted.get(who, (now, 0))
        if now >= began + _WINDOW_S:
            began, count = now, 0
        reset = max(1, math.ceil(began + _WINDOW_S - now))
        if count >= self.most:
            return Allowance(0, reset, allowed=False)
        self._counted[who] = (began, count + 1)
        self._counted.move_to_end(who)
        while len(self._counted) > _MOST_ADDRESSES:
            self._counted.popitem(last=False)
        return Allowance(self.most - count - 1, reset, allowed=True)

    def headers(self, found: Allowance) -> list[tuple[bytes, bytes]]:
        """Return the headers of draft-ietf-httpapi-ratelimit-headers."""
        policy = f'"default";q={self.most};w={_WINDOW_S}'
        limit = f'"default";r={found.left};t={found.reset_s}'
        return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", limit.encode())]


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


class OpenAccess:
    """Wraps an ASGI application; answers what is not under the open addresses unaltered."""

    def __init__(self, app: ASGIApp, limit: RateLimit) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request, ask the application, and add the headers."""
        if scope["type"] != ScopeType.HTTP or not scope["path"].startswith(PREFIXES):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _preflight(send)
            return
        client = scope.get("client")
        allowance = self._limit.ask(client[0] if client else "")
        added = [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-expose-headers", _EXPOSED),
            (b"cross-origin-resource-policy", b"cross-origin"),
            *self._limit.headers(allowance),
        ]
        sending = _Sending(send, added, headers.get(b"if-none-match", b""), scope["method"])
        if not allowance.allowed:
            seconds = str(allowance.reset_s)
            answer = problem(
                429,
                f"more than {self._limit.most} requests a minute; ask again in {seconds} s",
                {"retry-after": seconds},
            ).to_asgi_response(None, None)  # type: ignore[arg-type]
            await answer(scope, receive, sending)
            return
        public: HTTPScope = {
            **scope,
            "headers": [each for each in scope["headers"] if each[0] not in _DROPPED],
        }
        await self._app(public, receive, sending)


class _Sending:
    """Adds headers to an answer; sends no body that the client has or did not ask for."""

    def __init__(
        self, send: Send, added: list[tuple[bytes, bytes]], known: bytes, method: str
    ) -> None:
        self._send = send
        self._added = added
        # Weak comparison (RFC 9110, 13.1.2): a proxy that compresses makes an ETag weak.
        self._known = {each.strip().removeprefix(b"W/") for each in known.split(b",")}
        self._without_body = method == "HEAD"

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name.lower(), value) for name, value in message["headers"]]
            etag = dict(headers).get(b"etag")
            if message["status"] == 200 and etag is not None and self._has(etag):
                self._without_body = True
                headers = [each for each in headers if each[0] != b"content-length"]
                message = {**message, "status": 304}
            message = {**message, "headers": [*headers, *self._added]}
        elif message["type"] == "http.response.body" and self._without_body:
            message = {**message, "body": b""}
        await self._send(message)

    def _has(self, etag: bytes) -> bool:
        return b"*" in self._known or etag.removeprefix(b"W/") in self._known


async def _preflight(send: Send) -> None:
    headers = [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", b"GET, HEAD"),
        (b"access-control-allow-headers", b"accept, if-none-match, range"),
        (b"access-control-max-age", b"86400"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
