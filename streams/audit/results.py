"""What Kafka says last about everything found, and whether ClickHouse says the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.audit.check import Check, first_named
from streams.audit.partition_log import Buried, content_of
from streams.core.calendar import iso
from streams.core.quality import LATEST_ARRIVAL

Key = tuple[Any, ...]
Row = tuple[Any, ...] | None
"""What is compared of a finding; None: it does not stand (withdrawn, or never heard of)."""

MEANS = ("revision", "final", "value", "valid_s", "due_s", "status", "limit")
GAPS = ("revision", "status", "source_id", "parameter", "start", "end")
VIOLATIONS = (
    "revision", "status", "rule", "bin", "source_id", "parameter", "start", "end", "value",
    "limit", "automatic", "track", "certainty", "reasons", "excess_mass_t",
)  # fmt: skip
WITHDRAWN = "WITHDRAWN"


@dataclass
class Findings:
    """One kind of finding: the last revision by key, and what was published meanwhile."""

    last: dict[Key, tuple[Key, Row]] = field(default_factory=dict)
    later: dict[Key, list[Row]] = field(default_factory=dict)
    twice: set[Key] = field(default_factory=set)
    """Keys of which one revision was published with different contents."""

    def add(self, key: Key, revision: Key, row: Row, *, late: bool) -> None:
        """One published revision; ``late``: after the moment that the audit is about."""
        if late:
            self.later.setdefault(key, []).append(row)
            return
        known = self.last.get(key)
        if known is not None and known[0] == revision and known[1] != row:
            self.twice.add(key)
        if known is None or known[0] <= revision:
            self.last[key] = (revision, row)

    def check(self, place: str, stored: Mapping[Key, Row]) -> Check:
        """Compare with the rows of ClickHouse; the first differing keys are named."""
        wrong = [f"{named(key)}: one revision says two things" for key in sorted(self.twice)]
        standing = 0
        for key, (_, row) in sorted(self.last.items()):
            standing += row is not None
            held = stored.get(key)
            if held != row and held not in self.later.get(key, []):
                wrong.append(f"{named(key)}: {_how(row, held)}")
        wrong += [
            f"{named(key)}: {_how(None, stored[key])}"
            for key in sorted(stored.keys() - self.last.keys())
            if stored[key] not in self.later.get(key, [])
        ]
        seen = f"{standing} in Kafka, {len(stored)} in ClickHouse"
        return Check("results", place, seen, first_named(wrong))


def _how(published: Row, stored: Row) -> str:
    if stored is None:
        return "not in ClickHouse"
    if published is None:
        return "stands in ClickHouse alone"
    pairs = zip(published, stored, strict=True)
    here, there = next(pair for pair in pairs if pair[0] != pair[1])
    return f"{here} in Kafka, {there} in ClickHouse"


def named(key: Key) -> str:
    """A key for a person: its parts, a start as a time."""
    if len(key) == 5 and 0 <= key[4] <= LATEST_ARRIVAL:
        return f"{' '.join(str(part) for part in key[:4])} {iso(key[4])}"
    return " ".join(str(part) for part in key)


@dataclass
class Published:
    """Everything in the output topics, as far as the audit compares it."""

    topic: str  # of the readings; dead letters of other topics are not theirs
    means: Findings = field(default_factory=Findings)
    gaps: Findings = field(default_factory=Findings)
    violations: Findings = field(default_factory=Findings)
    letters: Findings = field(default_factory=Findings)
    buried: dict[int, dict[int, Buried]] = field(default_factory=dict)
    """Dead letters by partition and offset."""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The last revision of each violation, whole."""

    def add(self, name: str, record: dict[str, Any], *, late: bool = False) -> None:
        """One record of an output topic; ``late`` for what came after the moment of the audit."""
        if name == "WindowMean":
            key = tuple(record[part] for part in ("source_id", "parameter", "unit", "window"))
            revision = (record["revision"], record["final"])
            row = tuple(record[part] for part in MEANS)
            self.means.add((*key, record["start"]), revision, row, late=late)
        elif name == "DeadLetter":
            self._add_letter(record, late)
        elif name == "DataGap":
            self.gaps.add((record["id"],), (record["revision"],), _row(record, GAPS), late=late)
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
            letter = Buried(record["reason"], content_of(record["value"]))
            self.buried.setdefault(place[0], {})[place[1]] = letter

    def compare(self, stored: Mapping[str, Mapping[Key, Row]]) -> list[Check]:
        """Every kind of finding against the rows of ClickHouse, by the kind's name."""
        kinds = {
            "means": self.means,
            "gaps": self.gaps,
            "violations": self.violations,
            "dead letters": self.letters,
        }
        return [findings.check(kind, stored[kind]) for kind, findings in kinds.items()]

    def standing(self) -> list[dict[str, Any]]:
        """The violations that were not withdrawn."""
        return [each for each in self.records.values() if each["status"] != WITHDRAWN]


def _row(record: dict[str, Any], names: tuple[str, ...]) -> Row:
    if record["status"] == WITHDRAWN:
        return None
    texts = ("source_id", "parameter")
    return tuple((record[name] or "") if name in texts else record[name] for name in names)
