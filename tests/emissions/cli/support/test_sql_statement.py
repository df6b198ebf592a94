"""One statement is asked; comments and semicolons behind it are no second one."""

from __future__ import annotations

import pytest

from emissions.cli.support.sql_statement import StatementError, only_statement, returns_columns


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("SELECT 1", "SELECT 1"),
        (" SELECT 1 ; ", "SELECT 1"),
        ("SELECT 1;;", "SELECT 1"),
        ("SELECT 1; -- and no more", "SELECT 1"),
        ("SELECT 1 /* ; */ + 1 -- ;\n;", "SELECT 1 /* ; */ + 1"),
        ("SELECT ';' AS a, `;`, \";\", $x$;$x$", "SELECT ';' AS a, `;`, \";\", $x$;$x$"),
        ("SELECT 'it''s; \\'; ' ;", "SELECT 'it''s; \\'; '"),
        ("-- a question\nSELECT format FROM t", "-- a question\nSELECT format FROM t"),
    ],
)
def test_one_statement_is_taken_out_of_a_text(text: str, statement: str) -> None:
    assert only_statement(text).strip() == statement


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the statement is empty"),
        (" ; -- nothing", "the statement is empty"),
        (
            "SELECT 1; SELECT 2",
            "only one statement is allowed: a second one starts at line 1, column 11",
        ),
        ("SELECT 1;\n-- x\n DROP TABLE a", "starts at line 3, column 2: DROP TABLE a"),
        ("SELECT 1 FORMAT JSON;", "leave FORMAT out of the statement"),
        ("SELECT 1 INTO OUTFILE 'x'", "leave INTO OUTFILE out of the statement"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(text: str, why: str) -> None:
    with pytest.raises(StatementError) as refused:
        only_statement(text)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("statement", "told"),
    [("SELECT 1", True), ("-- x\n(with 1 AS a SELECT a)", True), ("SHOW TABLES", False),
     ("DESCRIBE TABLE x", False)],
)  # fmt: skip
def test_columns_are_told_before_of_a_select_only(statement: str, told: bool) -> None:
    assert returns_columns(statement) is told
