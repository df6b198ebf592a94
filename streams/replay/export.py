"""The last revision of everything found, as files: means, gaps, violations, dead letters.

Taken from the output topics: they hold what was decided, bit for bit, and need no other store.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streams.core.calendar import iso
from streams.replay.origin import origin_of

MEANS = (
    "source_id", "parameter", "unit", "window", "start", "value", "valid_s", "due_s", "status",
    "limit", "revision",
)  # fmt: skip
GAPS = ("source_id", "parameter", "start", "end", "status")
DEAD_LETTERS = (
    "reason", "source_id", "partition", "offset", "measured_at", "arrived_at", "input_file",
    "input_row", "detail",
)  # fmt: skip
VIOLATIONS = (
    "id", "revision", "status", "rule", "rule_set", "bin", "source_id", "parameter", "unit",
    "start", "end", "value", "validated_value", "limit", "ratio", "automatic", "deferred_until",
    "detected_at", "evidence", "track", "certainty", "excess_mass_t",
)  # fmt: skip
MOMENTS = frozenset({"start", "end", "deferred_until", "detected_at"})
WITHDRAWN = "WITHDRAWN"

Record = dict[str, Any]


@dataclass
class Findings:
    """The last revision of each mean, gap and violation, and every dead letter."""

    means: dict[tuple[str, str, str, str, int], tuple[Any, ...]] = field(default_factory=dict)
    gaps: dict[str, Record] = field(default_factory=dict)
    violations: dict[str, Record] = field(default_factory=dict)
    dead_letters: dict[tuple[str, int, int], tuple[Any, ...]] = field(default_factory=dict)

    def add(self, name: str, record: Record) -> None:
        """Take one record of an output topic; a lower revision never replaces a higher one."""
        if name == "WindowMean":
            key = tuple(record[column] for column in MEANS[:5])
            row = tuple(record[column] for column in MEANS[5:])
            held = self.means.get(key)
            if held is None or held[-1] <= row[-1]:
                self.means[key] = row
        elif name == "DeadLetter":
            place = (record["topic"], record["partition"], record["offset"])
            self.dead_letters[place] = letter_row(record)
        else:
            table = self.gaps if name == "DataGap" else self.violations
            last = table.get(record["id"])
            if last is None or last["revision"] <= record["revision"]:
                table[record["id"]] = record


def write_export(findings: Findings, directory: Path) -> None:
    """Write the four files, sorted, times in ISO 8601 UTC, null as nothing; OSError if it cannot.

    Gaps and violations that were withdrawn are left out.
    """
    directory.mkdir(parents=True, exist_ok=True)
    means = ((*key[:4], iso(key[4]), *row) for key, row in sorted(findings.means.items()))
    _write_csv(directory / "means.csv", MEANS, means)
    gaps = sorted(
        (gap["source_id"], gap["parameter"] or "", gap["start"], gap["end"], gap["status"])
        for gap in findings.gaps.values()
        if gap["status"] != WITHDRAWN
    )
    _write_csv(
        directory / "gaps.csv",
        GAPS,
        ((source, of, iso(start), _text(end), status) for source, of, start, end, status in gaps),
    )
    dead = sorted(findings.dead_letters.values(), key=letter_order)
    _write_csv(directory / "dead-letters.csv", DEAD_LETTERS, dead)
    with (directory / "violations.ndjson").open("w", encoding="utf-8", newline="\n") as file:
        for record in standing_violations(findings):
            file.write(json.dumps(violation_document(record), ensure_ascii=False) + "\n")


def letter_row(record: Record) -> tuple[Any, ...]:
    """A dead letter by ``DEAD_LETTERS``: why, where it was, when, and where it had been read.

    ``measured_at`` of the record is that of its reading, if it could be decoded.
    """
    origin = origin_of((header["name"], header["value"]) for header in record.get("headers", ()))
    return (
        *(record[column] for column in DEAD_LETTERS[:4]),
        _text(record.get("measured_at")),
        _text(record.get("timestamp")),
        origin.file,
        origin.row,
        record.get("detail"),
    )


def letter_order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Dead letters are sorted by reason, source and place."""
    return (row[0], row[1] or "", *row[2:4])


def standing_violations(findings: Findings) -> list[Record]:
    """The violations that were not withdrawn, sorted."""
    standing = (each for each in findings.violations.values() if each["status"] != WITHDRAWN)
    return sorted(standing, key=violation_order)


def violation_document(record: Record) -> Record:
    """A violation as scripts get it: the names of the export, moments in ISO 8601 UTC."""
    return {name: _text(record[name]) if name in MOMENTS else record[name] for name in VIOLATIONS}


def _text(instant: int | None) -> str | None:
    if instant is None:
        return None
    try:
        return iso(instant)
    except OverflowError:  # a dead letter may have any time
        return f"{instant} ms"


def violation_order(record: Record) -> tuple[Any, ...]:
    """Violations are sorted by rule, source, enterprise, parameter and start."""
    return (
        record["rule"],
        record["source_id"] or "",
        record["bin"],
        record["parameter"] or "",
        record["start"],
        record["id"],
    )


def _write_csv(path: Path, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)  # None is nothing, a float its shortest exact text
