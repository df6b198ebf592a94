"""A collector of traces (OTLP over HTTP) that really listens, and may hang."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class TraceCollector(ThreadingHTTPServer):
    """Keeps the names of the spans that came, by the name of the service."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.spans: list[tuple[str, str]] = []
        self.asked = 0
        self.answers = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def names(self, service: str) -> set[str]:
        return {name for owner, name in self.spans if owner == service}

    def keep(self, body: bytes) -> None:
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        for resource in request.resource_spans:
            about = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [(about["service.name"], span.name) for span in scope.spans]


class Answer(BaseHTTPRequestHandler):
    server: TraceCollector

    def do_POST(self) -> None:
        self.server.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answers.wait()
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        self.server.keep(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited name
        """Tests are quiet."""


@contextmanager
def listening(*, answers: bool = True) -> Iterator[TraceCollector]:
    with TraceCollector() as server:
        if answers:
            server.answers.set()
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.answers.set()
            server.shutdown()
            thread.join()
