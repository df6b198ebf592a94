"""Findings as inspectors read them: titles, the number, the clock of the source."""

from __future__ import annotations

from typing import Any

import pytest

from emissions.cli.support.finding_text import (
    LISTED,
    REVISIONS,
    FindingFilter,
    FindingFormatter,
    number_text,
)
from emissions.cli.support.output import show_rows
from streams.rules.finding_kinds import finding_kinds

START = 1_777_846_200_000  # 2026-05-03T22:10:00Z
FINDING: dict[str, Any] = {
    "id": "3e2f5f7d-0000-5000-8000-000000000001", "revision": 2, "status": "CLOSED",
    "kind": "FLATLINE", "bin": "990140001233", "source_id": "A", "parameter": "SO2",
    "start": START, "end": START + 36_000_000, "statistic": "hours without a change",
    "value": 10.0, "threshold": 4.5, "unit": "h", "detail": "SO2 stood still: look at the log.",
    "basis": "", "track": "", "rule_set": "kz-1", "detected_at": START + 40_000_000,
}  # fmt: skip
WORDS = FindingFormatter("ru", {"A": "Asia/Oral"}, finding_kinds(), "Asia/Almaty")


def test_a_row_has_the_title_the_number_and_both_clocks(capsys: pytest.CaptureFixture[str]) -> None:
    row = WORDS.row(FINDING)
    assert row["title"] == "Показание не меняется"
    assert row["found"] == "SO2: hours without a change 10 h, compared with 4.5"
    assert row["local"] == "2026-05-04 03:10:00 to 13:10:00 (+05:00)"
    assert row["utc"] == "2026-05-03 22:10:00 to 2026-05-04 08:10:00"
    show_rows([row], LISTED, "table")
    show_rows([WORDS.revision(FINDING)], REVISIONS, "table")
    said = capsys.readouterr().out
    assert "FLATLINE" in said
    assert "SO2 stood still" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"unit": "1", "threshold": None}, "SO2: hours without a change 10"),
        ({"value": None, "statistic": "", "threshold": None}, "SO2"),
        ({"value": None, "statistic": "", "threshold": None, "parameter": None}, ""),
    ],
)
def test_a_number_is_told_as_far_as_there_is_one(given: dict[str, Any], said: str) -> None:
    assert number_text({**FINDING, **given}) == said


def test_scripts_get_every_field_and_the_local_time() -> None:
    document = WORDS.document({**FINDING, "source_id": None, "end": None, "kind": "OTHER"})
    assert document["start"] == "2026-05-03T22:10:00Z"
    assert document["start_local"] == "2026-05-04T03:10:00+05:00"
    assert (document["end"], document["end_local"], document["title"]) == (None, None, None)
    assert document["timezone"] == "Asia/Almaty"


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        (FindingFilter(), True),
        (FindingFilter(kinds=["FLATLINE"], bin="990140001233", source="A"), True),
        (FindingFilter(kinds=["JUMP"]), False),
        (FindingFilter(source="B"), False),
        (FindingFilter(open=True), False),
        (FindingFilter(since=START, until=START + 1), True),
        (FindingFilter(since=START + 1), False),
        (FindingFilter(until=START), False),
    ],
)
def test_filters(wanted: FindingFilter, there: bool) -> None:
    assert (FINDING in wanted) is there
