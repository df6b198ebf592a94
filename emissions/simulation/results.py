"""Read what the pipeline found, in the form in which it is compared with the truth."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streams.core.time.local_clock import from_datetime

ResultRow = Mapping[str, Any]

QUERIES: Mapping[str, str] = {
    "violations": (
        "SELECT rule, bin, source_id, parameter, start, end, status, automatic, deferred_until "
        "FROM violations_current"
    ),
    "gaps": "SELECT source_id, parameter, start, end, status FROM gaps_current",
    "dead_letters": "SELECT reason, source_id FROM dead_letters_current",
    "cases": (
        "SELECT bin, source_id, track, article, start, length(cases_current.violations) AS count, "
        "opened_at, deferred_until FROM cases_current"
    ),
    "findings": "SELECT kind, source_id, parameter, start, end FROM findings_current",
    "means": (
        "SELECT source_id, parameter, window, start, revision, seconds_by_code FROM means_current "
        "WHERE (window = 'day' AND notEmpty(seconds_by_code)) OR (window = '1h' AND revision > 1)"
    ),
}
"""Queries to ClickHouse; each result is a list of mappings of column to value."""


@dataclass(frozen=True)
class PipelineResults:
    """The last revision of every finding, without withdrawn ones.

    Times are milliseconds UTC, ISO 8601 texts or datetimes (a naive one is UTC); what does not
    apply is None or empty. ``means`` needs the days with quality codes and the hours with a
    revision above 1. ``duplicates`` is the number of readings dropped as equal; None: not known,
    as of ``findings``, ``cases`` and ``pending``, the cases that had not opened yet but will.
    ``codes_known``: the means have ``seconds_by_code``.
    """

    violations: Iterable[ResultRow]
    gaps: Iterable[ResultRow]
    dead_letters: Iterable[ResultRow]
    means: Iterable[ResultRow]
    duplicates: int | None = None
    codes_known: bool = True
    findings: Iterable[ResultRow] | None = None
    cases: Iterable[ResultRow] | None = None
    pending: Iterable[ResultRow] | None = None


def read_export(directory: Path) -> PipelineResults:
    """Read the findings from the files of ``replay --export``, which hold no quality codes."""
    return PipelineResults(
        violations=_lines(directory / "violations.ndjson"),
        gaps=_table(directory / "gaps.csv"),
        dead_letters=_table(directory / "dead-letters.csv"),
        means=[row for row in _table(directory / "means.csv") if row["window"] == "1h"],
        codes_known=False,
        findings=_lines(directory / "findings.ndjson"),
        cases=[
            {**each, "count": len(each["violations"])}
            for each in _lines(directory / "cases.ndjson")
        ],
    )


def _lines(path: Path) -> list[ResultRow]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def instant(value: Any) -> int | None:
    """Convert a time in any of the forms above to milliseconds UTC."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return from_datetime(value if value.tzinfo else value.replace(tzinfo=UTC))
    return int(value)


def text(value: Any) -> str | None:
    """Return a text, None for an empty one."""
    return str(value) if value else None
