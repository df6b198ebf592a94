"""``window_mean_over``: a mean is compared with a decimal multiple of its limit, exactly."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.core.law.rule import RuleSet
from streams.rules.load import parse_rules
from tests.core.examples import Log, enterprise, fold, limit, local, quiet, source
from tests.rules.test_rules import rule_text

BEGIN = local("2026-03-01")


def of_factor(factor: int | Decimal, compare: str) -> RuleSet:
    """A rule on hours in mg/m3."""
    text = rule_text().replace("compare: at_least, factor: 2", f"compare: {compare}, factor: F")
    return parse_rules([("x.yaml", text.replace("factor: F", f"factor: {factor}"))])


@settings(max_examples=60)
@given(
    factor=st.decimals(min_value="0.01", max_value=4, places=2),
    bound=st.floats(min_value=1, max_value=700),
    compare=st.sampled_from(["above", "at_least"]),
    steps=st.integers(-2, 2),
)
@example(factor=Decimal("1.20"), bound=500.0, compare="at_least", steps=0)
@example(factor=Decimal("1.10"), bound=0.1, compare="above", steps=0)
@example(factor=Decimal("2.00"), bound=500.0, compare="above", steps=1)
def test_the_published_mean_meets_the_rule_exactly_where_fractions_say_so(
    factor: Decimal, bound: float, compare: str, steps: int
) -> None:
    level = float(factor) * bound
    for _ in range(abs(steps)):
        level = math.nextafter(level, math.inf if steps > 0 else 0.0)
    plant = enterprise(source(limits=(limit(bound),)))
    log = quiet(Log().series(BEGIN, [level] * 6))
    found = fold(log, plant, rules=of_factor(factor, compare))
    value, edge = Fraction(level), Fraction(factor) * Fraction(bound)
    expected = value > edge if compare == "above" else value >= edge
    assert [each.value for each in found.standing("XX-1")] == [level] * expected


@pytest.mark.parametrize(
    ("factor", "level", "found"), [("0.8", 400.0, True), ("0.8", 399.9, False), ("1", 499.0, False)]
)
def test_a_rule_may_hold_below_the_limit(factor: str, level: float, found: bool) -> None:
    log = quiet(Log().series(BEGIN, [level] * 6))
    standing = fold(log, rules=of_factor(Decimal(factor), "at_least")).standing("XX-1")
    assert [each.ratio for each in standing] == [level / 500.0] * found
