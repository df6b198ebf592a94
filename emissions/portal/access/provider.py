"""Asks a provider of sign-ins (OpenID Connect): for its configuration, its keys, and a token.

Only addresses that the provider's own configuration names are asked, no redirection is followed,
and no answer is read beyond a bound. Nothing is asked before somebody wants to sign in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec

from emissions.portal.access.id_token import (
    Expected,
    IdTokenError,
    Jwk,
    UnknownKeyError,
    verified_claims,
)
from emissions.portal.access.pending import Pending
from streams.settings import Settings

_WITHIN_S: Final = 5.0
_MOST_BYTES: Final = 256 * 1024
_KNOWN_S: Final = 3600.0
_REFUSED_S: Final = 10.0
"""After a provider did not answer it is left in peace for so long."""
_KEYS_AGAIN_S: Final = 60.0
"""Keys are fetched again for an unknown one no more often than that."""
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

Known = TypeVar("Known", bound=msgspec.Struct)


class ProviderGoneError(Exception):
    """The provider does not answer, or not as the standard says."""


class RefusedError(Exception):
    """The provider, or what it sent, does not let this sign-in pass; the text says why."""


class _Configuration(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class _Answer(msgspec.Struct, frozen=True):
    id_token: str


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""


@dataclass(frozen=True)
class Client:
    """How this portal is known to the provider; without a secret it is a public client."""

    issuer: str
    client_id: str
    return_to: str
    home: str
    claim: str
    skew_s: float
    secret: Callable[[], str | None] = field(repr=False)


class ProviderSettingsError(ValueError):
    """The settings of the provider cannot be used; the text says which and what to do."""


def client_of(settings: Settings) -> Client | None:
    """Return how the portal is known to the provider; None where the settings name none.

    Raises ProviderSettingsError.
    """
    issuer, client_id = settings.portal_oidc_issuer, settings.portal_oidc_client_id
    if issuer is None:
        return None
    if client_id is None or settings.portal_url is None:
        raise ProviderSettingsError(
            "EMISSIONS_PORTAL_OIDC_ISSUER needs EMISSIONS_PORTAL_OIDC_CLIENT_ID and "
            "EMISSIONS_PORTAL_URL, the address under which browsers reach the portal"
        )
    for name, address in (("OIDC_ISSUER", issuer), ("URL", settings.portal_url)):
        if not _is_safe(address) or urlsplit(address).query or urlsplit(address).fragment:
            raise ProviderSettingsError(
                f"EMISSIONS_PORTAL_{name} is {address!r}: it must be an https address"
            )
    home = settings.portal_url.rstrip("/")
    return Client(
        issuer, client_id, f"{home}/sign-in/return", f"{home}/", settings.portal_oidc_claim,
        float(settings.portal_oidc_skew_s),
        lambda: settings.secret("portal_oidc_client_secret"),
    )  # fmt: skip


class Provider:
    """The provider of the settings; ``transport`` stands for the network in tests."""

    def __init__(
        self,
        client: Client,
        *,
        clock: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.client = client
        self._clock = clock
        self._http = httpx.AsyncClient(
            timeout=_WITHIN_S, follow_redirects=False, transport=transport,
            headers={"accept": "application/json"},
        )  # fmt: skip
        self._asking = asyncio.Lock()
        self._known: tuple[float, _Configuration] | None = None
        self._gone_until = float("-inf")
        self._keys: list[dict[str, Any]] | None = None
        self._keys_at = float("-inf")

    async def address_of(self, state: str, pending: Pending) -> str:
        """Return the address to which a browser is led. Raises ProviderGoneError."""
        configuration = await self._configuration()
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.return_to,
            "state": state,
            "nonce": pending.nonce,
            "code_challenge": pending.challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(configuration.authorization_endpoint).query else "?"
        return f"{configuration.authorization_endpoint}{joint}{urlencode(asked)}"

    async def claims_for(self, code: str, issuer: str | None, pending: Pending) -> dict[str, Any]:
        """Return what the provider says of whoever came back with a code.

        ``issuer`` is what the answer names (RFC 9207). Raises ProviderGoneError, RefusedError.
        """
        configuration = await self._configuration()
        required = configuration.authorization_response_iss_parameter_supported
        if issuer != self.client.issuer and (issuer is not None or required):
            raise RefusedError("the answer does not come from the provider of the settings")
        answer = await self._token(configuration, code, pending)
        expected = Expected(
            self.client.issuer, self.client.client_id, pending.nonce, self._clock(),
            self.client.skew_s,
        )  # fmt: skip
        try:
            try:
                keys = await self._key_set(configuration, again=False)
                return verified_claims(answer.id_token, keys, expected)
            except UnknownKeyError:
                keys = await self._key_set(configuration, again=True)
                return verified_claims(answer.id_token, keys, expected)
        except IdTokenError as error:
            raise RefusedError(f"the ID token is not believed: {error}") from None

    async def sign_out_address(self) -> str | None:
        """Return where one signs out at the provider; None where it does not say or answer."""
        try:
            configuration = await self._configuration()
        except ProviderGoneError:
            return None
        if configuration.end_session_endpoint is None:
            return None
        asked = {"client_id": self.client.client_id, "post_logout_redirect_uri": self.client.home}
        joint = "&" if urlsplit(configuration.end_session_endpoint).query else "?"
        return f"{configuration.end_session_endpoint}{joint}{urlencode(asked)}"

    async def _configuration(self) -> _Configuration:
        async with self._asking:
            now = self._clock()
            if self._known is not None and now < self._known[0] + _KNOWN_S:
                return self._known[1]
            if now < self._gone_until:
                raise ProviderGoneError("the provider did not answer a moment ago")
            address = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                found = await self._asked("GET", address, _Configuration)
                self._check(found)
            except ProviderGoneError:
                self._gone_until = now + _REFUSED_S
                raise
            self._known = (now, found)
            return found

    def _check(self, found: _Configuration) -> None:
        if found.issuer != self.client.issuer:
            raise ProviderGoneError("its configuration names another issuer than the settings")
        for address in (
            found.authorization_endpoint, found.token_endpoint, found.jwks_uri,
            found.end_session_endpoint,
        ):  # fmt: skip
            if address is not None and not _is_safe(address):
                raise ProviderGoneError("its configuration names an address without TLS")

    async def _key_set(self, configuration: _Configuration, *, again: bool) -> list[Jwk]:
        async with self._asking:
            now = self._clock()
            rationed = now < self._keys_at + _KEYS_AGAIN_S
            old = now >= self._keys_at + _KNOWN_S
            if self._keys is None or old or (again and not rationed):
                self._keys_at = now
                self._keys = (await self._asked("GET", configuration.jwks_uri, _Keys)).keys
            return list(self._keys)

    async def _token(self, configuration: _Configuration, code: str, pending: Pending) -> _Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.return_to,
            "client_id": self.client.client_id,
            "code_verifier": pending.verifier,
        }
        secret, basic = self.client.secret(), None
        methods = configuration.token_endpoint_auth_methods_supported
        if secret and "client_secret_basic" not in methods and "client_secret_post" in methods:
            form["client_secret"] = secret
        elif secret:  # RFC 6749, 2.3.1: both are encoded as in a form first
            basic = (quote(self.client.client_id, safe=""), quote(secret, safe=""))
        return await self._asked("POST", configuration.token_endpoint, _Answer, form, basic)

    async def _asked(
        self,
        method: str,
        address: str,
        kind: type[Known],
        form: dict[str, str] | None = None,
        basic: tuple[str, str] | None = None,
    ) -> Known:
        """Return an answer as what it must be. Raises ProviderGoneError, RefusedError."""
        sent: dict[str, Any] = {} if form is None else {"data": form}
        if basic is not None:
            sent["auth"] = basic
        try:
            async with self._http.stream(method, address, **sent) as answer:
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        raise ProviderGoneError("its answer is longer than 256 KiB")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise ProviderGoneError(type(error).__name__) from None
        try:
            if answer.status_code == 200:
                return msgspec.json.decode(body, type=kind)
            if method == "POST" and answer.status_code in (400, 401):
                refusal = msgspec.json.decode(body, type=_Refusal).error[:60]
                raise RefusedError(f"the provider refuses the code: {refusal!r}")
        except msgspec.MsgspecError:
            pass
        raise ProviderGoneError(f"it answered {answer.status_code} and not as the standard says")

    async def close(self) -> None:
        """Ask no more."""
        await self._http.aclose()


def _is_safe(address: str) -> bool:
    """Tell whether an address is asked by TLS, or is on this machine."""
    parts = urlsplit(address)
    local = parts.hostname in _LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and local))
