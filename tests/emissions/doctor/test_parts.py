"""ClickHouse has a sentence for each reason why it cannot be used."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from emissions.cli.support.errors import clickhouse_sentence
from emissions.doctor.check import PartCheck
from emissions.doctor.clickhouse import look_at_clickhouse
from streams.settings import Settings
from tests.support.clickhouse import TestClickHouse

pytestmark = pytest.mark.process


class Refusal(BaseHTTPRequestHandler):
    """A ClickHouse that refuses whatever is asked, by the code of a server's exception."""

    code: ClassVar[int] = 516

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        text = f"Code: {self.code}. DB::Exception: default: refused. (NAME)\n".encode()
        self.send_response(403)
        self.send_header("X-ClickHouse-Exception-Code", str(self.code))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Tests are quiet."""


@pytest.fixture
def refusing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusal) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def look(settings: Settings) -> PartCheck:
    return look_at_clickhouse(settings, clickhouse_sentence)[-1]


@pytest.mark.parametrize(
    ("code", "state", "what"),
    [
        (516, "MISSING", "URL rejects the user default or its password"),
        (497, "UNSEEN", "ClickHouse: default: refused"),
    ],
)
def test_what_clickhouse_refuses(
    refusing: str, code: int, state: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Refusal, "code", code)
    found = look(Settings(clickhouse_url=refusing))
    assert (found.state, found.seen.replace(refusing, "URL").split(" (")[0].rstrip(".")) == (
        state,
        what,
    )
    assert "EMISSIONS_CLICKHOUSE_USER" in found.remedy


def test_clickhouse_that_is_away_mute_or_without_tls(refusing: str) -> None:
    away = look(Settings(clickhouse_url="http://127.0.0.1:1"))
    assert away.seen == "no ClickHouse answers at http://127.0.0.1:1"
    plain = look(Settings(clickhouse_url=refusing.replace("http:", "https:")))
    assert "does not speak TLS" in plain.seen
    with socket.create_server(("127.0.0.1", 0)) as mute:
        said = look(Settings(clickhouse_url=f"http://127.0.0.1:{mute.getsockname()[1]}"))
    assert "did not answer within 4 s" in said.seen
    assert {away.state, plain.state, said.state} == {"MISSING"}


def test_the_last_migration_is_named(clickhouse: TestClickHouse) -> None:
    tables = look(clickhouse.settings)
    assert tables.state == "ok"
    assert tables.seen.endswith(".sql")
    elsewhere = replace(clickhouse.settings, clickhouse_database="elsewhere")
    assert look(elsewhere).seen == "no database elsewhere"
    locked_out = replace(clickhouse.settings, clickhouse_password="")
    assert "rejects the user" in look(locked_out).seen
