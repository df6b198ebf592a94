"""Results in Kafka against rows of ClickHouse: what differs is named, what is on its way is not."""

from __future__ import annotations

from typing import Any

import pytest

from emissions.audit.check import NAMED, first_named, offsets_text
from emissions.audit.published_results import (
    VIOLATIONS,
    ComparedRow,
    PublishedResults,
    RevisionTable,
)

KEY = ("A", "SO2", "mg/m3", "1h", 1_777_834_800_000)
NAME = "A SO2 mg/m3 1h 2026-05-03T19:00:00Z"


def means(*revisions: tuple[int, float]) -> RevisionTable:
    found = RevisionTable()
    for revision, value in revisions:
        found.add(KEY, (revision,), (revision, value), late=False)
    return found


def differences(found: RevisionTable, *stored: ComparedRow) -> list[str]:
    return found.check("means", dict.fromkeys([KEY], stored[0]) if stored else {}).differences


def test_the_last_revision_counts_however_often_it_comes() -> None:
    found = means((1, 4.0), (2, 5.0), (1, 4.0), (2, 5.0))
    assert differences(found, (2, 5.0)) == []
    assert found.check("means", {KEY: (2, 5.0)}).seen == "1 in Kafka, 1 in ClickHouse"


def test_what_differs_is_named() -> None:
    found = means((1, 4.0), (2, 5.0))
    assert differences(found, (1, 4.0)) == [f"{NAME}: 2 in Kafka, 1 in ClickHouse"]
    assert differences(found, (2, 6.0)) == [f"{NAME}: 5.0 in Kafka, 6.0 in ClickHouse"]
    assert differences(found) == [f"{NAME}: not in ClickHouse"]
    assert differences(RevisionTable(), (1, 4.0)) == [f"{NAME}: only in ClickHouse"]


def test_one_revision_with_two_contents_is_named() -> None:
    assert differences(means((1, 4.0), (1, 5.0)), (1, 5.0)) == [
        f"{NAME}: one revision with two contents"
    ]


def test_what_came_meanwhile_may_be_there_or_not() -> None:
    found = means((1, 4.0))
    found.add(KEY, (2,), (2, 5.0), late=True)
    found.add(KEY, (3,), None, late=True)
    assert differences(found, (1, 4.0)) == []
    assert differences(found, (2, 5.0)) == []
    assert differences(found) == []
    assert differences(found, (3, 5.0)) == [f"{NAME}: 1 in Kafka, 3 in ClickHouse"]


GAP: dict[str, Any] = {
    "id": "g", "revision": 1, "status": "OPEN", "source_id": "A", "parameter": None, "start": 0,
    "end": None, "detected_at": 5,
}  # fmt: skip
LETTER: dict[str, Any] = {
    "reason": "TOO_LATE", "stage": "validate", "detail": "", "source_id": None,
    "topic": "emissions.readings", "partition": 1, "offset": 7, "timestamp": 0, "key": None,
    "value": b"x", "headers": [],
}  # fmt: skip


def published(*records: tuple[str, dict[str, Any]]) -> PublishedResults:
    found = PublishedResults("emissions.readings")
    for name, record in records:
        found.add(name, record)
    return found


def test_what_was_withdrawn_does_not_stand() -> None:
    withdrawn = published(
        ("DataGap", GAP), ("DataGap", {**GAP, "revision": 2, "status": "WITHDRAWN"})
    )
    assert withdrawn.gaps.check("gaps", {}).holds
    open_ = published(("DataGap", GAP))
    assert open_.gaps.check("gaps", {("g",): (1, "OPEN", "A", "", 0, None)}).holds


VIOLATION: dict[str, Any] = {
    "id": "v", "revision": 1, "status": "CLOSED", "rule": "KZ-DAY", "bin": "B", "source_id": "A",
    "parameter": "SO2", "start": 0, "end": 9, "value": 7.0, "limit": 5.0, "automatic": False,
    "track": "PRESCRIPTION", "certainty": "read", "reasons": ["CONFLICTING_DATA"],
    "excess_mass_t": 0.25,
}  # fmt: skip


FINDING: dict[str, Any] = {
    "id": "f", "revision": 1, "status": "OPEN", "kind": "FLATLINE", "bin": "B", "source_id": None,
    "parameter": "SO2", "start": 0, "end": None, "statistic": "hours", "value": 2.0,
    "threshold": 1.0, "detail": "It stood still.", "basis": "", "track": "",
}  # fmt: skip


VERDICT: dict[str, Any] = {
    "notice_id": "N", "revision": 2, "verdict": "WITHDRAWN", "detail": "W took it back.",
    "kind": "MARK", "bin": "B", "source_id": "A", "parameter": None, "start": 0, "end": 9,
    "state": None, "flag": "C", "withdrawn_by": "W", "due": 99, "arrived_at": 5,
}  # fmt: skip


def test_verdicts_on_notices_are_compared() -> None:
    """Those that were taken back too."""
    found = published(("NoticeVerdict", VERDICT)).notices
    row = (2, "WITHDRAWN", "W took it back.", "MARK", "B", "A", "", 0, 9, "", "C", "W", 99, 5)
    assert found.check("notices", {("N",): row}).holds
    altered = found.check("notices", {("N",): (2, "IN_TIME", *row[2:])})
    assert altered.differences == ["N: WITHDRAWN in Kafka, IN_TIME in ClickHouse"]
    assert found.check("notices", {}).differences == ["N: not in ClickHouse"]


def test_findings_are_compared() -> None:
    row = (1, "OPEN", "FLATLINE", "B", "", "SO2", 0, None, "hours", 2.0, 1.0, "It stood still.")
    found = published(("Finding", FINDING)).findings
    assert found.check("findings", {("f",): (*row, "", "")}).holds
    assert not found.check("findings", {("f",): (*row, "", "INSPECTION")}).holds


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("track", "COURT"),
        ("certainty", "inferred"),
        ("reasons", []),
        ("excess_mass_t", None),
        ("automatic", True),
    ],
)
def test_all_that_a_case_rests_on_is_compared(name: str, other: object) -> None:
    found = published(("Violation", VIOLATION)).violations
    row = tuple(VIOLATION[each] for each in VIOLATIONS)
    assert found.check("violations", {("v",): row}).holds
    differs = tuple(other if each == name else VIOLATION[each] for each in VIOLATIONS)
    said = f"v: {VIOLATION[name]} in Kafka, {other} in ClickHouse"
    assert found.check("violations", {("v",): differs}).differences == [said]


def test_dead_letters_of_other_topics_are_not_those_of_the_readings() -> None:
    other = {**LETTER, "topic": "emissions.registry", "offset": 9}
    found = published(("DeadLetter", LETTER), ("DeadLetter", LETTER), ("DeadLetter", other))
    assert list(found.buried[1]) == [7]
    assert found.letters.check("dead letters", {(1, 7): ("TOO_LATE", "")}).holds


def test_offsets_are_named_in_ranges() -> None:
    assert offsets_text([9, 3, 7, 8]) == "3, 7-9"
    assert offsets_text(range(0, 2 * NAMED + 4, 2)).endswith("18 and 2 more")


def test_only_the_first_sentences_are_said() -> None:
    assert first_named(["a"]) == ["a"]
    assert first_named(["a"] * (NAMED + 3))[NAMED:] == ["and 3 more"]
