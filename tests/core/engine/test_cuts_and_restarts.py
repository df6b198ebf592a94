"""What would depend on where a batch is cut, or on a new start, if it were done a little later."""

from __future__ import annotations

import pytest

from streams.core.time.interval import DAY, HOUR, MINUTE
from tests.core.engine.test_bulk import one_by_one, same
from tests.core.examples import (
    BIN,
    Log,
    connected,
    enterprise,
    fold,
    history,
    local,
    proof,
    quiet,
    reading,
    source,
)
from tests.core.traffic import Scene

BEGIN = local("2026-04-01 08:00")


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Asia/Kolkata", "Asia/Tashkent"])
def test_a_closed_window_takes_nothing_more_when_another_clock_cuts_it(zone: str) -> None:
    """By the new clock the slot of the last reading begins inside the window that has closed."""
    registry = history(enterprise(source(cadence_s=300)))
    moved = BEGIN + 16 * MINUTE
    registry.add(moved, BIN, enterprise(source(cadence_s=300, timezone=zone)), proof(1))
    log = Log()
    for start, arrival in ((5, 11), (15, 21), (20, 26)):
        item = reading(BEGIN + start * MINUTE, period_s=300)
        log.add(item, BEGIN + arrival * MINUTE)
    made = Scene(registry, quiet(log).records)
    expected = one_by_one(made)
    assert expected.mean("20min", BEGIN).count == 2
    same(fold(made.records, registry), expected)
    same(fold(made.records, registry, [2], rebuilt=True), expected)


def test_a_silence_is_final_from_the_same_record_on_wherever_the_batch_is_cut() -> None:
    """Connected, silent for days, then registered anew without a date: what was final stays."""
    registry = history(connected())
    registry.add(BEGIN + 11 * DAY, BIN, enterprise(), proof(1))
    log = Log().series(BEGIN, [100.0])
    for at in (5 * DAY, 17 * DAY, 18 * DAY):
        log.tick(BEGIN + at)
    made = Scene(registry, log.records)
    expected = one_by_one(made)
    assert [each.rule for each in expected.violations] == ["KZ-GAP"] * len(expected.violations)
    same(fold(made.records, registry), expected)
    for cut in range(1, len(made.records)):
        same(fold(made.records, registry, [cut]), expected)
        same(fold(made.records, registry, [cut], rebuilt=True), expected)


def test_a_new_start_judges_no_run_that_nothing_has_touched() -> None:
    """A run of half hours stands; then the source sends more often, and its runs are of others."""
    registry = history(enterprise(source(cadence_s=1200)))
    changed = BEGIN + 12 * HOUR
    registry.add(changed, BIN, enterprise(source(cadence_s=10)), proof(1))
    log = Log().series(BEGIN, [1500.0] * 18, period_s=1200)
    for at in (10, 11, 13, 14, 20):
        log.tick(BEGIN + at * HOUR)
    made = Scene(registry, log.records)
    expected = fold(made.records, registry)
    assert expected.standing("KZ-3H")
    same(expected, one_by_one(made))
    same(expected, one_by_one(made, rebuilt=True))
