"""The cases beside the rules: by the core, and by the independent calculation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import streams.rules
from emissions.rule_cases.case import Case, read_cases
from emissions.rule_cases.judge import violations
from emissions.rule_cases.scenario import scenario
from emissions.rule_cases.sentences import differences, finding
from streams.rules.load import CASES, load_rules
from tests.oracle import clock
from tests.oracle.calculate import calculate

FOLDER = Path(streams.rules.__file__).parent / "kz"
RULES = load_rules()
FILES = [read_cases(path) for path in sorted(FOLDER.glob(f"*{CASES}"))]
ALL = [(each.rule, case) for each in FILES for case in each.cases]
NAMES = [f"{rule}: {case.case}" for rule, case in ALL]


def by_the_oracle(case: Case, directory: Path) -> list[dict[str, Any]]:
    """The violations of the independent calculation, with times in ms."""
    made = scenario(case)
    registry, readings = made.write(directory)
    found = calculate(registry, readings, clock.written(made.until))
    moments = ("start", "end", "deferred_until")
    return [
        row | {name: None if row[name] is None else clock.timestamp(row[name]) for name in moments}
        for row in found.violations
    ]


def test_every_rule_has_cases_that_say_its_name_once() -> None:
    assert [each.rule for each in FILES] == [rule.code for rule in RULES.rules]
    assert [path.name for path in sorted(FOLDER.glob(f"*{CASES}"))] == [
        f"{each.rule}{CASES}" for each in FILES
    ]
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize(("rule", "case"), ALL, ids=NAMES)
def test_the_core_finds_what_the_case_says(rule: str, case: Case) -> None:
    wanted = [finding(text, case.local_day) for text in case.found]
    assert differences(wanted, violations(scenario(case), RULES), rule) == []


@pytest.mark.parametrize(("rule", "case"), ALL, ids=NAMES)
def test_the_independent_calculation_finds_what_the_case_says(
    rule: str, case: Case, tmp_path: Path
) -> None:
    wanted = [finding(text, case.local_day) for text in case.found]
    found = by_the_oracle(case, tmp_path)
    assert differences(wanted, found, rule, with_history=False) == []
