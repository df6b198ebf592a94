"""Who reaches the embedded ClickHouse, and that nothing reaches out of it."""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

import lz4.frame  # type: ignore[import-untyped]
import pytest

from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.clickhouse_check import RefusedError, check, refused_calls
from deploy.embedded.clickhouse_compression import (
    TooLargeError,
    UnknownCodingError,
    compressor,
    decompress,
)
from deploy.embedded.clickhouse_server import BODY_LIMIT
from tests.support.clickhouse_http import ask

ROOM = 1000


@pytest.fixture
def kept(clickhouse_server: EmbeddedClickHouse) -> Iterator[str]:
    """A table with one row."""
    ask(clickhouse_server, data=b"CREATE TABLE doors (a String) ENGINE = MergeTree ORDER BY a")
    ask(clickhouse_server, data=b"INSERT INTO doors VALUES ('one')")
    yield "doors"
    ask(clickhouse_server, data=b"DROP TABLE doors SYNC")


@pytest.mark.parametrize("path", ["/", "/ping", "/replicas_status", "/no-such-page"])
def test_every_request_must_carry_the_key(clickhouse_server: EmbeddedClickHouse, path: str) -> None:
    for data in (None, b"SELECT 1"):
        missing = ask(clickhouse_server, data=data, key=None, path=path)
        assert (missing.status, missing.headers["X-ClickHouse-Exception-Code"]) == (401, "516")
        assert b"AUTHENTICATION_FAILED" in missing.body
        wrong = ask(clickhouse_server, data=data, key="guess", path=path)
        assert (wrong.status, wrong.headers["X-ClickHouse-Exception-Code"]) == (403, "516")


def test_the_key_is_taken_as_clients_send_it(clickhouse_server: EmbeddedClickHouse) -> None:
    server, key = clickhouse_server, clickhouse_server.key
    own = {"X-ClickHouse-User": "default", "X-ClickHouse-Key": key}
    assert ask(server, "SELECT 1", key=None, headers=own).body == b"1\n"
    assert ask(server, "SELECT 1", key=None, headers={"X-ClickHouse-Key": key}).body == b"1\n"
    assert ask(server, "SELECT 1", key=None, user="default", password=key).body == b"1\n"
    assert ask(server, "SELECT 1", key=None, password=key).body == b"1\n"
    assert ask(server, "SELECT 1", key=None, user="default").status == 403
    assert ask(server, "SELECT 1", key=None, user="other", password=key).status == 403
    assert ask(server, "SELECT 1", key=None, headers={"Authorization": "Bearer x"}).status == 403
    # Two of which one is wrong: nobody knows which was meant.
    assert ask(server, "SELECT 1", password="guess").status == 403  # noqa: S106


def test_each_server_has_a_key_of_its_own_that_processes_do_not_show(
    clickhouse_server: EmbeddedClickHouse, tmp_path: Path
) -> None:
    key = clickhouse_server.key
    assert len(key) >= 32
    assert EmbeddedClickHouse(tmp_path).key != key
    assert key in clickhouse_server.url
    assert key not in clickhouse_server.address
    assert key.encode() not in Path(f"/proc/{clickhouse_server.pid}/cmdline").read_bytes()
    for file in clickhouse_server.path.rglob("*"):
        if file.is_file():
            assert key.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Origin": "http://example.com"},
        {"Origin": "http://localhost:3000"},  # a page of another program on this machine
        {"Origin": "null"},
        {"Host": "example.com"},  # a name that was made to lead here
        {"Host": "127.0.0.1.example.com:8123"},
        {"Host": "[::1"},
    ],
)
def test_pages_of_other_sites_are_refused_even_with_the_key(
    clickhouse_server: EmbeddedClickHouse, headers: dict[str, str]
) -> None:
    for data in (None, b"SELECT 1"):
        refused = ask(clickhouse_server, data=data, headers=headers)
        assert refused.status == 403
        assert not any(name.lower().startswith("access-control") for name in refused.headers)


