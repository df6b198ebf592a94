"""The other side: an HTTPS server that verifies signatures and behaves as a test tells it to.

It is what the contract asks of a subscriber: it answers a repeated id as before, and keeps of each
case the highest revision.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

KEY: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HANG: Final = -1
DROP: Final = -2


class Certificate(NamedTuple):
    """A certificate for 127.0.0.1 that signs itself, and its key; both PEM files."""

    public: Path
    private: Path


def certificate(folder: Path) -> Certificate:
    """Make a certificate for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = Certificate(folder / "receiver.pem", folder / "receiver-key.pem")
    found.public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    found.private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return found


class Receiver:
    """What arrived, in its order; ``behave`` gives a status for an id and the number of its try."""

    def __init__(self, behave: Callable[[str, int], int]) -> None:
        self.behave = behave
        self.answers: dict[str, dict[str, Any]] = {}
        self.later: dict[str, dict[str, Any]] = {}  # what /answers says after a place
        self.asked: list[str] = []
        self.tried: list[str] = []
        self.accepted: list[str] = []
        self.bodies: dict[str, bytes] = {}
        self.opened: list[str] = []  # cases, each when its first revision came
        self.revisions: dict[str, int] = {}
        self.address = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take a request."""
        body = await request.read()
        identity = request.headers["webhook-id"]
        verify(request, body)
        assert self.bodies.setdefault(identity, body) == body  # the same id, the same bytes
        self.tried.append(identity)
        status = self.behave(identity, self.tried.count(identity))
        if status == HANG:
            await asyncio.Event().wait()
        if status == DROP:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if 300 <= status < 400:
            return web.Response(status=status, headers={"location": self.address})
        if not 200 <= status < 300:
            return web.Response(status=status, headers={"retry-after": "0"})
        self._accept(identity, json.loads(body))
        return web.json_response(self.answers.get(identity, {}), status=status)

    async def tell(self, request: web.Request) -> web.Response:
        """Tell what became of cases since."""
        verify(request, b"")
        self.asked.append(request.query.get("after", ""))
        return web.json_response(self.later.get(self.asked[-1], {}))

    def _accept(self, identity: str, body: dict[str, Any]) -> None:
        self.accepted.append(identity)
        assert identity == body["id"]
        case = body["data"]["case"]
        if case["id"] not in self.revisions:
            self.opened.append(case["id"])
        self.revisions[case["id"]] = max(self.revisions.get(case["id"], 0), body["revision"])


def verify(request: web.Request, body: bytes) -> None:
    """Fail where the signature is not that of id, time and body by the key."""
    signed = b".".join(
        (
            request.headers["webhook-id"].encode(),
            request.headers["webhook-timestamp"].encode(),
            body,
        )
    )
    key = base64.b64decode(KEY.removeprefix("whsec_"))
    made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{made}"
    if body:
        assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"


@asynccontextmanager
async def receiving(receiver: Receiver, made: Certificate) -> AsyncIterator[Receiver]:
    """Serve the receiver over TLS on a port of this machine."""
    app = web.Application()
    app.router.add_post("/cases", receiver.handle)
    app.router.add_get("/answers", receiver.tell)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(made.public, made.private)
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        receiver.address = f"https://127.0.0.1:{port}/cases"
        yield receiver
    finally:
        await runner.cleanup()
