"""ClickHouse has a sentence for each reason why it cannot be used."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest
from clickhouse_connect.driver.httpclient import HttpClient

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
    assert tables.seen.endswith(".sql, all tables there")
    elsewhere = replace(clickhouse.settings, clickhouse_database="elsewhere")
    assert look(elsewhere).seen == "no database elsewhere"
    locked_out = replace(clickhouse.settings, clickhouse_password="")
    assert "rejects the user" in look(locked_out).seen


def test_tables_that_are_gone_are_named(clickhouse: TestClickHouse) -> None:
    for kind, name in (("TABLE", "gaps"), ("VIEW", "latest_means")):
        clickhouse.client.command(f"DROP {kind} {name} SYNC")
    found = look(clickhouse.settings)
    assert found.state == "MISSING"
    assert "lacks gaps, latest_means, which its migrations made" in found.seen
    assert "backup" in found.remedy
    for table in clickhouse.rows("SHOW TABLES"):
        if table[0] != "migrations":
            clickhouse.client.command(f"DROP TABLE {table[0]} SYNC")
    found = look(clickhouse.settings)
    assert found.state == "MISSING"
    assert re.search(r"lacks access_records, .* and \d\d more", found.seen)


def test_a_database_that_is_newer_than_the_program_or_was_changed_is_told(
    clickhouse: TestClickHouse,
) -> None:
    clickhouse.client.command("INSERT INTO migrations (number, name) VALUES (9999, '9999_new.sql')")
    newer = look(clickhouse.settings)
    assert newer.state == "MISSING"
    assert "has had 9999_new.sql, which this program does not know" in newer.seen
    assert "newer" in newer.remedy
    clickhouse.client.command("DELETE FROM migrations WHERE number = 9999")
    clickhouse.client.command(
        "INSERT INTO migrations (number, name, sha256) VALUES (1, '0001_readings.sql', 'other')"
    )
    assert "was changed after it was applied" in look(clickhouse.settings).seen


def test_a_table_that_the_user_may_not_see_is_not_called_gone(
    clickhouse: TestClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    clickhouse.client.command("DROP TABLE gaps SYNC")
    command = HttpClient.command

    def asked(self: HttpClient, cmd: str, *args: Any, **more: Any) -> Any:
        return 0 if cmd.startswith("CHECK GRANT") else command(self, cmd, *args, **more)

    monkeypatch.setattr(HttpClient, "command", asked)
    found = look(clickhouse.settings)
    assert (found.state, "not seen: gaps" in found.seen) == ("UNSEEN", True)
    assert "SHOW TABLES" in found.remedy