def test_a_person_and_a_page_of_its_own_are_served(clickhouse_server: EmbeddedClickHouse) -> None:
    for site in ("none", "same-origin"):
        answer = ask(clickhouse_server, "SELECT 1", headers={"Sec-Fetch-Site": site})
        assert answer.body == b"1\n"
    own = {"Origin": clickhouse_server.address}
    assert ask(clickhouse_server, data=b"SELECT 1", headers=own).body == b"1\n"
    assert ask(clickhouse_server, "SELECT 1", headers={"Host": "localhost:1"}).body == b"1\n"


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO doors VALUES ('two')",
        "INSERT INTO doors SELECT 'two'",
        "/* SELECT */ INSERT INTO doors SELECT 'two'",
        "WITH 'two' AS x INSERT INTO doors SELECT x",
        "INSERT INTO FUNCTION null('a Int8') SELECT 1",
        "EXPLAIN ANALYZE INSERT INTO doors SELECT 'two'",
        "SELECT 1; DROP TABLE doors",
        "SELECT 1;;DROP TABLE doors",
        "DROP TABLE doors",
        "DELETE FROM doors WHERE 1",
        "ALTER TABLE doors DELETE WHERE 1",
        "CREATE TABLE more (a Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE more (a Int8)",
        "SET readonly = 0",
        "SELECT 1 SETTINGS readonly = 0",
        "SYSTEM STOP MERGES",
        "KILL QUERY WHERE 1",
    ],
)
@pytest.mark.parametrize("parameters", [{}, {"readonly": "0"}, {"allow_ddl": "1"}])
def test_get_only_reads(
    clickhouse_server: EmbeddedClickHouse, kept: str, query: str, parameters: dict[str, str]
) -> None:
    answer = ask(clickhouse_server, query, **parameters)  # type: ignore[arg-type]
    assert answer.status >= 400
    assert ask(clickhouse_server, f"SELECT * FROM {kept}").body == b"one\n"
    assert ask(clickhouse_server, "SHOW TABLES").body == b"doors\n"


OUTSIDE = [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM `file`('/etc/passwd', 'LineAsString')",
    "SELECT * FROM fIlE('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT arrayMap(x -> `file`(x), ['/etc/passwd'])",
    "SELECT 1 WHERE file('/etc/passwd') != ''",
    "SELECT * FROM loop(file('/etc/passwd', 'LineAsString')) LIMIT 1",
    "SELECT * FROM view(SELECT file('/etc/passwd'))",
    "SELECT * FROM format(Values, 'a String', $$(file('/etc/passwd'))$$)",
    "SELECT 1 SETTINGS additional_result_filter = 'file(\\'/etc/passwd\\') != \\'\\''",
    "SELECT * FROM default.`/etc/passwd`",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM fileCluster('x', '/etc/passwd')",
    "DESCRIBE TABLE file('/etc/passwd')",
    "EXPLAIN SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:9/a/b')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:9/a', 'TSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', system, one)",
    "SELECT * FROM remoteSecure('127.0.0.1', system, one)",
    "SELECT * FROM cluster('default', system, one)",
    "SELECT * FROM mysql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('/etc/passwd', 'a')",
    "SELECT * FROM mongodb('127.0.0.1:9', 'a', 'b', 'c', 'd', 'e String')",
    "SELECT * FROM redis('127.0.0.1:9', 'a', 'a String')",
    "SELECT * FROM jdbc('a', 'b')",
    "SELECT * FROM odbc('a', 'b')",
    "SELECT * FROM executable('cat', 'TSV', 'a String')",
    "SELECT * FROM python(sys)",
    "SELECT * FROM eval('SELECT 1') SETTINGS allow_experimental_eval_table_function = 1",
    "SELECT aiGenerate('a')",
    "INSERT INTO FUNCTION file('{out}', 'CSV', 'a Int8') VALUES (1)",
    "INSERT INTO FUNCTION file('{out}', 'CSV') SELECT 1",
    "INSERT INTO FUNCTION url('http://127.0.0.1:9/', 'CSV', 'a Int8') SELECT 1",
    "INSERT INTO doors FROM INFILE '/etc/passwd' FORMAT LineAsString",
    "INSERT INTO doors VALUES (file('/etc/passwd'))",
    "SELECT 1 INTO OUTFILE '{out}'",
    "SELECT 1 INTO/**/OUTFILE '{out}' TRUNCATE FORMAT CSV",
    "SHOW TABLES INTO OUTFILE '{out}'",
    "CREATE TABLE more (a String) ENGINE = File(CSV, '/etc/passwd')",
    "CREATE TABLE more (a String) ENGINE = URL('http://127.0.0.1:9/', CSV)",
    "CREATE TABLE more (a String) ENGINE = Kafka('127.0.0.1:9', 'a', 'b', 'CSV')",
    "CREATE TABLE more ENGINE = Memory AS SELECT file('/etc/passwd')",
    "CREATE TABLE more (a String DEFAULT file('/etc/passwd')) ENGINE = Memory",
    "CREATE TABLE more AS file('/etc/passwd', 'LineAsString')",
    "CREATE TABLE more (a Int8) ENGINE = MergeTree ORDER BY a "
    "SETTINGS disk = disk(type = local, path = '{out}/')",
    "CREATE VIEW more AS SELECT file('/etc/passwd')",
    "CREATE MATERIALIZED VIEW more ENGINE = Memory AS SELECT file('/etc/passwd') AS f FROM doors",
    "CREATE DATABASE more ENGINE = Filesystem('/etc')",
    "CREATE DATABASE more ENGINE = MySQL('127.0.0.1:9', 'a', 'b', 'c')",
    "CREATE DICTIONARY more (a String) PRIMARY KEY a "
    "SOURCE(FILE(PATH '/etc/passwd' FORMAT CSV)) LAYOUT(FLAT())",
    "CREATE FUNCTION more AS x -> file(x)",
    "CREATE NAMED COLLECTION more AS a = 1",
    "CREATE USER more",
    "GRANT ALL ON *.* TO default",
    "ALTER TABLE doors MODIFY COLUMN a String DEFAULT file('/etc/passwd')",
    "ATTACH TABLE more FROM '/etc' (a Int8) ENGINE = MergeTree ORDER BY a",
    "BACKUP TABLE doors TO File('{out}')",
    "RESTORE TABLE doors FROM File('{out}')",
    "SYSTEM SHUTDOWN",
    "\\i /etc/passwd",
    "SET dialect = 'kusto'",
]


