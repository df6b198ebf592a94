"""An issuer of signed tokens (JWT, RS256), and a provider (OpenID Connect) that listens."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER: Final = "https://issuer.test"
SECRET: Final = "s3cret"  # noqa: S105 - of the clients of a test


class Issuer:
    """Signs tokens; each issuer has a key of its own, under the same id."""

    def __init__(self, kid: str = "key-1") -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self._kid = kid

    def token(
        self, subject: str, audience: str, *, seconds: int = 600, issuer: str = ISSUER, **more: Any
    ) -> str:
        """Sign a token that ends so many seconds from now."""
        now = int(time.time())
        claims = {
            "iss": issuer,
            "sub": subject,
            "aud": audience,
            "iat": min(now, now + seconds - 60),
            "exp": now + seconds,
            **more,
        }
        header = {"alg": "RS256", "typ": "JWT", "kid": self._kid}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encoded(signature)}"

    def jwks(self) -> str:
        """Write the public key as a set of keys (RFC 7517)."""
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self._kid,
            "n": encoded(numbers.n.to_bytes(256, "big")),
            "e": encoded(numbers.e.to_bytes(3, "big")),
        }
        return json.dumps({"keys": [key]})


class Provider(ThreadingHTTPServer):
    """Tells its keys, and gives a token to each client whose secret is ``SECRET``."""

    def __init__(self, issuer: Issuer, audience: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.issuer = issuer
        self.audience = audience

    @property
    def url(self) -> str:
        """Its address, which is the name of the issuer too."""
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        url = self.server.url
        if self.path == "/.well-known/openid-configuration":
            about = {
                "issuer": url,
                "jwks_uri": f"{url}/keys",
                "token_endpoint": f"{url}/token",
                "authorization_endpoint": f"{url}/none",
                "introspection_endpoint": f"{url}/none",
            }
            self._say(200, json.dumps(about))
        else:
            self._say(200, self.server.issuer.jwks())

    def do_POST(self) -> None:
        form = parse_qs(self._body().decode())
        client, secret = form.get("client_id", [""])[0], form.get("client_secret", [""])[0]
        told = self.headers.get("Authorization", "")
        if told.startswith("Basic "):
            client, _, secret = base64.b64decode(told[6:]).decode().partition(":")
        if secret != SECRET:
            self._say(401, json.dumps({"error": "invalid_client"}))
            return
        token = self.server.issuer.token(client, self.server.audience, issuer=self.server.url)
        answer = {"access_token": token, "expires_in": 600, "token_type": "Bearer"}
        self._say(200, json.dumps(answer))

    def _body(self) -> bytes:
        length = self.headers["Content-Length"]
        if length is not None:
            return self.rfile.read(int(length))
        found = b""  # in chunks (RFC 9112, 7.1)
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited name
        """Tests are quiet."""


@contextmanager
def providing(issuer: Issuer, audience: str) -> Iterator[Provider]:
    """A provider that answers until the end of the context."""
    with Provider(issuer, audience) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def encoded(part: bytes) -> str:
    """Write a part of a token."""
    return base64.urlsafe_b64encode(part).decode().rstrip("=")
