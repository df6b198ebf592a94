"""The HTTP interface of the embedded ClickHouse, as the clients use it."""

from __future__ import annotations

import asyncio
import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from deploy.embedded.clickhouse import EmbeddedClickHouse, InUseError, StartError
from emissions.supervision.part import ClickHousePart
from tests.support.broker import eventually
from tests.support.clickhouse_http import ask
from tests.support.processes import runs

pytestmark = pytest.mark.process


@pytest.fixture
def table(clickhouse_server: EmbeddedClickHouse) -> Iterator[str]:
    ask(
        clickhouse_server,
        data=b"CREATE TABLE wire (a Int64, s String) ENGINE = MergeTree ORDER BY a "
        b"SETTINGS non_replicated_deduplication_window = 100",
    )
    yield "wire"
    ask(clickhouse_server, data=b"DROP TABLE wire SYNC")


@pytest.mark.parametrize("coding", [False, "lz4", "zstd", "gzip"])
def test_large_columns_arrive_whole_in_every_coding(
    clickhouse_server: EmbeddedClickHouse, table: str, coding: str | bool
) -> None:
    # A client sends several blocks, and with compression a frame for each of them.
    rows = 400_000
    with client_of(clickhouse_server, compress=coding) as client:
        for _ in range(2):
            client.insert(
                table,
                [list(range(rows)), ["x"] * rows],
                column_names=["a", "s"],
                column_oriented=True,
                settings={"insert_deduplication_token": "once"},
            )
        assert client.command(f"SELECT count() FROM {table}") == rows
        assert client.query(f"SELECT sum(a) FROM {table}").first_row == (rows * (rows - 1) // 2,)
        assert len(client.query(f"SELECT a FROM {table}").result_columns[0]) == rows


def client_of(server: EmbeddedClickHouse, **arguments: object) -> Client:
    return clickhouse_connect.get_client(
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.key,
        autogenerate_session_id=False,
        **arguments,  # type: ignore[arg-type]
    )


def test_server_side_parameters_and_types(clickhouse_server: EmbeddedClickHouse) -> None:
    with client_of(clickhouse_server) as client:
        answer = client.query(
            "SELECT {text:String}, {list:Array(String)}, {none:Nullable(Int32)}",
            parameters={"text": "o'b\\", "list": ["a'b"], "none": None},
        )
    assert answer.result_rows == [("o'b\\", ["a'b"], None)]


async def test_the_async_client_runs_queries_side_by_side(
    clickhouse_server: EmbeddedClickHouse, table: str
) -> None:
    client = await clickhouse_connect.get_async_client(
        host=clickhouse_server.host,
        port=clickhouse_server.port,
        password=clickhouse_server.key,
        autogenerate_session_id=False,
    )
    try:
        await asyncio.gather(
            *(
                client.insert(table, [[n], [str(n)]], column_names=["a", "s"], column_oriented=True)
                for n in range(8)
            )
        )
        answer = await client.query(f"SELECT sum(a) FROM {table}")
        assert answer.first_row == (28,)
    finally:
        await client.close()


def test_plain_http(clickhouse_server: EmbeddedClickHouse, table: str) -> None:
    server = clickhouse_server
    assert ask(server, path="/ping").body == b"Ok.\n"
    assert ask(server, "SELECT 1").body == b"1\n"
    assert ask(server, data=b"SELECT 1 FORMAT CSV").body == b"1\n"
    assert ask(server, f"INSERT INTO {table} FORMAT CSV", data=b'1,"a"\n').status == 200
    assert ask(server, data=f"INSERT INTO {table} VALUES (2, 'b')".encode()).status == 200
    packed = gzip.compress(b'{"a":3,"s":"c"}\n')
    insert = f"INSERT INTO {table} FORMAT JSONEachRow"
    assert ask(server, insert, data=packed, headers={"Content-Encoding": "gzip"}).status == 200
    assert ask(server, f"INSERT INTO {table} FORMAT CSV", data=b"").status == 200
    settings = f"INSERT INTO {table} SETTINGS input_format_csv_skip_first_lines = 1 FORMAT CSV"
    assert ask(server, settings, data=b"4,d\n").status == 200
    answer = ask(
        server, f"SELECT a, s FROM {table} ORDER BY a", default_format="JSONCompactEachRow"
    )
    assert answer.body == b'[1, "a"]\n[2, "b"]\n[3, "c"]\n'
    assert answer.headers["X-ClickHouse-Format"] == "JSONCompactEachRow"


def test_settings_database_and_parameters_in_the_url(
    clickhouse_server: EmbeddedClickHouse,
) -> None:
    server = clickhouse_server
    assert ask(server, "SELECT getSetting('max_threads')", max_threads="1").body == b"1\n"
    assert ask(server, "SELECT getSetting('max_threads')").body != b""  # and it does not stick
    assert ask(server, "SELECT currentDatabase()", database="system").body == b"system\n"
    assert ask(server, "SELECT {n:Int32} + 1", param_n="41", session_id="any").body == b"42\n"


def test_a_summary_of_what_was_written_and_read(
    clickhouse_server: EmbeddedClickHouse, table: str
) -> None:
    written = ask(clickhouse_server, f"INSERT INTO {table} FORMAT CSV", data=b"1,a\n2,b\n")
    assert json.loads(written.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
    read = ask(clickhouse_server, f"SELECT * FROM {table}", wait_end_of_query="1", query_id="mine")
    assert json.loads(read.headers["X-ClickHouse-Summary"])["read_rows"] == "2"
    assert read.headers["X-ClickHouse-Query-Id"] == "mine"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("SELEC 1", 400, 62),
        ("SELECT * FROM nowhere", 404, 60),
        ("SELECT 1 FORMAT Nonsense", 404, 73),
        ("SELECT throwIf(number = 3) FROM numbers(10)", 500, 395),
        ("INSERT INTO nowhere FORMAT CSV 1", 404, 60),
    ],
)
def test_errors_have_status_code_and_text(
    clickhouse_server: EmbeddedClickHouse, query: str, status: int, code: int
) -> None:
    answer = ask(clickhouse_server, data=query.encode())
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert answer.body.startswith(f"Code: {code}. DB::Exception: ".encode())


