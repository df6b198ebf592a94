"""The rows of the tables of a backtest, for the terminal and for the page alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emissions.backtest.compare import Document
from emissions.backtest.words import WORDS
from emissions.html_page import Cell

Rows = Iterator[list[Cell]]


def facts(document: Document, language: str) -> list[tuple[str, str]]:
    """Return what was compared, by name."""
    words, rules = WORDS[language], document["rules"]
    span = f"{document['from'] or '…'} – {document['to'] or '…'}"
    return [
        (words.in_force, rules["base"]),
        (words.draft, rules["draft"]),
        *(
            (name, ", ".join(rules[key]))
            for name, key in (
                (words.changed, "changed"),
                (words.added, "added"),
                (words.removed, "removed"),
            )
            if rules[key]
        ),
        (
            words.window,
            span if document["from"] or document["to"] else words.whole_log,
        ),
        (words.readings, str(document["readings"])),
    ]


def verdict(document: Document, language: str) -> str:
    """Say in a sentence what changes."""
    words, total = WORDS[language], document["total"]
    kinds = {name: total[name] for name in ("gained", "lost", "altered")}
    return words.verdict.format(**kinds) if any(kinds.values()) else words.nothing


def notes(document: Document, language: str) -> list[str]:
    """Say what the fines are, and what is missing in them."""
    words, total = WORDS[language], document["total"]
    base, draft = (sum(total[f"not_in_fine_{side}"].values()) for side in ("base", "draft"))
    return [
        words.estimate,
        *([words.missing.format(base=base, draft=draft)] if base + draft else []),
    ]


def counts_header(language: str) -> list[str]:
    """Return the headings of `_counts`."""
    words = WORDS[language]
    return [words.before, words.after, "+", "−", "~"]


def rule_rows(document: Document, _language: str, most: int) -> Rows:
    """Yield rule, counts, and mass before and after."""
    for each in document["by_rule"][:most]:
        yield [each["rule"], *_counts(each), *_masses(each)]


def enterprise_rows(document: Document, _language: str, most: int) -> Rows:
    """Yield enterprise, region, counts, mass and fines before and after, changed ones first."""
    ordered = sorted(
        document["by_enterprise"],
        key=lambda each: (-abs(each["fine_kzt_draft"] - each["fine_kzt_base"]), each["bin"]),
    )
    for each in ordered[:most]:
        yield [f"{each['name']} ({each['bin']})", *_counts(each), *_masses(each), *_fines(each)]


def region_rows(document: Document, _language: str, most: int) -> Rows:
    """Yield region, counts, mass and fines before and after."""
    for each in document["by_region"][:most]:
        yield [each["name"], *_counts(each), *_masses(each), *_fines(each)]


def total_row(document: Document, language: str) -> list[Cell]:
    """Return the sums, as a row of `region_rows`."""
    total = document["total"]
    return [WORDS[language].total, *_counts(total), *_masses(total), *_fines(total)]


def change_rows(document: Document, language: str, most: int) -> Rows:
    """Yield change, rule, source, channel, start, and the ratio before and after."""
    words = WORDS[language]
    for each in document["changes"][:most]:
        yield [
            words.kinds[each["change"]],
            each["rule"],
            each["source_id"] or each["bin"],
            each["parameter"],
            each["start_local"][:16].replace("T", " "),
            _ratio(each["base"]),
            _ratio(each["draft"]),
        ]


def _counts(each: Document) -> list[Cell]:
    return [each[name] for name in ("base", "draft", "gained", "lost", "altered")]


def _masses(each: Document) -> list[Cell]:
    masses = (each[f"excess_mass_t_{side}"] for side in ("base", "draft"))
    return [None if mass is None else float(f"{mass:.4g}") for mass in masses]


def _fines(each: Document) -> list[Cell]:
    return [each[f"fine_kzt_{side}"] for side in ("base", "draft")]


def _ratio(side: dict[str, Any] | None) -> float | None:
    return None if side is None or side["ratio"] is None else round(side["ratio"], 3)
