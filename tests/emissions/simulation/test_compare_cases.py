"""Cases count for the defects that cause them, and every difference is named."""

from __future__ import annotations

from typing import Any

import pytest

from emissions.simulation.compare_cases import NO_CAUSE, compare_cases
from emissions.simulation.expected_cases import expected_cases
from emissions.simulation.truth import Truth
from streams.core.time.interval import DAY, HOUR, MINUTE

AT = 1_777_834_800_000  # 2026-05-04 00:00 on the local clock
HALF = 30 * MINUTE
END = AT + 5 * DAY
DAY_ABOVE = Truth("exceeds-day", "violation", "KZ-DAY", "S1", None, "SO2", AT, AT + DAY)
RUN = Truth("exceeds-3h", "violation", "KZ-3H", "S2", None, "NO", AT, AT + 4 * HOUR)
HALVES = [
    Truth("exceeds-3h", "violation", "KZ-30", "S2", None, "NO", at, at + HALF)
    for at in range(AT, AT + 4 * HOUR, HALF)
]
NEXT_DAY = Truth(
    "exceeds-30min", "violation", "KZ-30", "S1", None, "CO", AT + 30 * HOUR, AT + 30 * HOUR + HALF
)
DUTY = Truth("no-system", "violation", "KZ-NOASM", bin="B", start=AT, deferred_until=END + DAY)
PLANNED = (DAY_ABOVE, RUN, *HALVES, NEXT_DAY, DUTY)


def opened(**changes: Any) -> dict[str, Any]:
    row = {
        "bin": "B",
        "source_id": "S2",
        "track": "COURT",
        "article": "328",
        "start": AT,
        "count": 1,
        "opened_at": AT + 2 * DAY + 72 * HOUR,
        "deferred_until": None,
    }
    return row | changes


RIGHT = [
    opened(),
    opened(
        source_id="", track="PRESCRIPTION", article="325", opened_at=None, deferred_until=END + DAY
    ),
]
AHEAD = [
    opened(source_id="S1", track="PRESCRIPTION", count=2, opens_at=AT + 3 * DAY + 72 * HOUR),
]


def test_cases_are_expected_by_episodes_of_the_planned_violations() -> None:
    found = {each.source_id or each.bin: each for each in expected_cases(PLANNED, END)}
    told = {
        name: (each.kind, each.code, each.status, each.count, each.opens_at)
        for name, each in found.items()
    }
    assert told == {
        "S1": (
            "exceeds-30min+exceeds-day", "PRESCRIPTION 328", "PENDING", 2,
            AT + 3 * DAY + 72 * HOUR,
        ),
        "S2": ("exceeds-3h", "COURT 328", "OPENED", 1, AT + 2 * DAY + 72 * HOUR),
        "B": ("no-system", "PRESCRIPTION 325", "DEFERRED", 1, END + DAY),
    }  # fmt: skip


def test_what_is_found_as_expected_is_perfect() -> None:
    truths = list(expected_cases(PLANNED, END))
    scores = list(compare_cases(truths, RIGHT, AHEAD))
    assert len(scores) == 3
    assert all(each.perfect for each in scores)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"count": 3}, "found with 3 violations instead of 1"),
        ({"opened_at": AT}, "found to open 2026-05-03T19:00:00Z instead of 2026-05-08T19:00:00Z"),
        ({"opened_at": None}, "found DEFERRED"),
    ],
)
def test_a_case_that_says_something_else_is_missed(change: dict[str, Any], sentence: str) -> None:
    truths = list(expected_cases([RUN, *HALVES], END))
    (missed, *_) = compare_cases(truths, [opened(**change)], [])
    assert missed.recall == 0.0
    assert missed.misses == (f"S2 2026-05-03T19:00:00Z: {sentence}",)


def test_a_case_that_nothing_planned_caused_is_made_up() -> None:
    (score,) = compare_cases([], [opened()], [])
    assert score.kind == f"case {NO_CAUSE}, COURT 328, OPENED"
    assert (score.expected, score.found, score.precision) == (0, 1, 0.0)
    assert score.extras == ("S2 2026-05-03T19:00:00Z",)


def test_what_is_not_known_to_be_ahead_is_not_judged() -> None:
    scores = {each.kind: each for each in compare_cases(expected_cases(PLANNED, END), RIGHT, None)}
    assert {each.judged for name, each in scores.items() if name.endswith("PENDING")} == {False}
