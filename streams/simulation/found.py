"""What the pipeline found, in the shape in which it is compared with the truth."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streams.core.calendar import from_datetime

Row = Mapping[str, Any]

QUERIES: Mapping[str, str] = {
    "violations": (
        "SELECT rule, bin, source_id, parameter, start, end, status, automatic, deferred_until "
        "FROM violations_current"
    ),
    "gaps": "SELECT source_id, parameter, start, end, status FROM gaps_current",
    "dead_letters": "SELECT reason, source_id FROM dead_letters_current",
    "means": (
        "SELECT source_id, parameter, window, start, revision, seconds_by_code FROM means_current "
        "WHERE (window = 'day' AND notEmpty(seconds_by_code)) OR (window = '1h' AND revision > 1)"
    ),
}
"""What to ask ClickHouse for; each result is a list of mappings of column to value."""


@dataclass(frozen=True)
class Found:
    """The last revision of everything found; nothing that was withdrawn.

    Times are milliseconds UTC, ISO 8601 texts or datetimes (a naive one is UTC); what does not
    apply is None or empty. ``means`` needs the days with quality codes and the hours with a
    revision above 1. ``duplicates`` is how many readings were dropped as equal; None: not known.
    ``codes_known`` is whether the means carry ``seconds_by_code``.
    """

    violations: Iterable[Row]
    gaps: Iterable[Row]
    dead_letters: Iterable[Row]
    means: Iterable[Row]
    duplicates: int | None = None
    codes_known: bool = True


def found_in_export(directory: Path) -> Found:
    """The findings in the files of ``replay --export``: they hold no quality codes."""
    with (directory / "violations.ndjson").open(encoding="utf-8") as lines:
        violations = [json.loads(line) for line in lines]
    return Found(
        violations=violations,
        gaps=_table(directory / "gaps.csv"),
        dead_letters=_table(directory / "dead-letters.csv"),
        means=[row for row in _table(directory / "means.csv") if row["window"] == "1h"],
        codes_known=False,
    )


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def instant(value: Any) -> int | None:
    """Milliseconds UTC of a time in any of the shapes above."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return from_datetime(value if value.tzinfo else value.replace(tzinfo=UTC))
    return int(value)


def text(value: Any) -> str | None:
    """A text, or None for an empty one."""
    return str(value) if value else None
