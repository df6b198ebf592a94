"""Gets the tokens of SASL/OAUTHBEARER: from a file, or from the endpoint of an OIDC provider."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError

from streams.access_files import client_context, read_secret
from streams.settings import Settings

_ANSWER_S: Final = 10.0
_MOST_BYTES: Final = 256 * 1024
_EARLY_S: Final = 30.0
"""A token is asked for anew this long before its end, or at half of its life if that is later."""
_LIFE_S: Final = 300.0  # of a token whose end is not told: RFC 6749 only recommends expires_in
_CODE: Final = re.compile(r"[a-z_]{1,40}")


class TokenError(KafkaError):  # type: ignore[misc]
    """There is no token now; the text is a sentence. Clients try again as without a broker."""

    def __str__(self) -> str:
        return str(self.args[0])


class FileTokens(AbstractTokenProvider):  # type: ignore[misc]
    """Reads the token from its file at each connection; whoever renews it replaces the file."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    async def token(self) -> str:
        """Return the token. Raises AccessFileError."""
        return await asyncio.to_thread(self.read)

    def read(self) -> str:
        """Return the token, for clients that are not asynchronous. Raises AccessFileError."""
        return read_secret(self._path, "EMISSIONS_BROKER_TOKEN_FILE")


class EndpointTokens(AbstractTokenProvider):  # type: ignore[misc]
    """Asks a token endpoint by client credentials (RFC 6749, 4.4) and keeps the token while valid.

    One object may serve clients of several event loops and threads.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = -1.0
        self.asked = 0

    async def token(self) -> str:
        """Return a valid token, asking for one where needed. Raises TokenError, AccessFileError."""
        return await asyncio.to_thread(self.read)

    def read(self) -> str:
        """Return a valid token, for clients that are not asynchronous. Raises as `token`."""
        with self._lock:
            now = self._clock()
            if not self._token or now >= self._until:
                self.asked += 1
                self._token, life = self._ask()
                self._until = now + max(life - _EARLY_S, life / 2)
            return self._token

    def _ask(self) -> tuple[str, float]:
        url = str(self._settings.broker_token_url)
        fields = {"grant_type": "client_credentials"}
        if self._settings.broker_token_scope is not None:
            fields["scope"] = self._settings.broker_token_scope
        client = quote(str(self._settings.broker_client_id), safe="")
        secret = quote(self._settings.secret("broker_client_secret") or "", safe="")
        told = base64.b64encode(f"{client}:{secret}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310 - https, or loopback: see the settings
            url,
            urlencode(fields).encode(),
            {"Authorization": f"Basic {told}", "Accept": "application/json"},
        )
        try:
            with self._opener().open(request, timeout=_ANSWER_S) as answer:
                return _token_of(json.loads(answer.read(_MOST_BYTES)))
        except urllib.error.HTTPError as error:
            raise TokenError(f"the token endpoint {url} refuses: {_reason(error)}") from None
        except (OSError, ValueError, RecursionError) as error:
            why = getattr(error, "reason", error)
            raise TokenError(f"the token endpoint {url} gives no token: {why}") from None

    def _opener(self) -> urllib.request.OpenerDirector:
        handlers: list[Any] = [_NoRedirect()]
        if str(self._settings.broker_token_url).startswith("https:"):
            context = client_context(
                ca=self._settings.broker_token_ca_file, setting="EMISSIONS_BROKER_TOKEN"
            )
            handlers.append(urllib.request.HTTPSHandler(context=context))
        return urllib.request.build_opener(*handlers)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The secret goes to the endpoint of the settings and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _token_of(answer: object) -> tuple[str, float]:
    """Return token and life in seconds; raise ValueError where the answer has none."""
    fields = answer if isinstance(answer, dict) else {}
    token, life = fields.get("access_token"), fields.get("expires_in", _LIFE_S)
    if not token or not isinstance(token, str):
        raise ValueError("its answer has no access_token")
    if not token.isascii() or not token.isprintable():
        raise ValueError("its access_token is no token")
    if isinstance(life, bool) or not isinstance(life, int | float) or not 0 < life < 1e9:
        life = _LIFE_S
    return token, float(life)


def _reason(error: urllib.error.HTTPError) -> str:
    """Return status and the error code of RFC 6749; the rest of an answer is not repeated."""
    with error:
        try:
            code = json.loads(error.read(_MOST_BYTES))["error"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            code = None
    known = isinstance(code, str) and _CODE.fullmatch(code)
    words = f"{error.code} {code}" if known else str(error.code)
    return (
        f"{words}: look at EMISSIONS_BROKER_CLIENT_ID and EMISSIONS_BROKER_CLIENT_SECRET"
        if error.code in (400, 401, 403)
        else words
    )
