"""Rows as a table where it fits and as records where it does not: nothing is ever cut off."""

from __future__ import annotations

import json
from math import inf, nan

import pytest
from rich.cells import cell_len

from emissions.cli.support.output import PAGE, line_style, show_rows, show_table
from emissions.cli.support.table_layout import Style, cell_text, lines_of

ID = "7d444840-9dc0-11d1-b245-5ffdce74fad2"


def laid(columns: tuple[str, ...], rows: list[tuple[object, ...]], width: int | None) -> list[str]:
    return list(lines_of(columns, rows, Style(width)))


def test_numbers_stand_on_the_right_under_their_head() -> None:
    assert laid(("rule", "value", "n"), [("KZ-30", 1.5, 7), ("KZ-DAY", 1375.0, 1234)], 80) == [
        "rule    value     n",
        "───────────────────",
        "KZ-30     1.5     7",
        "KZ-DAY   1375  1234",
    ]


def test_a_row_that_does_not_fit_is_a_record() -> None:
    rows: list[tuple[object, ...]] = [(ID, ID, None), (ID, "b", 2)]
    assert laid(("id", "other", "n"), rows, 60) == [
        "─ 1 " + "─" * 56,
        f"id     {ID}",
        f"other  {ID}",
        "n",
        "─ 2 " + "─" * 56,
        f"id     {ID}",
        "other  b",
        "n      2",
    ]


def test_words_are_broken_before_a_table_is_given_up() -> None:
    rows: list[tuple[object, ...]] = [(ID, "one sentence of a few words that is long")]
    lines = laid(("id", "detail"), rows, 60)
    assert lines[0].split() == ["id", "detail"]
    assert lines[2:] == [
        f"{ID}  one sentence of a few",
        " " * 38 + "words that is long",
    ]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_no_value_is_cut_or_broken_inside_a_word(width: int) -> None:
    row = (ID, "Газоперерабатывающий комплекс 020 на берегу", 3330.6, "x" * 64, "a\nb", True)
    text = "\n".join(laid(tuple("abcdef"), [row], width))
    for word in " ".join(map(cell_text, row)).split():
        assert word in text.split()
    lines = text.split("\n")
    assert all(cell_len(line) <= max(width, 70) for line in lines)


def test_without_a_width_a_table_is_as_wide_as_it_needs() -> None:
    assert len(laid(tuple("abcdefgh"), [(ID,) * 8], None)) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (1.23456789, "1.2346"),
        (123456.789, "123457"),
        (2_060_640.0, "2060640"),
        (20640.52, "20641"),
        (0.00001234, "1.234e-05"),
        (0.5, "0.5"),
        (1375.0, "1375"),
        (0.0, "0"),
        (nan, "nan"),
        (-inf, "-inf"),
        (10**20, "100000000000000000000"),
        ("\x1b[2Jhello", "\\x1b[2Jhello"),
    ],
)
def test_values_as_people_read_them(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_columns_of_the_environment_count_off_a_terminal_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert line_style().width == 60
    show_rows([{"a": ID, "b": ID, "c": None}], ("a", "b", "c"), "table")
    assert capsys.readouterr().out.splitlines()[1:] == [f"a  {ID}", f"b  {ID}"]
    monkeypatch.delenv("COLUMNS")
    assert line_style().width is None


def test_where_lines_cannot_be_drawn_they_are_dashes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Narrow:
        encoding = "ascii"

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr("sys.stdout", Narrow())
    assert line_style().rule == "-"


def test_many_rows_are_laid_out_a_page_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("n",), ((n,) for n in range(PAGE + 1)))
    lines = capsys.readouterr().out.splitlines()
    assert [at for at, line in enumerate(lines) if line.strip() == "n"] == [0, PAGE + 2]
    assert len(lines) == PAGE + 1 + 4
    show_table(("n",), iter(()))
    assert capsys.readouterr().out.splitlines() == ["n", "─"]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("json", '{"a": null, "b": [null, 1]}\n{"a": 2, "b": {"c": null}}\n'),
        ("array", '[\n{"a": null, "b": [null, 1]},\n{"a": 2, "b": {"c": null}}\n]\n'),
        ("csv", 'a\nnan\n2\n'),
    ],
)  # fmt: skip
def test_scripts_get_valid_json(form: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"a": nan, "b": (inf, 1)}, {"a": 2, "b": {"c": -inf}}], ("a",), form)
    assert capsys.readouterr().out == text
    show_rows([], ("a",), "array")
    assert json.loads(capsys.readouterr().out) == []
