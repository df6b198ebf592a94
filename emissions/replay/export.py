"""Export the last revision of every result: means, gaps, violations, findings and the others.

Read from the output topics: they hold the results bit for bit and need no other store.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emissions.input.origin import origin_of
from streams.core.time.local_clock import iso

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
FINDINGS = (
    "id", "revision", "status", "kind", "bin", "source_id", "parameter", "start", "end",
    "statistic", "value", "threshold", "unit", "detail", "basis", "track", "rule_set",
    "detected_at",
)  # fmt: skip
CASES = (
    "id", "revision", "state", "reasons", "track", "act", "article", "part", "bin", "source_id",
    "start", "end", "violations", "absorbed", "excess_mass_t", "fine_kzt", "repeat_of", "related",
    "deferred_until", "detected_at", "opened_at", "due",
)  # fmt: skip
CASE_MOMENTS = frozenset({"start", "end", "deferred_until", "detected_at", "opened_at"})
NOTICE_MOMENTS = frozenset({"start", "end", "due", "arrived_at", "decided_at"})
MOMENTS = frozenset({"start", "end", "deferred_until", "detected_at"})
WITHDRAWN = "WITHDRAWN"

Record = dict[str, Any]


@dataclass
class ReplayResults:
    """The last revision of each mean, gap, violation, finding, notice and case; dead letters."""

    means: dict[tuple[str, str, str, str, int], tuple[Any, ...]] = field(default_factory=dict)
    gaps: dict[str, Record] = field(default_factory=dict)
    violations: dict[str, Record] = field(default_factory=dict)
    findings: dict[str, Record] = field(default_factory=dict)
    notices: dict[str, Record] = field(default_factory=dict)
    cases: dict[str, Record] = field(default_factory=dict)
    dead_letters: dict[tuple[str, int, int], tuple[Any, ...]] = field(default_factory=dict)

    def add(self, name: str, record: Record) -> None:
        """Add one record of an output topic; a lower revision never replaces a higher one."""
        if name == "WindowMean":
            key = tuple(record[column] for column in MEANS[:5])
            row = tuple(record[column] for column in MEANS[5:])
            held = self.means.get(key)
            if held is None or held[-1] <= row[-1]:
                self.means[key] = row
        elif name == "NoticeVerdict":
            told = self.notices.get(record["notice_id"])
            if told is None or told["revision"] <= record["revision"]:
                self.notices[record["notice_id"]] = record
        elif name == "DeadLetter":
            place = (record["topic"], record["partition"], record["offset"])
            self.dead_letters[place] = dead_letter_row(record)
        elif name != "SourceDayRoot":  # not part of an export
            tables = {
                "DataGap": self.gaps, "Finding": self.findings, "AdministrativeCase": self.cases,
            }  # fmt: skip
            table = tables.get(name, self.violations)
            last = table.get(record["id"])
            if last is None or last["revision"] <= record["revision"]:
                table[record["id"]] = record


def write_export(findings: ReplayResults, directory: Path) -> None:
    """Write the seven files, sorted, times in ISO 8601 UTC, null as empty; raise OSError.

    Withdrawn gaps, violations, findings and cases are omitted.
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
    dead = sorted(findings.dead_letters.values(), key=dead_letter_order)
    _write_csv(directory / "dead-letters.csv", DEAD_LETTERS, dead)
    violations = map(violation_document, standing_violations(findings))
    _write_lines(directory / "violations.ndjson", violations)
    _write_lines(directory / "findings.ndjson", map(finding_document, standing_findings(findings)))
    _write_lines(
        directory / "notices.ndjson",
        (notice_document(record) for _, record in sorted(findings.notices.items())),
    )
    _write_lines(directory / "cases.ndjson", map(case_document, standing_cases(findings)))


def dead_letter_row(record: Record) -> tuple[Any, ...]:
    """Return a dead letter as a row of ``DEAD_LETTERS``.

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


def dead_letter_order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the sort key of a dead letter: reason, source, partition, offset."""
    return (row[0], row[1] or "", *row[2:4])


def standing_violations(findings: ReplayResults) -> list[Record]:
    """Return the violations that were not withdrawn, sorted."""
    standing = (each for each in findings.violations.values() if each["status"] != WITHDRAWN)
    return sorted(standing, key=violation_order)


def violation_document(record: Record) -> Record:
    """Return a violation for scripts: the columns of the export, times in ISO 8601 UTC."""
    return {name: _text(record[name]) if name in MOMENTS else record[name] for name in VIOLATIONS}


def standing_findings(results: ReplayResults) -> list[Record]:
    """Return the findings for inspectors that were not withdrawn, sorted."""
    standing = (each for each in results.findings.values() if each["status"] != WITHDRAWN)
    return sorted(standing, key=finding_order)


def finding_document(record: Record) -> Record:
    """Return a finding for scripts: every field, times in ISO 8601 UTC."""
    return {name: _text(record[name]) if name in MOMENTS else record[name] for name in FINDINGS}


def notice_document(record: Record) -> Record:
    """Return a judged notice for scripts: every field, times in ISO 8601 UTC."""
    return {name: _text(at) if name in NOTICE_MOMENTS else at for name, at in record.items()}


def standing_cases(results: ReplayResults) -> list[Record]:
    """Return the cases that were not withdrawn, by id."""
    standing = (each for each in results.cases.values() if each["state"] != WITHDRAWN)
    return sorted(standing, key=lambda each: str(each["id"]))


def case_document(record: Record) -> Record:
    """Return a case for scripts: the columns of the export, times in ISO 8601 UTC."""
    return {name: _text(record[name]) if name in CASE_MOMENTS else record[name] for name in CASES}


def finding_order(record: Record) -> tuple[Any, ...]:
    """Return the sort key of a finding: kind, source, enterprise, parameter, start."""
    return (record["kind"], *_subject_order(record))


def _text(instant: int | None) -> str | None:
    if instant is None:
        return None
    try:
        return iso(instant)
    except OverflowError:  # a dead letter may have any time
        return f"{instant} ms"


def violation_order(record: Record) -> tuple[Any, ...]:
    """Return the sort key of a violation: rule, source, enterprise, parameter, start."""
    return (record["rule"], *_subject_order(record))


def _subject_order(record: Record) -> tuple[Any, ...]:
    return (
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


def _write_lines(path: Path, documents: Iterable[Record]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for document in documents:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
