"""Sends an event to a webhook: one request, bounded in time and in what is read of the reply."""

from __future__ import annotations

import ipaddress
import ssl
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from emissions.bridge.answer import MOST_BYTES
from emissions.bridge.event import CONTENT_TYPE, Event
from emissions.bridge.outcome import NoReply, Reply
from emissions.bridge.signature import SigningKeys

_USER_AGENT: Final = "emission-streams-bridge"


class AddressError(ValueError):
    """An address is not one that events may be sent to; the text is a sentence."""


class Address(NamedTuple):
    """Where events go: the whole URL, and what of it may be shown (a query may hold a secret)."""

    url: str
    shown: str


def address_of(url: str, *, allow_http: bool = False) -> Address:
    """Check an address: https, or http on this machine. Raises AddressError.

    ``allow_http`` permits http to any host: what is sent is then readable on the way.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError("the address is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise AddressError("the address must be https://host[:port]/path")
    if parts.username is not None or parts.password is not None:
        raise AddressError("the address must not carry a user or a password: requests are signed")
    shown = parts._replace(query="", fragment="").geturl()
    if parts.scheme == "http" and not allow_http and not _on_this_machine(parts.hostname):
        raise AddressError(
            f"{shown} is not https, and not on this machine; --allow-http sends it in the clear"
        )
    return Address(parts._replace(fragment="").geturl(), shown)


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Webhook:
    """Posts signed events to one address, over a few connections that are kept.

    Certificates are verified, with the system's authorities or those of ``ca_file`` (PEM).
    Redirects are not followed, proxies of the environment not used, cookies not kept.
    """

    def __init__(
        self,
        address: Address,
        keys: SigningKeys,
        *,
        timeout_s: float,
        connections: int,
        ca_file: Path | None = None,
    ) -> None:
        """Read the certificates; raises OSError, or ssl.SSLError for a file that holds none."""
        self._address = address
        self._keys = keys
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._timeout_s = timeout_s
        self._connections = connections
        self._tls = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Webhook:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,
            headers={"user-agent": _USER_AGENT, "accept-encoding": "identity"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, event: Event, now: int) -> Reply | NoReply:
        """Send an event at the time ``now`` (ms UTC); whatever goes wrong is a value."""
        return await self._request("POST", self._address.url, event.id, event.body, now)

    async def get(self, url: str, now: int) -> Reply | NoReply:
        """Ask an address, signed as an empty body is; whatever goes wrong is a value."""
        return await self._request("GET", url, f"answers-{now}", b"", now)

    async def _request(
        self, method: str, url: str, identity: str, body: bytes, now: int
    ) -> Reply | NoReply:
        if self._session is None:
            raise RuntimeError("the webhook is not open")
        headers = self._keys.headers(identity, now // 1000, body)
        if body:
            headers["content-type"] = CONTENT_TYPE
        try:
            async with self._session.request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                found, whole = await _bounded(response)
                asked = _retry_after_s(response.headers.get("retry-after"), now)
                return Reply(response.status, found, asked, whole)
        except TimeoutError:
            return NoReply(f"no reply within {self._timeout_s:g} s")
        except aiohttp.ClientSSLError as error:
            return NoReply(f"TLS failed: {_words(error)}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return NoReply(f"no reply: {_words(error)}")


async def _bounded(response: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    """Read a body up to its bound; tell whether that was all of it."""
    found = bytearray()
    async for chunk in response.content.iter_chunked(16 * 1024):
        found += chunk
        if len(found) > MOST_BYTES:
            response.close()
            return bytes(found[:MOST_BYTES]), False
    return bytes(found), True


def _retry_after_s(text: str | None, now: int) -> float | None:
    """Parse Retry-After, seconds or a date; None for anything else."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(min(int(text), 10**9)) if len(text) < 20 else None
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now / 1000)
    except (ValueError, OverflowError):
        return None


def _words(error: Exception) -> str:
    """Say what a client error is, without the address: its query may be secret."""
    cause = getattr(error, "os_error", None) or error.__cause__ or error
    told = getattr(cause, "strerror", None) or getattr(cause, "verify_message", None)
    return str(told or type(cause).__name__)
