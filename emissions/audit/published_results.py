"""Collect the last revision of every finding in Kafka, and compare it with ClickHouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emissions.audit.check import AuditCheck, first_named
from emissions.audit.partition_log import DeadLetterDigest, value_digest
from streams.core.time.interval import LATEST_ARRIVAL
from streams.core.time.local_clock import iso

ResultKey = tuple[Any, ...]
ComparedRow = tuple[Any, ...] | None
"""The compared fields of a result; None: withdrawn, or absent."""

MEANS = ("revision", "final", "value", "valid_s", "due_s", "status", "limit")
GAPS = ("revision", "status", "source_id", "parameter", "start", "end")
VIOLATIONS = (
    "revision", "status", "rule", "bin", "source_id", "parameter", "start", "end", "value",
    "limit", "automatic", "track", "certainty", "reasons", "excess_mass_t",
)  # fmt: skip
NOTICES = (
    "revision", "verdict", "detail", "kind", "bin", "source_id", "parameter", "start", "end",
    "state", "flag", "withdrawn_by", "due", "arrived_at",
)  # fmt: skip
FINDINGS = (
    "revision", "status", "kind", "bin", "source_id", "parameter", "start", "end", "statistic",
    "value", "threshold", "detail", "basis", "track",
)  # fmt: skip
CASES = (
    "revision", "state", "reasons", "track", "act", "article", "part", "bin", "source_id", "start",
    "end", "violations", "absorbed", "excess_mass_t", "fine_kzt", "repeat_of", "systematic_with",
    "related", "deferred_until", "detected_at", "opened_at", "delivered_at", "due",
)  # fmt: skip
ROOTS = ("revision", "final", "complete", "count", "first_offset", "last_offset", "root")
WITHDRAWN = "WITHDRAWN"


@dataclass
class RevisionTable:
    """One kind of finding: the last revision by key, and those published meanwhile."""

    last: dict[ResultKey, tuple[ResultKey, ComparedRow]] = field(default_factory=dict)
    later: dict[ResultKey, list[ComparedRow]] = field(default_factory=dict)
    twice: set[ResultKey] = field(default_factory=set)
    """Keys with one revision that was published with different contents."""

    def add(self, key: ResultKey, revision: ResultKey, row: ComparedRow, *, late: bool) -> None:
        """Add one published revision; ``late``: after the moment of the audit."""
        if late:
            self.later.setdefault(key, []).append(row)
            return
        known = self.last.get(key)
        if known is not None and known[0] == revision and known[1] != row:
            self.twice.add(key)
        if known is None or known[0] <= revision:
            self.last[key] = (revision, row)

    def check_alone(self, place: str) -> AuditCheck:
        """Check what has no rows in ClickHouse: that no revision says two things."""
        return AuditCheck(
            "results", place, f"{len(self.last)} in Kafka", first_named(self._told_twice())
        )

    def _told_twice(self) -> list[str]:
        return [f"{key_text(key)}: one revision with two contents" for key in sorted(self.twice)]

    def check(self, place: str, stored: Mapping[ResultKey, ComparedRow]) -> AuditCheck:
        """Compare with the rows of ClickHouse and name the first differing keys."""
        wrong = self._told_twice()
        standing = 0
        for key, (_, row) in sorted(self.last.items()):
            standing += row is not None
            held = stored.get(key)
            if held != row and held not in self.later.get(key, []):
                wrong.append(f"{key_text(key)}: {_how(row, held)}")
        wrong += [
            f"{key_text(key)}: {_how(None, stored[key])}"
            for key in sorted(stored.keys() - self.last.keys())
            if stored[key] not in self.later.get(key, [])
        ]
        seen = f"{standing} in Kafka, {len(stored)} in ClickHouse"
        return AuditCheck("results", place, seen, first_named(wrong))


def _how(published: ComparedRow, stored: ComparedRow) -> str:
    if stored is None:
        return "not in ClickHouse"
    if published is None:
        return "only in ClickHouse"
    pairs = zip(published, stored, strict=True)
    here, there = next(pair for pair in pairs if pair[0] != pair[1])
    return f"{here} in Kafka, {there} in ClickHouse"


def key_text(key: ResultKey) -> str:
    """Format a key: its parts, a start as a time."""
    if len(key) == 5 and 0 <= key[4] <= LATEST_ARRIVAL:
        return f"{' '.join(str(part) for part in key[:4])} {iso(key[4])}"
    return " ".join(str(part) for part in key)


@dataclass
class PublishedResults:
    """Everything in the output topics that the audit compares."""

    topic: str  # of the readings; dead letters of other topics are not theirs
    means: RevisionTable = field(default_factory=RevisionTable)
    gaps: RevisionTable = field(default_factory=RevisionTable)
    violations: RevisionTable = field(default_factory=RevisionTable)
    findings: RevisionTable = field(default_factory=RevisionTable)
    notices: RevisionTable = field(default_factory=RevisionTable)
    cases: RevisionTable = field(default_factory=RevisionTable)
    days: RevisionTable = field(default_factory=RevisionTable)
    letters: RevisionTable = field(default_factory=RevisionTable)
    buried: dict[int, dict[int, DeadLetterDigest]] = field(default_factory=dict)
    """Dead letters by partition and offset."""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The whole last revision of each violation."""
    roots: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """The whole last revision of the root of each source and day."""

    def add(self, name: str, record: dict[str, Any], *, late: bool = False) -> None:
        """Add one record of an output topic; ``late``: it came after the moment of the audit."""
        if name == "WindowMean":
            key = tuple(record[part] for part in ("source_id", "parameter", "unit", "window"))
            revision = (record["revision"], record["final"])
            row = tuple(record[part] for part in MEANS)
            self.means.add((*key, record["start"]), revision, row, late=late)
        elif name == "DeadLetter":
            self._add_letter(record, late)
        elif name == "DataGap":
            self.gaps.add((record["id"],), (record["revision"],), _row(record, GAPS), late=late)
        elif name == "NoticeVerdict":
            seen = _row(record, NOTICES)
            self.notices.add((record["notice_id"],), (record["revision"],), seen, late=late)
        elif name == "AdministrativeCase":
            seen = tuple(record[part] for part in CASES)
            self.cases.add((record["id"],), (record["revision"],), seen, late=late)
        elif name == "SourceDayRoot":
            place = (record["source_id"], record["day"])
            row = tuple(record[part] for part in ROOTS)
            self.days.add(place, (record["revision"],), row, late=late)
            last = self.roots.get(place)
            if not late and (last is None or last["revision"] <= record["revision"]):
                self.roots[place] = record
        elif name == "Finding":
            seen = _row(record, FINDINGS)
            self.findings.add((record["id"],), (record["revision"],), seen, late=late)
        else:
            identity = record["id"]
            row_ = _row(record, VIOLATIONS)
            self.violations.add((identity,), (record["revision"],), row_, late=late)
            known = self.records.get(identity)
            if not late and (known is None or known["revision"] <= record["revision"]):
                self.records[identity] = record

    def _add_letter(self, record: dict[str, Any], late: bool) -> None:
        if record["topic"] != self.topic:
            return
        place = (record["partition"], record["offset"])
        row = (record["reason"], record["source_id"] or "")
        self.letters.add(place, (0,), row, late=late)
        if not late:
            letter = DeadLetterDigest(record["reason"], value_digest(record["value"]))
            self.buried.setdefault(place[0], {})[place[1]] = letter

    def compare(self, stored: Mapping[str, Mapping[ResultKey, ComparedRow]]) -> list[AuditCheck]:
        """Compare every kind of finding with the rows of ClickHouse, by the kind's name."""
        kinds = {
            "means": self.means,
            "gaps": self.gaps,
            "violations": self.violations,
            "findings": self.findings,
            "roots": self.days,
            "notices": self.notices,
            "cases": self.cases,
            "dead letters": self.letters,
        }
        return [
            findings.check(kind, stored[kind]) if kind in stored else findings.check_alone(kind)
            for kind, findings in kinds.items()
        ]

    def standing(self) -> list[dict[str, Any]]:
        """Return the violations that were not withdrawn."""
        return [each for each in self.records.values() if each["status"] != WITHDRAWN]


TEXTS = frozenset(("source_id", "parameter", "state", "flag", "withdrawn_by"))
"""Fields that are empty in ClickHouse where they are null on the topic."""


def _row(record: dict[str, Any], names: tuple[str, ...]) -> ComparedRow:
    if record.get("status") == WITHDRAWN:
        return None  # a verdict has none, and a notice that was taken back stays to be seen
    return tuple((record[name] or "") if name in TEXTS else record[name] for name in names)
