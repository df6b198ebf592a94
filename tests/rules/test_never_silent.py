"""A rule file either is judged, wherever batches are cut, or is refused with a reason.

Three traps into which a new rule could fall: it loads and nothing looks at its windows; nobody
evaluates its condition; what it finds depends on where batches are cut, because something left
out of judgement what only rules on high values may be left out of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.judging import evaluator
from streams.core.judging.evaluator import evaluates
from streams.core.judging.window_violation import WindowViolationEvaluator
from streams.core.law.rule import Condition, RuleSet
from streams.core.records.findings import WindowMean
from streams.core.time.interval import HOUR, MINUTE
from streams.rules.errors import RuleError
from streams.rules.load import parse_rules
from tests.core.examples import Log, enterprise, fold, local, quiet, reading, source
from tests.rules.kind_registration import kinds_of_a_test
from tests.rules.test_rules import rule_text

BEGIN = local("2026-04-01")
WRITTEN = "{kind: window_mean_over, window: 1h, unit: mg/m3, compare: at_least, factor: 2}"


def with_condition(condition: str) -> str:
    """A rule file with another condition."""
    assert rule_text().count(WRITTEN) == 1
    return rule_text().replace(WRITTEN, condition)


@pytest.mark.parametrize("window", ["20min", "30min", "day"])
def test_a_rule_on_a_mean_that_is_never_made_is_refused(window: str) -> None:
    text = with_condition(
        f"{{kind: window_mean_over, window: {window}, unit: g/s, compare: above}}"
    )
    with pytest.raises(RuleError, match=f"never be judged: no mean of {window} in g/s is made"):
        parse_rules([("x.yaml", text)])


def test_a_run_of_windows_that_its_cadence_does_not_fill_is_refused() -> None:
    text = with_condition(
        "{kind: run_over, window: 30min, factor: 2, longer_than_s: 60,"
        " window_by_cadence: {1800: 20min}}"
    )
    with pytest.raises(RuleError, match="never be judged: readings each 1800 s make no mean of 20"):
        parse_rules([("x.yaml", text)])


def test_a_run_that_would_have_to_outlast_its_cut_is_refused() -> None:
    text = with_condition("{kind: run_over, window: 1h, factor: 2, longer_than_s: 604800}")
    with pytest.raises(RuleError, match="never be judged: a run is cut"):
        parse_rules([("x.yaml", text)])


class Steady(Condition, frozen=True, tag="steady"):
    """A mean below a share of nothing at all: one that holds for low values, limit or not."""

    window: Literal["30min", "day"]
    below: float


class SteadyEvaluator(WindowViolationEvaluator[Steady]):
    """Asked for every mean."""

    def windows(self) -> Collection[tuple[str, str]]:
        """The window that the rule names."""
        return ((self.condition.window, "mg/m3"),)

    @property
    def floor(self) -> float | None:
        """None: it holds below every limit."""
        return None

    def met(self, mean: WindowMean) -> bool:
        """Compare with the parameter."""
        return mean.value is not None and mean.value < self.condition.below


class Unheard(Condition, frozen=True, tag="unheard"):
    """A condition without an evaluator."""


def test_a_condition_that_nobody_evaluates_is_refused() -> None:
    text = with_condition("{kind: unheard}")
    with pytest.raises(RuleError, match=r"x\.yaml: nobody evaluates the condition 'unheard'"):
        parse_rules([("x.yaml", text)])


def test_an_evaluator_that_nothing_triggers_is_no_evaluator() -> None:
    with pytest.raises(TypeError, match="Loose must derive from a trigger: WindowEvaluator,"):

        @evaluates(Steady)
        class Loose(evaluator.Evaluator[Steady]):
            pass


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    """Evaluators are made with each engine."""
    with kinds_of_a_test():
        evaluates(Steady)(SteadyEvaluator)
        yield


@pytest.fixture(name="rules", scope="module", params=["alone", "beside"])
def steady_rules(request: pytest.FixtureRequest, registered: None) -> RuleSet:
    """A rule of the kind on low values, alone and beside one on high values."""
    files = [("x.yaml", with_condition("{kind: steady, window: 30min, below: 50.0}"))]
    if request.param == "beside":
        high = with_condition(
            "{kind: window_mean_over, window: 30min, unit: mg/m3, compare: at_least}"
        )
        files.append(("y.yaml", high.replace("code: XX-1", "code: XX-0")))
    return parse_rules([(name, text.replace("valid_to", "#")) for name, text in files])


def test_a_mean_without_a_limit_is_judged_by_a_rule_that_asks_for_every_mean(
    rules: RuleSet,
) -> None:
    log = quiet(Log().series(BEGIN, [10.0] * 3 + [60.0] * 3 + [600.0] * 3))
    limited, unlimited = (
        fold(log, enterprise(plant), rules=rules) for plant in (source(), source(limits=()))
    )
    for found in (limited, unlimited):
        assert [each.start for each in found.standing("XX-1")] == [BEGIN]
    assert unlimited.standing("XX-1")[0].limit is None
    assert [each.start for each in limited.standing("XX-0")] in ([], [BEGIN + HOUR])
    assert unlimited.standing("XX-0") == []


levels = st.sampled_from([0.0, 20.0, 49.0, 51.0, 80.0, 700.0, 1200.0])


@given(
    values=st.lists(levels, min_size=6, max_size=18),
    late=st.lists(st.tuples(st.integers(0, 30), levels), max_size=6),
    cuts=st.sets(st.integers(1, 30), max_size=8),
    limited=st.booleans(),
    rebuilt=st.booleans(),
)
def test_results_are_independent_of_batch_boundaries(
    rules: RuleSet,
    values: list[float],
    late: list[tuple[int, float]],
    cuts: set[int],
    limited: bool,
    rebuilt: bool,
) -> None:
    """Late readings, also conflicting ones, revise low means of series with and without a limit."""
    log = Log()
    for at, value in enumerate(values):
        if at % 3 != 2:
            log.add(reading(BEGIN + at * 10 * MINUTE, values={"SO2": value}))
    log.tick(BEGIN + 4 * HOUR)
    for number, (at, value) in enumerate(late):
        item = reading(BEGIN + at * 10 * MINUTE, values={"SO2": value})
        log.add(item, BEGIN + 5 * HOUR + number * MINUTE)
    quiet(log)
    plant = enterprise(source() if limited else source(limits=()))
    singly = fold(log, plant, range(1, len(log.records)), rules=rules)
    inside = [cut for cut in cuts if cut < len(log.records)]
    cut = fold(log, plant, inside, rebuilt=rebuilt, rules=rules)
    assert cut.last_violations == {
        key: each
        for key, each in singly.last_violations.items()
        if key in cut.last_violations or each.status != "WITHDRAWN"
    }
    said = {(each.id, each.revision): each for each in singly.violations}
    assert all(said[each.id, each.revision] == each for each in cut.violations)
    assert {key: each for key, each in cut.state.items() if "/source/" in key} == {
        key: each for key, each in singly.state.items() if "/source/" in key
    }
