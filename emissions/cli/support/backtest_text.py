"""The result of a backtest as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final

import click

from emissions.backtest.compare import Document
from emissions.backtest.tables import (
    change_rows,
    counts_header,
    enterprise_rows,
    facts,
    notes,
    region_rows,
    rule_rows,
    total_row,
    verdict,
)
from emissions.backtest.words import WORDS
from emissions.cli.support.output import line_style
from emissions.cli.support.table_layout import lines_of

SHOWN: Final = 20
"""Rows of a table."""

_MASSES: Final = (6, 7)
_FINES: Final = (8, 9)
"""Places of mass and fines in the rows of enterprises and regions."""


def backtest_text(document: Document, language: str) -> str:
    """Return the text of a document of a backtest."""
    words = WORDS[language]
    lines: list[str] = []
    style = line_style()

    def paragraph(text: str) -> None:
        lines.extend(
            [text]
            if style.width is None
            else textwrap.wrap(text, style.width, subsequent_indent="  ", break_on_hyphens=False)
        )

    def section(heading: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        listed = [list(row) for row in rows]
        lines.extend(("", click.style(heading, bold=True)))
        lines.extend(lines_of(columns, listed, style))

    def with_fines(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
        """Keep of mass and fines what fits the line: the difference."""
        return [[*row[:6], _difference(row, _MASSES), _difference(row, _FINES)] for row in rows]

    for name, is_ in facts(document, language):
        paragraph(f"{name}: {is_}")
    counts = counts_header(language)
    section(
        words.by_rule,
        [words.rule, *counts, f"{words.mass}: {words.before}", words.after],
        rule_rows(document, language, SHOWN),
    )
    for each in document["by_rule"]:
        paragraph(f"{each['rule']}: {each['title']}")
    changed = [f"± {words.mass}", f"± {words.fine}"]
    section(
        words.by_region,
        [words.region, *counts, *changed],
        with_fines([*region_rows(document, language, SHOWN), total_row(document, language)]),
    )
    section(
        words.by_enterprise,
        [words.enterprise, *counts, *changed],
        with_fines(enterprise_rows(document, language, SHOWN)),
    )
    _more(lines, len(document["by_enterprise"]), words.shown_of)
    if document["changes"]:
        section(
            words.changes,
            [
                words.change, words.rule, words.source, words.channel, words.start, words.before,
                words.after,
            ],
            change_rows(document, language, SHOWN),
        )  # fmt: skip
        _more(lines, len(document["changes"]), words.shown_of)
    lines.append("")
    for note in notes(document, language):
        paragraph(note)
    lines.append(click.style(verdict(document, language), bold=True))
    return "\n".join(lines) + "\n"


def _difference(row: Sequence[Any], places: tuple[int, int]) -> Any:
    """Subtract what is in force from what the draft brings; None where either was not measured."""
    before, after = (row[place] for place in places)
    return None if before is None or after is None else after - before


def _more(lines: list[str], total: int, sentence: str) -> None:
    if total > SHOWN:
        lines.append(sentence.format(shown=SHOWN, total=total))
