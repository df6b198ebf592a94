"""Precision and recall are those of the definition, and every difference is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from emissions.simulation.compare import compare
from emissions.simulation.results import PipelineResults
from emissions.simulation.score import Score
from emissions.simulation.truth import Truth

AT = 1_777_834_800_000  # 2026-05-03T19:00:00Z
HALF = 1_800_000

TRUTHS = (
    Truth("exceeds-30min", "violation", "KZ-30", "S1", None, "SO2", AT, AT + HALF),
    Truth("exceeds-30min", "violation", "KZ-30", "S1", None, "SO2", AT + HALF, AT + 2 * HALF),
    Truth(
        "no-system",
        "violation",
        "KZ-NOASM",
        bin="991240700011",
        start=AT,
        status="OPEN",
        automatic=False,
        deferred_until=AT + HALF,
    ),
    Truth("silence", "gap", "", "S2", None, None, AT, AT + HALF, status="CLOSED"),
    Truth("channel-absent", "gap", "", "S2", None, "CO", AT, AT + HALF, status="CLOSED"),
    Truth("test-stream", "dead-letter", "TEST_STREAM", "T", count=3),
    Truth("undecodable", "dead-letter", "UNDECODABLE"),
    Truth("duplicate", "duplicate", "", "S1", count=2),
    Truth("late-backfill", "revision", "", "S3", None, "SO2", AT, AT + 2 * HALF, count=31),
    Truth("absurd", "quality", "NOT_FINITE", "S1", None, "CO", AT, AT + 48 * HALF, count=120),
    Truth("short-silence", "nothing", "", "S4", None, None, AT, AT + HALF),
    Truth("held-value", "suspicion", "FLATLINE", "S5", None, "CO", AT, AT + HALF),
    Truth("stuck", "unlearned", "FLATLINE", "S6", None, "CO", AT, AT + HALF),
    Truth("foreign-software", "suspicion", "SOFTWARE-CHANGED", "S5", None, None, AT, AT + HALF),
)


def violation(**fields: Any) -> dict[str, Any]:
    row = {
        "rule": "KZ-30",
        "bin": "991240700001",
        "source_id": "S1",
        "parameter": "SO2",
        "start": AT,
        "end": AT + HALF,
        "status": "CLOSED",
        "automatic": True,
        "deferred_until": None,
    }
    return row | fields


def finding(**fields: Any) -> dict[str, Any]:
    row = {"kind": "FLATLINE", "source_id": "S5", "parameter": "CO", "start": AT, "end": AT + HALF}
    return row | fields


def everything() -> PipelineResults:
    no_system = violation(
        rule="KZ-NOASM",
        bin="991240700011",
        source_id="",
        parameter="",
        end=None,
        status="OPEN",
        automatic=False,
        deferred_until="2026-05-03T19:30:00Z",
    )
    hour = {"source_id": "S3", "window": "1h", "start": AT, "seconds_by_code": {}}
    return PipelineResults(
        violations=[
            violation(),
            violation(start=AT + HALF, end=datetime.fromtimestamp((AT + 2 * HALF) / 1000, UTC)),
            no_system,
        ],
        gaps=[
            {
                "source_id": "S2",
                "parameter": name,
                "start": AT,
                "end": AT + HALF,
                "status": "CLOSED",
            }
            for name in ("", "CO")
        ],
        dead_letters=[
            *[{"reason": "TEST_STREAM", "source_id": "T"}] * 3,
            {"reason": "UNDECODABLE", "source_id": "whatever"},
        ],
        means=[
            hour | {"parameter": "SO2", "revision": "31"},
            hour | {"parameter": "CO", "revision": 31},
            {
                "source_id": "S1",
                "parameter": "CO",
                "window": "day",
                "start": "2026-05-03 19:00:00.000",
                "revision": 1,
                "seconds_by_code": {"NOT_FINITE": 120},
            },
        ],
        duplicates=2,
        findings=[
            finding(),
            finding(kind="SOFTWARE-CHANGED", parameter="", end=None),
            finding(kind="MASS_DIFFERS", source_id="S7"),  # no detector's: not compared
        ],
    )


def scores(found: PipelineResults) -> dict[str, Score]:
    return {score.kind: score for score in compare(TRUTHS, found).scores}


def test_everything_found_and_nothing_else_holds() -> None:
    comparison = compare(TRUTHS, everything())
    assert comparison.holds
    judged = [score for score in comparison.scores if score.judged]
    assert all(score.precision == score.recall == 1.0 for score in judged)


def test_a_missing_finding_costs_recall_and_a_made_up_one_precision() -> None:
    made_up = violation(source_id="S9")
    found = replace(everything(), violations=[violation(), made_up, violation(parameter="CO")])
    score = scores(found)["violation KZ-30"]
    assert score.recall == pytest.approx(1 / 2)
    assert score.precision == pytest.approx(1 / 3)
    assert score.misses == ("S1 SO2 2026-05-03T19:30:00Z: not found",)
    assert score.extras == ("S9 SO2 2026-05-03T19:00:00Z", "S1 CO 2026-05-03T19:00:00Z")
    assert not compare(TRUTHS, found).holds


def test_a_rule_that_should_find_nothing_is_shown_when_it_does() -> None:
    found = everything()
    found = replace(found, violations=[*found.violations, violation(rule="KZ-DAY")])
    score = scores(found)["violation KZ-DAY"]
    assert (score.expected, score.found, score.recall, score.precision) == (0, 1, None, 0.0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"automatic": True}, "found with True instead of False"),
        ({"status": "CLOSED"}, "found with CLOSED instead of OPEN"),
        ({"deferred_until": None}, "found with None instead of 2026-05-03T19:30:00Z"),
    ],
)
def test_a_finding_with_another_answer_is_no_match(change: dict[str, Any], sentence: str) -> None:
    found = everything()
    first, second, no_system = found.violations
    found = replace(found, violations=[first, second, dict(no_system) | change])
    score = scores(found)["violation KZ-NOASM"]
    assert score.matched == 0
    assert sentence in score.misses[0]


def test_an_amended_violation_is_an_open_one() -> None:
    found = everything()
    first, second, no_system = found.violations
    amended = dict(no_system) | {"status": "AMENDED", "end": AT}
    assert compare(TRUTHS, replace(found, violations=[first, second, amended])).holds


def test_a_gap_with_another_end_is_missed_and_made_up() -> None:
    found = everything()
    of_source, of_channel = found.gaps
    changed = dict(of_source) | {"end": AT + 2 * HALF}
    score = scores(replace(found, gaps=[changed, of_channel]))["gap of a source"]
    assert (score.expected, score.found, score.matched) == (1, 1, 0)
    assert "2026-05-03T20:00:00Z instead of 2026-05-03T19:30:00Z" in score.misses[0]


def test_dead_letters_are_counted_by_reason_and_source() -> None:
    letters = [{"reason": "TEST_STREAM", "source_id": name} for name in ("T", "T", "S1")]
    judged = scores(replace(everything(), dead_letters=letters))
    score = judged["dead letter TEST_STREAM"]
    assert (score.expected, score.found, score.matched) == (3, 3, 2)
    assert (score.misses, score.extras) == (
        ("T: 2 found, 3 expected",),
        ("S1: 1 found, 0 expected",),
    )
    assert judged["dead letter UNDECODABLE"].recall == 0.0


def test_what_is_not_known_is_not_judged() -> None:
    found = replace(everything(), duplicates=None, codes_known=False, findings=None)
    judged = scores(found)
    kinds = ("suspicion FLATLINE", "suspicion SOFTWARE-CHANGED", "suspicion FLATLINE, unlearned")
    for kind in ("equal duplicates dropped", "seconds NOT_FINITE", *kinds):
        assert not judged[kind].judged
        assert judged[kind].recall is None
    assert compare(TRUTHS, found).holds


def test_a_finding_where_nothing_should_be_is_loud() -> None:
    found = everything()
    gap = {"source_id": "S4", "parameter": "", "start": AT - HALF, "end": None, "status": "OPEN"}
    score = scores(replace(found, gaps=[*found.gaps, gap]))["nothing from short-silence"]
    assert (score.recall, len(score.misses)) == (0.0, 1)


def test_a_wrong_revision_and_wrong_seconds_are_named() -> None:
    found = everything()
    rows = [dict(row) for row in found.means]
    rows[0]["revision"] = 30
    rows[2]["seconds_by_code"] = {"NOT_FINITE": 180, "OUT_OF_RANGE": 60}
    judged = scores(replace(found, means=rows))
    assert judged["hours revised for late readings"].recall == 0.0
    assert judged["seconds NOT_FINITE"].precision == pytest.approx(2 / 3)
    assert judged["seconds OUT_OF_RANGE"].precision == 0.0


def test_tampering_is_found_by_its_own_kind_near_its_own_time() -> None:
    day = 48 * HALF
    for other in (
        finding(kind="JUMP"),
        finding(source_id="S6"),
        finding(parameter="NO"),
        finding(start=AT + HALF + day, end=AT + 3 * day),
    ):
        score = scores(replace(everything(), findings=[other]))["suspicion FLATLINE"]
        assert score.recall == 0.0, other
        assert score.misses == ("S5 CO 2026-05-03T19:00:00Z: not found",)
    near = finding(start=AT + day, end=AT + 2 * day)
    assert scores(replace(everything(), findings=[near]))["suspicion FLATLINE"].recall == 1.0


def test_a_finding_is_false_unless_something_planned_looks_like_it() -> None:
    rows = [
        finding(),
        finding(start=AT + HALF),  # of the same tampering: not counted again
        finding(source_id="S6"),  # tampering that cannot be known yet
        finding(source_id="S1", parameter="SO2"),  # an exceedance of the same channel
        finding(source_id="S1", parameter="NO"),
    ]
    score = scores(replace(everything(), findings=rows))["suspicion FLATLINE"]
    assert (score.expected, score.matched, score.found, score.beside) == (1, 1, 2, 2)
    assert score.extras == ("S1 NO 2026-05-03T19:00:00Z",)


def test_only_what_is_told_by_comparing_two_texts_must_be_found() -> None:
    found = everything()
    assert compare(TRUTHS, replace(found, findings=[finding(kind="SOFTWARE-CHANGED")])).holds
    assert not compare(TRUTHS, replace(found, findings=[finding()])).holds
