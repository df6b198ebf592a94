"""Each tonne is counted once, and costs what the figures of its day say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from emissions.backtest.mass import NO_RATE, NOT_MEASURED, Cost, cost_of
from streams.core.records.findings import Article, Violation
from streams.core.time.interval import DAY
from streams.rules.payment import load_payment
from tests.emissions.backtest.violations import (
    CODE,
    DAY_OF,
    flow,
    half_hour,
    run,
    violation,
)

TONNE = 20 * 4325 * 100
"""A tonne of SO2 in 2026, part 1, ₸; by part 3 it is twice that."""


def cost(*violations: Violation) -> Cost:
    return cost_of(violations, load_payment(), {"A": "Asia/Almaty"}, "Asia/Almaty")


def test_a_day() -> None:
    assert cost(violation()) == Cost(3.1104, 26_904_960, {})


@pytest.mark.parametrize(
    ("found", "first", "run_t"),
    [
        ([violation(excess_mass_t=4.0), half_hour(10, 1.0), half_hour(11, 1.0)], 4.0, 0.0),
        ([half_hour(10, 1.0), half_hour(11, 1.5)], 2.5, 0.0),
        ([violation(excess_mass_t=4.0), run(10, 4, 1.0), half_hour(10, 0.25)], 3.0, 1.0),
        ([violation(excess_mass_t=0.5), run(10, 4, 1.0)], 0.0, 1.0),
        ([run(10, 4, 1.0), half_hour(10, 0.25), half_hour(20, 0.5)], 0.5, 1.0),
        ([run(22, 4, 1.0), violation(excess_mass_t=4.0)], 3.5, 1.0),
        ([flow(10, 1.0), flow(11, 1.0)], 2.0, 0.0),
        ([flow(10, 1.0), half_hour(20, 0.5)], 0.5, 0.0),
        ([flow(10, 1.0), violation(DAY_OF + DAY, excess_mass_t=4.0)], 5.0, 0.0),
        ([half_hour(10, 0.5), violation(DAY_OF + 10 * 3600 * 1000, 1, rule="X",
                                        excess_mass_t=0.75)], 0.75, 0.0),
    ],
)  # fmt: skip
def test_what_a_case_would_count(found: Sequence[Violation], first: float, run_t: float) -> None:
    expected = Cost(first + run_t, round(first * TONNE + run_t * 2 * TONNE), {})
    assert cost(*found) == expected
    assert cost(*reversed(found)) == expected


def test_a_year_counts_what_nothing_else_has() -> None:
    year = violation(DAY_OF, 24 * 200, rule="KZ-YEAR", unit="t", excess_mass_t=10.0)
    assert cost(year, violation(excess_mass_t=4.0)).tonnes == 10.0
    assert cost(year, violation(excess_mass_t=12.0)).tonnes == 12.0


def test_what_is_missing_is_said() -> None:
    found = cost(violation(excess_mass_t=None), violation(parameter="XYLENE"))
    assert found == Cost(3.1104, 0, {NOT_MEASURED: 1, NO_RATE: 1})
    assert cost(violation(excess_mass_t=None)) == Cost(None, 0, {NOT_MEASURED: 1})


def test_duties_cost_by_the_size_of_the_business() -> None:
    duty = violation(
        source_id=None, parameter=None, rule="KZ-NOLINK", legal_basis=(Article(CODE, "325"),),
        excess_mass_t=None, business_size="small",
    )  # fmt: skip
    assert cost(duty) == Cost(0.0, 60 * 4325, {})
    deferred = violation(legal_basis=duty.legal_basis, deferred_until=DAY_OF + DAY)
    assert cost(deferred) == Cost(0.0, 0, {})


def test_a_ground_for_an_inspection_costs_nothing() -> None:
    order = (Article("Приказ № 208", point="26", subpoint="1"),)
    assert cost(violation(track="INSPECTION", legal_basis=order)) == Cost(0.0, 0, {})
