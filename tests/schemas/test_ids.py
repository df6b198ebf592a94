"""Schema ids over HTTP, against a small schema registry that really listens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from schemas.codec import Codec
from schemas.definitions import current
from schemas.errors import SchemaRegistryError
from schemas.ids import FileIds, HttpIds
from tests.schemas.examples import READING, RECORDS


class Registry(ThreadingHTTPServer):
    """As much of a Confluent-compatible schema registry as its clients here use."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.schemas: dict[int, str] = {}
        self.subjects: dict[str, dict[str, int]] = {}
        self.requests: list[str] = []
        self.authorization: str | None = None
        self.broken = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def register(self, subject: str, text: str) -> int:
        versions = self.subjects.setdefault(subject, {})
        if text not in versions:
            versions[text] = 500 + len(self.schemas)
            self.schemas[versions[text]] = text
        return versions[text]


class Answer(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        text = self.server.schemas.get(int(self.path.rpartition("/")[2]))
        self._answer(404 if text is None else 200, {"schema": text})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        subject = self.path.split("/")[2]
        if self.path.endswith("/versions"):
            self._answer(200, {"id": self.server.register(subject, body["schema"])})
        else:
            number = self.server.subjects.get(subject, {}).get(body["schema"])
            self._answer(404 if number is None else 200, {"id": number})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        self.server.authorization = self.headers.get("Authorization")
        if self.server.broken:
            status = 500
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited name
        """Tests are quiet."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_file_ids_are_fixed() -> None:
    ids = FileIds()
    assert {name: ids.id_of(name) for name in RECORDS} == {
        "EmissionReading": 41001,
        "StreamTick": 41002,
        "EnterpriseRegistration": 41003,
        "WindowMean": 41004,
        "DataGap": 41005,
        "Violation": 41006,
        "DeadLetter": 41007,
    }
    for name in RECORDS:
        assert ids.schema_of(ids.id_of(name)) == current()[name]
    assert ids.schema_of(1) is None


def test_start_registers_once_under_the_full_names(registry: Registry) -> None:
    HttpIds(registry.url).start()
    assert set(registry.subjects) == {f"kz.emissions.{name}" for name in current()}
    registry.requests.clear()
    second = HttpIds(registry.url + "/")
    second.start()
    assert not [asked for asked in registry.requests if asked.endswith("/versions")]
    assert (
        second.id_of("DataGap")
        == registry.subjects["kz.emissions.DataGap"][current()["DataGap"].text]
    )


def test_subjects_can_be_named(registry: Registry) -> None:
    HttpIds(registry.url, subjects={"DataGap": "emissions.gaps-value"}).id_of("DataGap")
    assert set(registry.subjects) == {"emissions.gaps-value"}


def test_two_workers_understand_each_other(registry: Registry) -> None:
    writer, reader = Codec(HttpIds(registry.url)), Codec(HttpIds(registry.url))
    message = writer.encode("EmissionReading", RECORDS["EmissionReading"])
    assert message[1:5] == (500).to_bytes(4, "big")
    assert reader.decode_reading(message) == READING


def test_hits_are_kept_for_ever_and_misses_for_a_while(registry: Registry) -> None:
    now = [0.0]
    ids = HttpIds(registry.url, miss_s=60, clock=lambda: now[0])
    assert ids.schema_of(500) is None
    number = registry.register("elsewhere", current()["DataGap"].text)
    assert number == 500
    assert ids.schema_of(500) is None
    assert len(registry.requests) == 1
    now[0] = 60.0
    found = ids.schema_of(500)
    assert found is not None
    assert found.name == "DataGap"
    now[0] = 1e9
    assert ids.schema_of(500) == found
    assert len(registry.requests) == 2


@pytest.mark.parametrize(
    "text",
    [
        '"string"',
        '{"type": "record", "name": "Weather", "namespace": "kz.other", "fields": []}',
        '{"type": "record"}',
        '{"type": "wrong"}',
        "not JSON",
        "[]",
    ],
)
def test_a_schema_that_is_none_of_ours_is_not_known(registry: Registry, text: str) -> None:
    assert HttpIds(registry.url).schema_of(registry.register("other", text)) is None


def test_credentials_are_sent_and_never_shown(registry: Registry) -> None:
    address = registry.url.removeprefix("http://")
    ids = HttpIds(f"http://user:s%20ecret@{address}")
    ids.id_of("DataGap")
    assert registry.authorization == "Basic " + base64.b64encode(b"user:s ecret").decode()
    registry.broken = True
    with pytest.raises(SchemaRegistryError, match="answered 500") as failure:
        ids.schema_of(9)
    assert "ecret" not in str(failure.value)
    assert "user" not in str(failure.value)


def test_an_unreachable_registry_is_named_without_its_secrets(registry: Registry) -> None:
    port = registry.server_port
    registry.server_close()
    with pytest.raises(SchemaRegistryError, match=f"127.0.0.1:{port} does not answer") as failure:
        HttpIds(f"http://user:secret@127.0.0.1:{port}").start()
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "localhost:8081", "http://"])
def test_an_address_that_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(SchemaRegistryError, match="not an http or https URL"):
        HttpIds(url)
