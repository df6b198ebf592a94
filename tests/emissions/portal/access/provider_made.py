"""A provider of sign-ins for tests: it answers as OpenID Connect says, without a network."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
from joserfc import jws
from joserfc.jwk import ECKey

ISSUER = "https://id.example/realms/kz"
CLIENT = "emissions"
SECRET = "s3cret of/the portal"  # noqa: S105
RIGHTS = ["offline_access", "emissions/operator/990140001233"]


class MadeProvider(httpx.MockTransport):
    """Signs tokens; a test changes what it says, its keys, or takes it down."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(self._answer)
        self.clock = clock
        self.key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})
        self.keys: list[Any] = [self.key]
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.token: str | None = None
        self.configured: dict[str, Any] = {}
        self.down = False
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    def approve(self, address: str) -> dict[str, str]:
        """Return what a browser brings back after somebody signed in at an address."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ISSUER}/authorize"
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert (asked["response_type"], asked["scope"]) == ("code", "openid")
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": ISSUER}

    def signed(self, claims: dict[str, Any]) -> str:
        """Return a token with the claims, signed by the key in use."""
        told = {"alg": "ES256", "kid": self.key.kid, **self.header}
        header = {name: value for name, value in told.items() if value is not None}
        return jws.serialize_compact(header, json.dumps(claims), self.key, algorithms=["ES256"])

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/realms/kz")
        self.asked.append(path)
        if self.down:
            raise httpx.ConnectError("refused")
        if path == "/.well-known/openid-configuration":
            return httpx.Response(200, json=self._configuration())
        if path == "/keys":
            return httpx.Response(
                200, json={"keys": [each.as_dict(private=False) for each in self.keys]}
            )
        if path == "/token":
            return self._exchange(request)
        return httpx.Response(404)

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "end_session_endpoint": f"{ISSUER}/out",
            "authorization_response_iss_parameter_supported": True,
            **self.configured,
        }

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        basic = b64decode(request.headers["authorization"].partition(" ")[2]).decode()
        client, _, secret = basic.partition(":")
        asked = self._codes.pop(form["code"], None)  # a code is good once
        challenge = sha256(form["code_verifier"].encode()).digest()
        if (
            asked is None
            or (unquote(client), unquote(secret)) != (CLIENT, SECRET)
            or form["redirect_uri"] != asked["redirect_uri"]
            or asked["code_challenge"] != urlsafe_b64encode(challenge).rstrip(b"=").decode()
        ):
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = int(self.clock())
        claims = {
            "iss": ISSUER, "sub": "u-1", "aud": CLIENT, "exp": now + 300, "iat": now,
            "nonce": asked["nonce"], "preferred_username": "aigul", "emissions": RIGHTS,
            **self.claims,
        }  # fmt: skip
        told = {name: value for name, value in claims.items() if value is not None}
        token = self.signed(told) if self.token is None else self.token
        return httpx.Response(
            200, json={"id_token": token, "access_token": "x", "token_type": "Bearer"}
        )
