"""The report of a check as text for a terminal: a table a section, empty sections left out."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import click

from emissions.cli.support.output import line_style
from emissions.cli.support.table_layout import lines_of
from emissions.file_check.report import Document
from emissions.file_check.tables import (
    finding_rows,
    gap_rows,
    outlying_rows,
    quality_rows,
    refused_rows,
    source_rows,
    summary_facts,
    violation_groups,
)
from emissions.file_check.words import WORDS, code_text, verdict

SHOWN: Final = 20
"""Rows of a table."""


def check_text(document: Document, language: str) -> str:
    """Return the text of a document of a check."""
    words = WORDS[language]
    lines: list[str] = []

    def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        lines.extend(lines_of(columns, [list(row) for row in rows], line_style()))

    def paragraph(text: str) -> None:
        width = line_style().width
        lines.extend(
            [text]
            if width is None
            else textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
        )

    def legend(meanings: Iterable[tuple[str, str]]) -> None:
        for code, meaning in meanings:
            paragraph(f"{code}: {meaning}")

    def section(
        heading: str,
        listed: Sequence[Any],
        columns: Sequence[str],
        rows: Callable[[Document, str, int], Iterable[Sequence[Any]]],
    ) -> None:
        if not listed:
            return
        lines.extend(("", click.style(heading, bold=True)))
        table(columns, rows(document, language, SHOWN))
        if len(listed) > SHOWN:
            lines.append(words.shown_of.format(shown=SHOWN, total=len(listed)))

    def without_end(found: Document, language: str, most: int) -> Iterable[Sequence[Any]]:
        for row in finding_rows(found, language, most):
            yield [*row[:4], *row[5:]]

    section(
        words.period,
        document["sources"],
        (words.source, words.rows, words.first, words.last, words.cadence, words.longest_hole),
        source_rows,
    )
    section(
        words.outlying,
        document["outlying"],
        (words.row, words.source, words.measured_at, words.beside),
        outlying_rows,
    )
    section(
        words.quality,
        document["quality"],
        (words.source, words.channel, words.sent, words.valid, words.not_valid),
        quality_rows,
    )
    codes = {code for each in document["quality"] for code in each["codes"]}
    legend((code, code_text(code, language)) for code in sorted(codes))
    section(
        words.refused_rows,
        document["refused_rows"],
        (words.row, words.source, words.measured_at, words.reason),
        refused_rows,
    )
    legend((code, code_text(code, language)) for code in document["refused_by_reason"])
    section(
        words.gaps,
        document["gaps"],
        (words.source, words.channel, words.start, words.end, words.length),
        gap_rows,
    )
    if document["violations"]:
        lines += ("", click.style(words.violations, bold=True))
        groups = list(violation_groups(document, language))
        names = ("rule", "source", "parameter", "count", "first", "value", "limit")
        table(
            (
                words.rule, words.source, words.channel, words.number, words.start, words.value,
                words.limit,
            ),
            ([group[name] for name in names] for group in groups),
        )  # fmt: skip
        rules = {each["rule"]: each for each in document["violations"]}
        legend((code, f"{each['title']} — {each['follows']}") for code, each in rules.items())
        paragraph(words.violations_note)
    section(
        words.findings,
        document["findings"],
        (
            words.kind, words.source, words.channel, words.start, words.value, words.threshold,
        ),
        without_end,
    )  # fmt: skip
    details = {
        f"{each['kind']} {each['source_id'] or each['bin']}": each["detail"]
        for each in document["findings"][:SHOWN]
    }
    legend(details.items())
    lines.append("")
    for name, is_ in summary_facts(document, language):
        paragraph(f"{name}: {is_}")
    said = verdict(len(document["violations"]), len(document["findings"]), language)
    lines.append(click.style(said, fg="red" if document["found"] else "green", bold=True))
    return "\n".join(lines).lstrip("\n") + "\n"
