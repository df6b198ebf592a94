"""The packaged rules of other countries hold their cases; those of a whole year take long."""

from __future__ import annotations

import pytest

from emissions.rule_cases.case import Case, read_cases
from emissions.rule_cases.judge import violations
from emissions.rule_cases.scenario import scenario
from emissions.rule_cases.sentences import differences, finding
from streams.rules.folder import packaged_sets, rule_folder
from streams.rules.load import CASES, load_rules

OTHERS = [name for name in packaged_sets() if name != "kz"]
RULES = {name: load_rules(name) for name in OTHERS}
FILES = [
    (name, read_cases(path))
    for name in OTHERS
    for path in sorted(rule_folder(name).glob(f"*{CASES}"))
]


def of_a_year(case: Case) -> bool:
    """Whether a case has thousands of readings: it lasts to the end of a year."""
    return any("2026-01-01" in text for text in case.readings)


ALL = [
    pytest.param(
        name,
        each.rule,
        case,
        id=f"{each.rule}: {case.case}",
        marks=[pytest.mark.long] if of_a_year(case) else [],
    )
    for name, each in FILES
    for case in each.cases
]


def test_every_rule_of_every_country_has_cases() -> None:
    assert OTHERS == ["cn", "eu", "us"]
    for name in OTHERS:
        rules = RULES[name]
        assert rules.country.code == name.upper()
        assert [rule.code for rule in rules.rules] == sorted(
            each.rule for country, each in FILES if country == name
        )


@pytest.mark.parametrize(("country", "rule", "case"), ALL)
def test_the_core_finds_what_the_case_says(country: str, rule: str, case: Case) -> None:
    rules = RULES[country]
    wanted = [finding(text, case.local_day) for text in case.found]
    assert differences(wanted, violations(scenario(case, rules.country), rules), rule) == []
