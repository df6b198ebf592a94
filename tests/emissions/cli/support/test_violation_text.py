"""Violations as people read them: in their language, by the clock of the source."""

from __future__ import annotations

from typing import Any

import pytest

from emissions.cli.support.output import show_rows
from emissions.cli.support.violation_text import (
    LISTED,
    ViolationFilter,
    ViolationFormatter,
    measured_text,
)
from streams.rules.load import load_rules

RULES = load_rules()
START = 1_777_846_200_000  # 2026-05-03T22:10:00Z
VIOLATION: dict[str, Any] = {
    "id": "7d444840-9dc0-51d1-b245-5ffdce74fad2", "revision": 1, "status": "OPEN",
    "rule": "KZ-3H", "rule_set": "kz-1", "legal_basis": [], "bin": "990140001233",
    "enterprise": {"ru": "Котельный комплекс", "en": "Boilers"}, "region": "KZ-55",
    "category": 1, "business_size": "large", "source_id": "A", "parameter": "SO2",
    "unit": "mg/m3", "start": START, "end": None, "value": 1100.0, "validated_value": None,
    "limit": 500.0, "ratio": 2.2, "excess_mass_t": None, "device_serial": None,
    "verification": None, "verification_until": None, "detected_at": START, "automatic": True,
    "deferred_until": None, "evidence": [],
}  # fmt: skip
DUTY: dict[str, Any] = dict.fromkeys(("source_id", "parameter", "unit", "value", "limit", "ratio"))
WORDS = ViolationFormatter("en", {"A": "Asia/Oral"}, RULES)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {},
            "OPEN      KZ-3H     A  Boilers  SO2 1100 mg/m3, limit 500 (2.2 times)  "
            "2026-05-04 03:10:00 on (+05:00)  (revision 1)",
        ),
        (
            {"rule": "KZ-NOASM", **DUTY},
            "OPEN      KZ-NOASM  990140001233  Boilers  2026-05-04 03:10:00 on (+05:00)  "
            "(revision 1)",
        ),
    ],
)
def test_a_followed_change_is_one_line_of_what_applies(given: dict[str, Any], line: str) -> None:
    assert WORDS.line({**VIOLATION, **given}) == line


def test_both_clocks_title_and_names_are_told() -> None:
    words = ViolationFormatter("ru", {}, RULES)
    row = words.row({**VIOLATION, "end": START + 14_400_000})
    assert row["local"] == "2026-05-04 03:10:00 to 07:10:00 (+05:00)"
    assert row["utc"] == "2026-05-03 22:10:00 to 2026-05-04 02:10:00"
    assert row["region"] == "Павлодарская область (KZ-55)"
    assert row["enterprise"] == "Котельный комплекс"
    assert row["title"]
    document = words.document(VIOLATION)
    assert set(VIOLATION) <= set(document)
    assert document["start"] == "2026-05-03T22:10:00Z"
    assert document["start_local"] == "2026-05-04T03:10:00+05:00"


def test_a_silence_is_told_in_days() -> None:
    silent = {**VIOLATION, "parameter": None, "unit": "s", "value": 187_200.0, "limit": 86_400.0}
    assert measured_text(silent) == "silent for 2 days 4 h, limit 24 h (2.2 times)"


@pytest.mark.parametrize("width", ["60", "80"])
def test_a_list_is_readable_at_any_width(
    width: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    show_rows([WORDS.row(VIOLATION)], LISTED, "table")
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= int(width) for line in lines)
    assert any(line.endswith(VIOLATION["id"]) for line in lines)


def test_what_is_wanted_is_compared_by_its_start() -> None:
    assert VIOLATION in ViolationFilter(since=START, until=START + 1, rules=("KZ-3H",))
    assert VIOLATION not in ViolationFilter(until=START)
    assert VIOLATION not in ViolationFilter(statuses=("CLOSED",))
