"""The cases of the rules take every decision of the kinds, each both ways."""

from __future__ import annotations

import pytest

from emissions.rule_cases.judge import violations
from emissions.rule_cases.scenario import scenario
from streams.rules.load import load_rules
from tests.rules.decisions import watched_kinds
from tests.rules.test_cases import ALL, FILES
from tests.rules.test_other_countries import FILES as OTHERS
from tests.rules.test_other_countries import of_a_year

pytestmark = pytest.mark.slow

REFUSALS = {"never", "__init__", "__post_init__"}
"""Functions that only a rule file calls when it is loaded: `tests.rules.test_never_silent`."""
MEMORY = {"carry_over", "forget", "_carry"}
"""Functions that drop what is long over: `tests.core.engine.test_retention`."""

OF_A_YEAR = {"share_of_year.py", "invalid_days.py"}
"""Kinds whose cases take a year of readings each: `tests.rules.test_other_countries`."""

ELSEWHERE = {
    # What no case tells: another registration (test_obligation, tests.core.sources.test_history).
    "obligation.py: judge: enterprise is None",
    "obligation.py: judge: mine and identity != wanted and open_still",
    "obligation.py: _publish: registration is None",
    # Two versions of a rule: tests.rules.test_versions.
    "outage.py: judge: not self.owns(piece.start, entry.zone)",
    # An end that is not told yet, after a restart: tests.rules.kinds.test_unverified_device.
    "unverified_device.py: judge: before is None or before.end is None or over or "
    "(_quiet_until(scene, before.end) <= now)",
    # More than a year of hours, which no case has.
    "availability.py: excess: due >= self.condition.hours",
    # The beginning of a run that was dropped: tests.core.engine.test_retention.
    "run.py: _runs: (carry := scene.state.run_prefixes.get(name)) is not None",
    "run.py: _publish: run.carry is not None",
    "run.py: _publish: run.starts",
    "run.py: _limit: run.carry is not None",
    # What a type allows and a rule on limits never meets.
    "run.py: _publish: limit is None",
    "run.py: _publish: value is None or limit is None",
    "run.py: _limit: limit is None",
    "year_mass.py: _notify: known is not None",
    # A rule without notices: tests.rules.kinds.test_year_mass.
    "year_mass.py: concerns: lowest is None",
}
"""Decisions that the cases take one way or not at all, and where they are tested."""


def test_the_cases_take_every_decision_both_ways() -> None:
    with watched_kinds() as decisions:
        rules = load_rules()
        for _, case in ALL:
            violations(scenario(case), rules)
        for name, each in OTHERS:
            others = load_rules(name)
            for case in each.cases:
                if not of_a_year(case):
                    violations(scenario(case, others.country), others)
    one_way = {
        each.place
        for each in decisions
        if len(each.outcomes) < 2
        and each.function not in REFUSALS | MEMORY
        and each.file not in OF_A_YEAR
    }
    assert len(decisions) > 90
    assert one_way <= ELSEWHERE


def test_every_rule_has_cases_that_find_it_and_cases_that_do_not() -> None:
    for file in FILES:
        finding = [case for case in file.cases if any("withdrawn" not in f for f in case.found)]
        assert finding, file.rule
        assert len(finding) < len(file.cases), file.rule
        told = " ".join(text for case in file.cases for text in case.found)
        assert "NOT_AUTOMATIC_YET" in told, file.rule
        assert ", automatic" in told, file.rule
