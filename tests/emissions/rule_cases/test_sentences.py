"""Sentences of cases: what they mean, what is refused, and that a difference is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from emissions.rule_cases.case import CaseError, read_cases
from emissions.rule_cases.judge import check_cases
from emissions.rule_cases.sentences import (
    LocalDay,
    SentenceError,
    differences,
    finding,
    moment,
    readings,
)
from streams.core.time.interval import HOUR, MINUTE
from streams.rules.load import load_rules
from tests.core.examples import local

DAY = LocalDay(date(2026, 5, 4))
START = local("2026-05-04 10:00")
RULES = load_rules()


def test_times_are_those_of_almaty() -> None:
    assert moment("10:00", DAY) == START
    assert moment("2026-05-03 10:00", DAY) == START - 24 * HOUR
    assert moment("24:00", DAY) == local("2026-05-05 00:00")


def test_readings_say_when_how_much_and_how_often() -> None:
    said = readings("from 10:00 to 10:30 at 450.5 mg/m3 each minute, sent at 14:00, stopped", DAY)
    assert (said.start, said.end, said.period) == (START, START + 30 * MINUTE, MINUTE)
    assert (said.value, said.unit, said.state) == (450.5, "mg/m3", "STOPPED")
    assert said.sent_at == START + 4 * HOUR
    assert readings("from 10:00 to 11:00 at nothing valid each 20 minutes", DAY).value is None
    assert readings("from 10:00 to 11:00 at 2 g/s each hour, device SN-1", DAY).device == "SN-1"


@pytest.mark.parametrize(
    "text",
    [
        "10:00 to 10:30 at 450 mg/m3 each minute",
        "from 10:00 to 10:30 at 450 each minute",
        "from 10:00 to 10:30 at 450 mg/m3 each minute, broken",
        "from 25:00 to 26:00 at 450 mg/m3 each minute",
    ],
)
def test_readings_that_are_not_understood_are_refused(text: str) -> None:
    with pytest.raises(SentenceError):
        readings(text, DAY)


@pytest.mark.parametrize(
    "text", ["KZ-30", "KZ-30 from 10:00", "KZ-30 from 10:00 to 10:30, value high"]
)
def test_findings_that_are_not_understood_are_refused(text: str) -> None:
    with pytest.raises(SentenceError):
        finding(text, DAY)


def violation(**changes: Any) -> dict[str, Any]:
    """A violation as it is published, with some fields of it."""
    plain = {
        "rule": "KZ-30",
        "start": START,
        "end": START + 30 * MINUTE,
        "status": "CLOSED",
        "value": 1000.0,
        "automatic": False,
        "reasons": ["CONFLICTING_DATA"],
        "revision": 1,
    }
    return plain | changes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("KZ-30 from 10:00 to 10:30, value 1000, not automatic because CONFLICTING_DATA", None),
        ("KZ-30 from 10:00 to 10:30, value 1001", "value should be 1001.0, is 1000.0"),
        ("KZ-30 from 10:00 to 10:30, automatic", "automatic should be True, is False"),
        ("KZ-30 from 10:00 to 10:30, not automatic because NOT_AUTOMATIC_YET", "reasons should"),
        ("KZ-30 from 10:00 to 10:30, open", "status should be OPEN, is CLOSED"),
        ("KZ-30 from 10:00 to 10:30, withdrawn", "status should be WITHDRAWN, is CLOSED"),
        ("KZ-30 from 10:00 to 10:30, revision 2", "revision should be 2, is 1"),
        ("KZ-30 from 10:30 to 11:00", "not found: KZ-30 from 2026-05-04 10:30 to 2026-05-04 11:00"),
        ("KZ-30 from 10:00 on", "not found: KZ-30 from 2026-05-04 10:00 on"),
    ],
)
def test_what_differs_is_told(text: str, said: str | None) -> None:
    found = differences([finding(text, DAY)], [violation()], "KZ-30")
    assert found == [] if said is None else said in found[0]


def test_what_is_not_expected_is_told_but_for_what_was_withdrawn() -> None:
    assert differences([], [violation()], "KZ-30") == [
        "not expected: KZ-30 from 2026-05-04 10:00 to 2026-05-04 10:30, value 1000.0"
    ]
    assert differences([], [violation(status="WITHDRAWN")], "KZ-30") == []
    assert differences([], [violation(rule="KZ-DAY")], "KZ-30") == []


def written(path: Path, text: str) -> Path:
    """A file of cases."""
    path.write_text(text, encoding="utf-8")
    return path


def test_a_case_that_is_wrong_is_told_by_its_name(tmp_path: Path) -> None:
    text = (
        "rule: KZ-30\ngiven: {limits: [600 mg/m3]}\ncases:\n  - case: so we think\n"
        "    readings: [from 10:00 to 10:30 at 1000 mg/m3 each minute]\n"
        '    found: ["KZ-30 from 10:00 to 10:30"]\n'
    )
    cases = read_cases(written(tmp_path / "x.cases.yaml", text))
    assert check_cases(cases, RULES) == [
        "KZ-30, so we think: not found: KZ-30 from 2026-05-04 10:00 to 2026-05-04 10:30"
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rule: KZ-30\ncases: [{case: a, reading: []}]", "x.cases.yaml: Object contains unknown"),
        ("rule: KZ-30\ncases: [", "x.cases.yaml: line 2, column 9: "),
        ("rule: KZ-31\ncases: []", "KZ-31: there are cases of it and no rule"),
        ("rule: KZ-30\ncases: [{case: a, readings: [b]}]", "KZ-30, a: 'b' is not like 'from 10:00"),
        ("rule: KZ-30\ncases: [{case: a, limits: [b]}]", "KZ-30, a: 'b' is no limit such as"),
    ],
)
def test_a_file_that_is_not_understood_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CaseError) as caught:
        check_cases(read_cases(written(tmp_path / "x.cases.yaml", text)), RULES)
    assert str(caught.value).startswith(sentence)
