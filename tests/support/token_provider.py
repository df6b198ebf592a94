"""A token endpoint that really listens."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Provider(ThreadingHTTPServer):
    """A token endpoint."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status = 200
        self.answer: dict[str, Any] = {"access_token": "t1", "expires_in": 100}
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str | None, str]] = []


class Answer(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.headers["Authorization"], body))
        data = json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST  # noqa: N815 - inherited name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited name
        """Tests are quiet."""


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Provider]:
    with Provider() as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