@pytest.mark.parametrize("query", OUTSIDE)
def test_nothing_reaches_out_of_the_database(
    clickhouse_server: EmbeddedClickHouse, kept: str, query: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    text = query.replace("{out}", str(out))
    for answer in (
        ask(clickhouse_server, text),
        ask(clickhouse_server, data=text.encode()),
        ask(clickhouse_server, data=text.encode(), wait_end_of_query="1"),
    ):
        assert answer.status >= 400, answer.body
        assert b"root:" not in answer.body
        assert b"Connection refused" not in answer.body
    assert not out.exists()
    assert ask(clickhouse_server, f"SELECT * FROM {kept}").body == b"one\n"
    assert ask(clickhouse_server, "SHOW TABLES").body == b"doors\n"


@pytest.mark.parametrize(
    "setting",
    [
        {"additional_result_filter": "file('/etc/passwd') = ''"},
        {"dialect": "kusto"},
        {"input_format_values_interpret_expressions": "1"},
        {"format_schema": "/etc/passwd"},
        {"input_format_record_errors_file_path": "/tmp/errors"},  # noqa: S108
    ],
)
def test_settings_that_are_expressions_or_paths_are_refused(
    clickhouse_server: EmbeddedClickHouse, setting: dict[str, str]
) -> None:
    for data in (None, b"SELECT 1"):
        query = "SELECT 1" if data is None else None
        refused = ask(clickhouse_server, query, data=data, **setting)  # type: ignore[arg-type]
        assert b"SETTING_CONSTRAINT_VIOLATION" in refused.body


def test_what_people_ask_is_answered(clickhouse_server: EmbeddedClickHouse, kept: str) -> None:
    for query, answer in (
        ("SELECT `a` FROM doors -- file('/etc/passwd')", b"one\n"),
        ("SELECT 'file(', 'it''s INTO OUTFILE'", b"file(\tit\\'s INTO OUTFILE\n"),
        ("SELECT count() FROM numbers(3) SETTINGS max_threads = 1", b"3\n"),
        ("(SELECT 1) UNION ALL (SELECT 1);", b"1\n1\n"),
        ("WITH 1 AS x SELECT x + {n:Int8}", b"2\n"),
        ("EXISTS TABLE doors", b"1\n"),
        ("DESCRIBE TABLE doors FORMAT Null", b""),
        ("SELECT 1 AS `file(`", b"1\n"),
    ):
        assert ask(clickhouse_server, query, param_n="1").body == answer
        assert ask(clickhouse_server, data=query.encode(), param_n="1").body == answer


def test_a_new_table_function_is_refused_until_somebody_has_looked_at_it() -> None:
    refused = refused_calls(["numbers", "readMind"])
    assert check("SELECT * FROM numbers(3)", refused, readonly=True) == "SELECT"
    with pytest.raises(RefusedError, match="readMind"):
        check("SELECT * FROM readMind(3)", refused, readonly=True)
    with pytest.raises(RefusedError, match="is not served"):
        check("THINK ABOUT numbers(3)", refused, readonly=False)


def test_a_body_is_bounded_packed_and_unpacked(clickhouse_server: EmbeddedClickHouse) -> None:
    bomb = gzip.compress(b"0" * (BODY_LIMIT + 1), 9)
    assert len(bomb) < 1 << 20
    before = _peak(clickhouse_server)
    answer = ask(clickhouse_server, data=bomb, headers={"Content-Encoding": "gzip"})
    assert (answer.status, b"TOO_MANY_BYTES" in answer.body) == (413, True)
    assert _peak(clickhouse_server) - before < 4 * BODY_LIMIT
    assert ask(clickhouse_server, "SELECT 1").body == b"1\n"


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(
    clickhouse_server: EmbeddedClickHouse,
) -> None:
    with socket.create_connection((clickhouse_server.host, clickhouse_server.port)) as sent:
        sent.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\n"
            + f"X-ClickHouse-Key: {clickhouse_server.key}\r\n".encode()
            + f"Content-Length: {BODY_LIMIT + 1}\r\n\r\n".encode()
        )
        assert sent.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_head_is_bounded(clickhouse_server: EmbeddedClickHouse) -> None:
    for more in (b"X: " + b"x" * 20_000, b"\r\n".join(b"X-%d: x" % n for n in range(2000))):
        with socket.create_connection((clickhouse_server.host, clickhouse_server.port)) as sent:
            sent.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + more + b"\r\n")
            assert sent.recv(100).startswith(b"HTTP/1.0 400 ")


