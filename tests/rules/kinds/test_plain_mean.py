"""KZ-15: the plain mean of the 20-minute means of a day, as Order 208 counts it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.records.findings import violation_id
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import midnight
from streams.rules.errors import RuleError
from streams.rules.load import parse_rules
from tests.core.examples import (
    Found,
    Log,
    enterprise,
    fold,
    limit,
    local,
    one_by_one,
    quiet,
    reading,
    source,
)
from tests.rules.test_rules import rule_text

BEGIN = local("2026-04-01")
WRITTEN = "{kind: window_mean_over, window: 1h, unit: mg/m3, compare: at_least, factor: 2}"


def plain(found: Found, start: int = BEGIN) -> float | None:
    """The value of the day's KZ-15, None without one."""
    return next((each.value for each in found.standing("KZ-15") if each.start == start), None)


def by_the_published_means(found: Found, start: int, end: int) -> Fraction | None:
    """The plain mean of the last revisions of the VALID 20-minute means that start in a day."""
    values = [
        Fraction(mean.value)
        for (_, parameter, unit, window, at), mean in found.last_means.items()
        if (parameter, unit, window) == ("SO2", "mg/m3", "20min")
        and start <= at < end
        and mean.status == "VALID"
        and mean.value is not None
    ]
    return sum(values, Fraction(0)) / len(values) if values else None


values = st.lists(
    st.none() | st.sampled_from([0.0, 400.0, 749.9, 750.0, 751.3, 900.1, 2500.0]),
    min_size=1,
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(
    sent=values,
    late=st.lists(st.tuples(st.integers(0, 300), st.sampled_from([0.0, 800.0])), max_size=6),
    cuts=st.sets(st.integers(1, 60), max_size=6),
    rebuilt=st.booleans(),
)
def test_it_is_the_mean_of_the_published_means_wherever_batches_are_cut(
    sent: list[float | None], late: list[tuple[int, float]], cuts: set[int], rebuilt: bool
) -> None:
    plant = enterprise(source(cadence_s=300))
    log = Log().series(BEGIN + 5 * HOUR, sent, period_s=300)
    log.tick(BEGIN + DAY + HOUR)
    for number, (at, value) in enumerate(late):
        item = reading(BEGIN + at * 5 * MINUTE // 5 * 5, period_s=300, values={"SO2": value})
        if item.measured_at < BEGIN + DAY:
            log.add(item, BEGIN + DAY + 2 * HOUR + number * MINUTE)
    quiet(log)
    inside = [cut for cut in cuts if cut < len(log.records)]
    found = fold(log, plant, inside, rebuilt=rebuilt)
    expected = by_the_published_means(found, BEGIN, BEGIN + DAY)
    if expected is None or 2 * Fraction(float(expected)) < 1500:
        assert plain(found) is None
    else:
        assert plain(found) == float(expected)
    singly = {(each.id, each.revision): each for each in one_by_one(log, plant).violations}
    assert all(singly[each.id, each.revision] == each for each in found.violations)


def test_late_readings_find_amend_and_withdraw_it() -> None:
    identity = violation_id("KZ-15", "A", "SO2", BEGIN)
    log = quiet(Log().series(BEGIN, [700.0, 700.0]), 25 * HOUR)
    for number, value in enumerate((900.0, 900.0, 751.0, 751.0, 10.0, 10.0)):
        late = reading(BEGIN + HOUR + number * 10 * MINUTE, values={"SO2": value})
        log.add(late, BEGIN + 2 * DAY)
    found = one_by_one(log)
    assert [status for _, status in found.story(identity)] == [
        "CLOSED", "CLOSED", "CLOSED", "CLOSED", "WITHDRAWN"
    ]  # fmt: skip
    assert next(each.value for each in found.violations if each.id == identity) == 800.0
    assert fold(log).last_violations[identity] == found.last_violations[identity]


def test_a_day_below_its_limit_is_looked_at_where_a_reading_is_high() -> None:
    """The day mean lets rules on it be skipped, and must not hide the Order's mean."""
    log = Log().series(BEGIN, [800.0, 800.0])
    for hour in range(1, 20):
        log.add(reading(BEGIN + hour * HOUR, values={"SO2": 0.0}))
    found = fold(quiet(log, 8 * HOUR))
    day = found.mean("day", BEGIN)
    assert day.value is not None
    assert day.value < 100.0
    assert day.status == "INSUFFICIENT"
    assert plain(found) == 800.0
    assert [each.rule for each in found.violations] == ["KZ-15"]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Asia/Almaty", "2024-02-29", 25), ("Europe/Berlin", "2026-03-29", 23)],
)
def test_a_day_has_the_windows_that_start_in_it(zone: str, day: str, hours: int) -> None:
    """A window a 20 minutes of it: 75 of a day of 25 hours, 69 of one of 23."""
    start = midnight(zone, date.fromisoformat(day))
    plant = enterprise(source(cadence_s=1200, timezone=zone))
    levels = [720.0 + number for number in range(3 * hours)]
    sent = [2500.0, *levels, 2500.0]
    found = fold(quiet(Log().series(start - 20 * MINUTE, sent, period_s=1200), 2 * HOUR), plant)
    mean = 720.0 + (3 * hours - 1) / 2
    (violation,) = [each for each in found.standing("KZ-15") if each.start == start]
    assert (violation.value, violation.end) == (mean, start + hours * HOUR)
    exact = by_the_published_means(found, start, start + hours * HOUR)
    assert exact == Fraction(mean)


def test_the_excess_has_the_day_s_mass_and_the_validated_value_the_interval() -> None:
    plant = enterprise(source(limits=(limit(500.0, confidence_interval_pct=20.0),)))
    (violation,) = fold(quiet(Log().series(BEGIN, [900.0] * 6), DAY), plant).standing("KZ-15")
    assert (violation.validated_value, violation.ratio) == (800.0, 1.8)
    assert violation.excess_mass_t is None
    assert violation.track == "INSPECTION"
    assert violation.evidence[0].readings == 6


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("{kind: plain_mean_over, window: 1h, of: 20min, compare: above}", "Invalid enum value"),
        ("{kind: plain_mean_over, window: day, of: day, compare: above}", "Invalid enum value"),
        (
            "{kind: plain_mean_over, window: day, of: 20min, compare: above, factor: 0}",
            "a factor must be above 0",
        ),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(condition: str, reason: str) -> None:
    with pytest.raises(RuleError, match=reason):
        parse_rules([("x.yaml", rule_text().replace(WRITTEN, condition))])


def test_above_is_not_at_least() -> None:
    text = rule_text().replace(
        WRITTEN, "{kind: plain_mean_over, window: day, of: 1h, compare: above, factor: 1.5}"
    )
    rules = parse_rules([("x.yaml", text.replace("valid_to", "#"))])
    for level, count in ((750.0, 0), (750.1, 1)):
        found = fold(quiet(Log().series(BEGIN, [level] * 6), DAY), rules=rules)
        assert len(found.standing("XX-1")) == count