def test_what_the_table_refuses_is_an_error(
    clickhouse_server: EmbeddedClickHouse, table: str
) -> None:
    ask(clickhouse_server, data=f"ALTER TABLE {table} ADD CONSTRAINT c CHECK a < 100".encode())
    refused = ask(clickhouse_server, f"INSERT INTO {table} FORMAT CSV", data=b"1,a\n500,b\n")
    assert refused.headers["X-ClickHouse-Exception-Code"] == "469"
    assert ask(clickhouse_server, f"SELECT count() FROM {table}").body == b"0\n"


def test_the_driver_sees_the_code(clickhouse_server: EmbeddedClickHouse) -> None:
    with client_of(clickhouse_server) as client:
        with pytest.raises(DatabaseError) as unknown:
            client.query("SELECT * FROM nowhere")
        assert (unknown.value.code, unknown.value.name) == (60, "UNKNOWN_TABLE")


def test_a_failure_in_the_middle_of_an_answer_is_no_answer(
    clickhouse_server: EmbeddedClickHouse,
) -> None:
    with client_of(clickhouse_server) as client, pytest.raises(DatabaseError):
        client.query("SELECT throwIf(number = 3000000) FROM numbers(5000000)")


def test_what_is_refused(clickhouse_server: EmbeddedClickHouse, table: str) -> None:
    server = clickhouse_server
    assert b"READONLY" in ask(server, f"DROP TABLE {table}").body  # GET changes nothing
    assert b"UNKNOWN_SETTING" in ask(server, "SELECT 1", nonsense="1").body
    assert b"UNKNOWN_DATABASE" in ask(server, "SELECT 1", database="nowhere").body
    snappy = ask(server, data=b"x", headers={"Content-Encoding": "snappy"})
    assert (snappy.status, b"snappy" in snappy.body) == (400, True)
    cut = gzip.compress(b"SELECT 1")[:-4]
    assert ask(server, data=cut, headers={"Content-Encoding": "gzip"}).status == 400


def test_rows_outlive_a_kill_and_the_port_stays(tmp_path: Path) -> None:
    server = EmbeddedClickHouse(tmp_path)
    with server:
        port = server.port
        ask(server, data=b"CREATE TABLE kept (a Int64) ENGINE = MergeTree ORDER BY a")
        ask(server, data=b"INSERT INTO kept VALUES (7)")
        server.kill()
        assert server.pid is None
        (tmp_path / "incoming" / "rows").write_bytes(b"cut off by the kill")
        server.start()
        assert not any((tmp_path / "incoming").iterdir())
        assert server.port == port
        assert ask(server, "SELECT a FROM kept").body == b"7\n"


def test_a_second_server_has_a_port_of_its_own_but_not_the_directory(
    clickhouse_server: EmbeddedClickHouse, tmp_path: Path
) -> None:
    with EmbeddedClickHouse(tmp_path) as second:
        assert second.port != clickhouse_server.port
        with pytest.raises(InUseError):
            EmbeddedClickHouse(tmp_path).start()
        assert ask(second, "SELECT 1").body == b"1\n"
        part = ClickHousePart(second)
        assert part.exit_code() is None
        assert second._process is not None
        second._process.kill()
        second._process.wait()
        assert part.exit_code() == -signal.SIGKILL


def test_a_server_that_says_nothing_is_told_by_its_end_and_not_by_an_old_line(
    tmp_path: Path,
) -> None:
    class Killed(EmbeddedClickHouse):
        module = "tests.support.ends_without_a_word"

    (tmp_path / "clickhouse.log").write_text("an error of an earlier life\n")
    with pytest.raises(StartError, match=r"did not start: killed by signal 9$"):
        Killed(tmp_path).start()


def test_the_server_ends_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from deploy.embedded.clickhouse import EmbeddedClickHouse\n"
        f"print(EmbeddedClickHouse(Path({str(tmp_path)!r})).start().pid, flush=True)\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    asyncio.run(eventually(lambda: not runs(pid), "the server is gone"))
