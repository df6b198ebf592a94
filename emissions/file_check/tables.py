"""The rows of the tables of a check, for the terminal and for the page alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from emissions.file_check.report import Document
from emissions.file_check.words import WORDS, unit_text
from emissions.html_page import Cell
from streams.core.time.wording import duration_text

Rows = Iterator[list[Cell]]


def summary_facts(document: Document, language: str) -> list[tuple[str, str]]:
    """Return what became of the rows, by name."""
    words = WORDS[language]
    refused = ", ".join(
        f"{count} {reason}" for reason, count in document["refused_by_reason"].items()
    )
    facts = [
        (words.rows, str(document["rows"])),
        (words.used, str(document["used"])),
        (words.refused, refused or "0"),
        (words.duplicates, str(document["duplicates"])),
    ]
    if document["after_until"]:
        facts.append((words.after_until, str(document["after_until"])))
    return [*facts, (words.judged_until, document["until"]), (words.rule_set, document["rule_set"])]


def source_rows(document: Document, language: str, most: int) -> Rows:
    """Yield source, rows, first, last, cadence, longest hole."""
    for each in document["sources"][:most]:
        hole = each["longest_hole_s"]
        longest = None
        if hole is not None:
            longest = f"{length(hole, language)} ({_minute(each['longest_hole_from_local'])})"
        yield [
            each["source_id"],
            each["rows"],
            _minute(each["first_local"]),
            _minute(each["last_local"]),
            length(each["cadence_s"], language),
            longest,
        ]


def outlying_rows(document: Document, _language: str, most: int) -> Rows:
    """Yield the place, the source, the time, and the times beside it."""
    for each in document["outlying"][:most]:
        yield [
            _place(each),
            each["source_id"],
            _minute(each["measured_at_local"]),
            " … ".join(map(_minute, each["neighbours_local"])),
        ]


def quality_rows(document: Document, language: str, most: int) -> Rows:
    """Yield source, channel, time sent, share of it that is valid, and the other codes."""
    for each in document["quality"][:most]:
        share = each["valid_share"]
        yield [
            each["source_id"],
            each["parameter"],
            length(each["seconds"], language),
            None if share is None else _percent(share),
            ", ".join(
                f"{code} {length(seconds, language)}" for code, seconds in each["codes"].items()
            ),
        ]


def refused_rows(document: Document, _language: str, most: int) -> Rows:
    """Yield place, source, time and reason."""
    for each in document["refused_rows"][:most]:
        yield [
            _place(each),
            each["source_id"],
            _minute(each["measured_at_local"]),
            each["reason"],
        ]


def gap_rows(document: Document, language: str, most: int) -> Rows:
    """Yield source, channel, start, end and length."""
    words = WORDS[language]
    for each in document["gaps"][:most]:
        yield [
            each["source_id"],
            each["parameter"] or words.whole_source,
            _minute(each["start_local"]),
            words.still_open if each["end"] is None else _minute(each["end_local"]),
            length(each["seconds"], language),
        ]


def violation_rows(document: Document, language: str, most: int) -> Rows:
    """Yield rule, source, channel, interval, value, limit, ratio, mass, and who decides."""
    words = WORDS[language]
    for each in document["violations"][:most]:
        mass = each["excess_mass_t"]
        yield [
            each["rule"],
            each["source_id"] or f"{words.enterprise} {each['bin']}",
            each["parameter"],
            _minute(each["start_local"]),
            words.still_open if each["end"] is None else _minute(each["end_local"]),
            measured(each["value"], each["unit"], language),
            measured(each["limit"], each["unit"], language),
            None if each["ratio"] is None else round(each["ratio"], 3),
            mass,
            words.automatic if each["automatic"] else words.by_person,
        ]


def finding_rows(document: Document, language: str, most: int) -> Rows:
    """Yield kind, source, channel, interval, and its number beside the threshold."""
    words = WORDS[language]
    for each in document["findings"][:most]:
        yield [
            each["kind"],
            each["source_id"] or f"{words.enterprise} {each['bin']}",
            each["parameter"],
            _minute(each["start_local"]),
            words.still_open if each["end"] is None else _minute(each["end_local"]),
            measured(each["value"], each["unit"], language),
            measured(each["threshold"], each["unit"], language),
        ]


def violation_groups(document: Document, language: str) -> Iterable[dict[str, Any]]:
    """Group violations by rule, source and channel: count, first start, the highest of them."""
    groups: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in document["violations"]:
        place = each["rule"], each["source_id"] or each["bin"], each["parameter"] or ""
        group = groups.setdefault(place, {"first": each, "highest": each, "count": 0})
        group["count"] += 1
        if (each["ratio"] or 0) > (group["highest"]["ratio"] or 0):
            group["highest"] = each
    for (rule, source, parameter), group in groups.items():
        highest = group["highest"]
        yield {
            "rule": rule,
            "source": source,
            "parameter": parameter,
            "count": group["count"],
            "first": _minute(group["first"]["start_local"]),
            "value": measured(highest["value"], highest["unit"], language),
            "limit": measured(highest["limit"], highest["unit"], language),
        }


def measured(value: float | None, unit: str | None, language: str) -> str | None:
    """Format a value with its unit (``1``: none); lengths of time as people say them."""
    if value is None:
        return None
    if unit == "1":
        return f"{value:.6g}"
    if unit == "s":
        return length(round(value), language)
    return f"{value:.6g} {unit_text(unit or '', language)}".rstrip()


def length(seconds: int | None, language: str) -> str | None:
    """Format a length of time in a language; None stays None."""
    if seconds is None:
        return None
    words = duration_text(seconds * 1000).split(" ")
    return " ".join(unit_text(word, language) for word in words)


def _percent(share: float) -> str:
    """Format a share so that only all of it is 100 %."""
    if share in (0, 1):
        return f"{share:.0f}00 %" if share else "0 %"
    return f"{min(max(share * 100, 0.01), 99.99):.2f} %".replace(".00 ", " ")


def _minute(local: str | None) -> str:
    return "" if local is None else local[:16].replace("T", " ")


def _place(each: Document) -> str:
    return f"{Path(each['file']).name} {each['row']}" if each["file"] else str(each["row"])
