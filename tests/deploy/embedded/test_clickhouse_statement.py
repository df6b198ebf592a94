"""Where the statement ends and the data begin."""

from __future__ import annotations

import pytest

from deploy.embedded.clickhouse_statement import Insert, Statement, read_statement


@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [
        ("INSERT INTO t FORMAT CSV", b"1\n2\n", Insert("INSERT INTO t ", "", "CSV", b"1\n2\n")),
        ("", b"insert into t (a) format CSV\n1\n", Insert("insert into t (a) ", "", "CSV", b"1\n")),
        ("INSERT INTO t VALUES", b"(1)", Insert("INSERT INTO t ", "", "Values", b"(1)")),
        ("", b"INSERT INTO t VALUES (1)", Insert("INSERT INTO t ", "", "Values", b" (1)")),
        (
            "",
            b"INSERT INTO t SETTINGS a = 'FORMAT x' FORMAT Native\n\x00\xff\x80",
            Insert("INSERT INTO t ", "SETTINGS a = 'FORMAT x' ", "Native", b"\x00\xff\x80"),
        ),
        (
            "/* VALUES */ INSERT INTO `values` (`format`) -- FORMAT\nFORMAT CSV",
            b"1",
            Insert("/* VALUES */ INSERT INTO `values` (`format`) -- FORMAT\n", "", "CSV", b"1"),
        ),
        ("INSERT INTO t (values, format) FORMAT CSV", b"1,2", None),
    ],
)
def test_an_insert_is_cut_where_its_data_begin(
    query: str, body: bytes, expected: Insert | None
) -> None:
    if expected is None:
        expected = Insert("INSERT INTO t (values, format) ", "", "CSV", body)
    assert read_statement(query, body) == expected


@pytest.mark.parametrize(
    ("query", "verb", "named", "plain"),
    [
        ("SELECT 1", "SELECT", None, True),
        ("select 1 format JSON", "SELECT", "JSON", True),
        ("SELECT 1 FORMAT CSV SETTINGS max_threads = 1;", "SELECT", "CSV", True),
        ("SELECT formatDateTime(now(), '%F')", "SELECT", None, False),
        ("-- a comment\nWITH 1 AS x SELECT x", "WITH", None, True),
        ("INSERT INTO t SELECT 1", "INSERT", None, True),
        ("INSERT INTO t (a) SELECT a FROM s FORMAT Null", "INSERT", "Null", True),
    ],
)
def test_other_statements_say_their_verb_and_format(
    query: str, verb: str, named: str | None, plain: bool
) -> None:
    assert read_statement(query, b"") == Statement(query, verb, named, plain)


def test_query_and_body_are_one_text() -> None:
    assert read_statement("SELECT", b"1 + 1") == Statement("SELECT\n1 + 1", "SELECT", None, True)
