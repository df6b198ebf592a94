"""The result of a backtest as one HTML page."""

from __future__ import annotations

from typing import Final

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
from emissions.html_page import Page

SHOWN: Final = 1_000
"""Rows of a table of the page: more are in the JSON form only."""


def backtest_page(document: Document, language: str) -> str:
    """Return the page of a document of a backtest."""
    words = WORDS[language]
    page = Page(language, words.title)
    page.verdict(verdict(document, language), good=not document["changes"])
    page.facts(facts(document, language))
    for note in notes(document, language):
        page.note(note)
    counts = counts_header(language)
    masses = [f"{words.mass} ({each})" for each in (words.before, words.after)]
    fines = [f"{words.fine} ({each})" for each in (words.before, words.after)]
    page.heading(words.by_rule)
    page.table([words.rule, *counts, *masses], rule_rows(document, language, SHOWN))
    page.facts((each["rule"], each["title"]) for each in document["by_rule"])
    page.heading(words.by_region)
    page.table(
        [words.region, *counts, *masses, *fines],
        [*region_rows(document, language, SHOWN), total_row(document, language)],
    )
    page.heading(words.by_enterprise)
    page.table(
        [words.enterprise, *counts, *masses, *fines], enterprise_rows(document, language, SHOWN)
    )
    page.heading(words.changes)
    page.table(
        [
            words.change, words.rule, words.source, words.channel, words.start,
            f"{words.times} ({words.before})", f"{words.times} ({words.after})",
        ],
        change_rows(document, language, SHOWN),
    )  # fmt: skip
    if len(document["changes"]) > SHOWN:
        page.note(words.shown_of.format(shown=SHOWN, total=len(document["changes"])))
    return page.html()
