"""Restrict the embedded ClickHouse to requests that carry its key and come from no web page.

The key excludes other users of the machine. Browsers send requests of any page to any address;
those are recognised by their headers and refused.
"""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import urlsplit

from aiohttp import BasicAuth, web
from aiohttp.typedefs import Handler, Middleware

from deploy.embedded.clickhouse_users import USER

_HERE: Final = frozenset(("127.0.0.1", "localhost", "::1"))
_OWN_SITE: Final = frozenset(("none", "same-origin"))
_REFUSED: Final = (
    f"Code: 516. DB::Exception: {USER}: Authentication failed: password is incorrect, "
    "or there is no user with such name. (AUTHENTICATION_FAILED)\n"
)


def require_key(key: str) -> Middleware:
    """Build a middleware that refuses requests without the key before it reads their body."""
    wanted = key.encode()

    @web.middleware
    async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
        foreign = _foreign(request)
        if foreign is not None:
            return web.Response(status=403, text=f"{foreign}\n")
        offered = _offered(request)
        # Every one that is offered, and all of them compared: how long it takes tells nothing.
        fits = [
            hmac.compare_digest(user.encode(), USER.encode())
            & hmac.compare_digest(secret.encode(), wanted)
            for user, secret in offered
        ]
        if offered and all(fits):
            return await handler(request)
        headers = {"X-ClickHouse-Exception-Code": "516", "Connection": "close"}
        if not offered:
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        return web.Response(status=403 if offered else 401, text=_REFUSED, headers=headers)

    return door


def _foreign(request: web.Request) -> str | None:
    """Return why a request comes from a foreign web page, or None."""
    host = request.headers.get("Host", "")
    name = _name("//" + host)
    if name not in _HERE:  # a name of elsewhere that was made to lead here
        return f"Host {host!r} is not this machine"
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in _OWN_SITE:
        return f"Sec-Fetch-Site is {site!r}: pages of other sites are not served"
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{host}":
        return f"Origin {origin!r}: pages of other sites are not served"
    return None


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _offered(request: web.Request) -> list[tuple[str, str]]:
    """Return every user and key in the request, in each form that ClickHouse accepts."""
    found = []
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        try:
            basic = BasicAuth.decode(authorization, encoding="utf-8")
            found.append((basic.login or USER, basic.password))
        except ValueError:
            found.append(("", ""))
    own = ("X-ClickHouse-User", "X-ClickHouse-Key")
    if any(name in request.headers for name in own):
        user, key = (request.headers.get(name, "") for name in own)
        found.append((user or USER, key))
    if "user" in request.query or "password" in request.query:
        users = request.query.getall("user", [USER])
        keys = request.query.getall("password", [""])
        found += [(user or USER, key) for user in users for key in keys]
    return found
