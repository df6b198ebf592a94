"""A small schema registry that really listens."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote


class Registry(ThreadingHTTPServer):
    """As much of a Confluent-compatible schema registry as its clients here use."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.schemas: dict[int, dict[str, Any]] = {}
        """What ``/schemas/ids/`` answers."""
        self.subjects: dict[str, dict[str, int]] = {}
        """Ids of the texts of a subject, its versions in their order."""
        self.compatibility: dict[str, str] = {}
        self.hidden: dict[int, int] = {}
        """Ids that are not told for so many more questions, as by a node that lags."""
        self.failing: set[int] = set()
        """Ids for which it answers 500."""
        self.requests: list[str] = []
        self.authorization: str | None = None
        self.broken = False
        self.redirect_to: str | None = None
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def register(
        self, subject: str, text: str, references: list[dict[str, Any]] | None = None
    ) -> int:
        versions = self.subjects.setdefault(subject, {})
        if text not in versions:
            versions[text] = number = 500 + len(self.schemas)
            self.schemas[number] = {"schema": text}
            if references:
                self.schemas[number]["references"] = references
        return versions[text]


class Answer(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        parts = [unquote(part) for part in self.path.partition("?")[0].split("/")]
        if parts[1] == "config":
            level = self.server.compatibility.get(parts[2] if len(parts) > 2 else "")
            if level is None and "defaultToGlobal=true" in self.path:
                level = self.server.compatibility.get("", "BACKWARD")
            self._answer(404 if level is None else 200, {"compatibilityLevel": level})
        elif parts[1] == "schemas":
            number = int(parts[3])
            if number in self.server.failing:
                self._answer(500, {})
            elif self.server.hidden.get(number, 0) > 0:
                self.server.hidden[number] -= 1
                self._answer(404, {})
            else:
                found = self.server.schemas.get(number)
                self._answer(404 if found is None else 200, found or {})
        else:
            versions = list(self.server.subjects.get(parts[2], {}).values())
            at = int(parts[4])
            known = 0 < at <= len(versions)
            self._answer(
                200 if known else 404, self.server.schemas[versions[at - 1]] if known else {}
            )

    def do_PUT(self) -> None:
        subject = unquote(self.path.split("/")[2])
        self.server.compatibility[subject] = self._body()["compatibility"]
        self._answer(200, {"compatibility": self.server.compatibility[subject]})

    def do_POST(self) -> None:
        body = self._body()
        subject = unquote(self.path.split("/")[2])
        if self.path.endswith("/versions"):
            self._answer(
                200, {"id": self.server.register(subject, body["schema"], body.get("references"))}
            )
        else:
            number = self.server.subjects.get(subject, {}).get(body["schema"])
            self._answer(404 if number is None else 200, {"id": number})

    def _body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return found

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        self.server.authorization = self.headers.get("Authorization")
        if self.server.broken:
            status = 500
        data = json.dumps(body).encode()
        if self.server.redirect_to is not None:
            status = 302
        self.send_response(status)
        if self.server.redirect_to is not None:
            self.send_header("Location", self.server.redirect_to + self.path)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited name
        """Tests are quiet."""


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Registry]:
    """A registry that answers until the end of the context."""
    with Registry() as server:
        if tls is not None:
            server.scheme = "https"
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