@pytest.mark.parametrize("coding", ["lz4", "zstd", "gzip", "deflate"])
def test_unpacking_ends_at_the_limit(coding: str) -> None:
    def packed(size: int) -> bytes:
        made = compressor(coding)
        return made.compress(b"0" * size) + made.flush()

    assert decompress(packed(ROOM), coding, ROOM) == b"0" * ROOM
    assert decompress(packed(ROOM - 1) + packed(1), coding, ROOM) == b"0" * ROOM
    for body in (packed(ROOM + 1), packed(ROOM) + packed(1), packed(50_000_000)):
        with pytest.raises(TooLargeError):
            decompress(body, coding, ROOM)
    with pytest.raises(UnknownCodingError, match="ends in the middle"):
        decompress(packed(ROOM)[:-1], coding, ROOM)
    empty = packed(0)
    with pytest.raises(TooLargeError, match="frames"):
        decompress(empty * 10_001, coding, ROOM)


def test_bodies_of_other_libraries_are_read() -> None:
    text = bytes(range(256)) * 4000
    assert decompress(lz4.frame.compress(text), "lz4", len(text)) == text
    assert decompress(gzip.compress(text), "gzip", len(text)) == text
    assert decompress(zlib.compress(text), "deflate", len(text)) == text
    assert decompress(text, "", 1) == text  # what was not packed has met its limit already


def _peak(server: EmbeddedClickHouse) -> int:
    """The most memory that the server has had so far, bytes."""
    status = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) * 1024
