"""The report of a check as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from emissions.file_check.report import Document
from emissions.file_check.tables import (
    finding_rows,
    gap_rows,
    outlying_rows,
    quality_rows,
    refused_rows,
    source_rows,
    summary_facts,
    violation_rows,
)
from emissions.file_check.words import WORDS, code_text, verdict
from emissions.html_page import Page

SHOWN: Final = 1_000
"""Rows of a table of the page: more are in the JSON form only."""


def check_page(document: Document, language: str) -> str:
    """Return the page of a document of a check."""
    words = WORDS[language]
    page = Page(language, words.title)
    page.note(", ".join(document["files"]))
    count = len(document["violations"])
    findings = len(document["findings"])
    page.verdict(verdict(count, findings, language), good=not count)
    page.facts(summary_facts(document, language))
    page.note(words.note)

    def section(
        heading: str, note: str, listed: Sequence[Any], columns: Sequence[str], rows: Any
    ) -> None:
        page.heading(heading, note if listed else None)
        if not listed:
            page.text(words.nothing)
            return
        page.table(columns, rows(document, language, SHOWN))
        if len(listed) > SHOWN:
            page.note(words.shown_of.format(shown=SHOWN, total=len(listed)))

    section(
        words.violations,
        words.violations_note,
        document["violations"],
        (
            words.rule, words.source, words.channel, words.start, words.end, words.value,
            words.limit, words.times, words.mass, words.decision,
        ),
        violation_rows,
    )  # fmt: skip
    rules = {each["rule"]: each for each in document["violations"]}
    page.facts(
        (code, f"{each['title']} — {each['follows']}") for code, each in sorted(rules.items())
    )
    section(
        words.findings,
        words.findings_note,
        document["findings"],
        (
            words.kind, words.source, words.channel, words.start, words.end, words.value,
            words.threshold,
        ),
        finding_rows,
    )  # fmt: skip
    details = {
        f"{each['kind']} {each['source_id'] or each['bin']}": each for each in document["findings"]
    }
    page.facts((name, each["detail"]) for name, each in list(details.items())[:SHOWN])
    section(
        words.period,
        words.period_note,
        document["sources"],
        (words.source, words.rows, words.first, words.last, words.cadence, words.longest_hole),
        source_rows,
    )
    section(
        words.outlying,
        words.outlying_note,
        document["outlying"],
        (words.row, words.source, words.measured_at, words.beside),
        outlying_rows,
    )
    section(
        words.quality,
        words.quality_note,
        document["quality"],
        (words.source, words.channel, words.sent, words.valid, words.not_valid),
        quality_rows,
    )
    codes = {code for each in document["quality"] for code in each["codes"]}
    page.facts((code, code_text(code, language)) for code in sorted(codes))
    section(
        words.refused_rows,
        words.refused_note,
        document["refused_rows"],
        (words.row, words.source, words.measured_at, words.reason),
        refused_rows,
    )
    page.facts((code, code_text(code, language)) for code in document["refused_by_reason"])
    section(
        words.gaps,
        words.gaps_note,
        document["gaps"],
        (words.source, words.channel, words.start, words.end, words.length),
        gap_rows,
    )
    return page.html()
