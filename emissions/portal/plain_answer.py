"""Answers in one line of plain text, for what is answered before the application is asked."""

from __future__ import annotations

from litestar.types import HTTPScope, Send


async def send_plain(scope: HTTPScope, send: Send, status: int, text: bytes) -> None:
    """Send a line that nobody keeps; to HEAD its headers alone."""
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
        (b"cache-control", b"no-store"),
    ]
    body = b"" if scope["method"] == "HEAD" else text
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
