"""A conflicting duplicate inside a violation: no fine rests on which of two voices came first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.quality.conflict import add_conflict, contested, contested_time
from streams.core.records.findings import violation_id
from streams.core.time.interval import DAY, HOUR, MINUTE, SLOT, Interval
from streams.core.time.local_clock import parse_instant
from tests.core.examples import Log, connected, enterprise, fold, local, one_by_one, quiet, reading
from tests.core.examples import source as stack

BEGIN = local("2026-04-01 08:00")
HIGH = 1500.0
OTHER = {"SO2": 7.0}
CONFLICTING = ("CONFLICTING_DATA",)


def test_a_conflict_before_the_window_closes_takes_the_automatism_away() -> None:
    log = Log().series(BEGIN, [HIGH] * 2).add(reading(BEGIN, values=OTHER), BEGIN + 20 * MINUTE)
    log.series(BEGIN + 20 * MINUTE, [HIGH] * 4)
    found = fold(quiet(log))
    first, second = found.standing("KZ-30")
    assert (first.automatic, first.reasons, first.value) == (False, CONFLICTING, HIGH)
    assert (second.automatic, second.reasons) == (True, ())
    assert [each.reason for each in found.dead_letters] == ["CONFLICTING_DUPLICATE"]


def test_a_later_conflict_amends_what_was_published() -> None:
    log = Log().series(BEGIN, [HIGH] * 3).tick(BEGIN + 2 * HOUR)
    log.add(reading(BEGIN + 10 * MINUTE, values=OTHER), BEGIN + 30 * HOUR)
    log.add(reading(BEGIN + 10 * MINUTE, values={"SO2": 8.0}), BEGIN + 31 * HOUR)
    found = one_by_one(log)
    identity = violation_id("KZ-30", "A", "SO2", BEGIN)
    story = [each for each in found.violations if each.id == identity]
    assert [(each.revision, each.automatic, each.reasons) for each in story] == [
        (1, True, ()),
        (2, False, CONFLICTING),
    ]
    assert (story[1].status, story[1].detected_at) == ("CLOSED", BEGIN + 30 * HOUR)
    assert found.mean("30min", BEGIN).revision == 1
    for cut in range(1, len(log.records)):
        assert fold(log, cuts=[cut], rebuilt=True).last_violations == found.last_violations


def test_a_high_value_that_conflicts_with_an_earlier_low_one_opens_no_violation() -> None:
    """The low voice came first and stands: what the high one says opens nothing."""
    log = Log().series(BEGIN, [100.0] * 3).add(reading(BEGIN, values={"SO2": 9e3}), BEGIN + HOUR)
    found = fold(quiet(log))
    assert not found.violations
    assert [each.reason for each in found.dead_letters] == ["CONFLICTING_DUPLICATE"]


def test_an_equal_copy_is_no_conflict() -> None:
    log = Log().series(BEGIN, [HIGH] * 3).add(reading(BEGIN, values={"SO2": HIGH}), BEGIN + HOUR)
    found = fold(quiet(log))
    assert found.duplicates == 1
    assert found.standing("KZ-30")[0].automatic


def test_a_conflict_counts_in_its_day_and_its_run() -> None:
    plant = enterprise(stack(cadence_s=1800))
    log = Log().series(BEGIN, [HIGH] * 8, period_s=1800).tick(BEGIN + 16 * HOUR + 30 * MINUTE)
    assert [each.automatic for each in fold(log, plant).standing("KZ-3H")] == [True]
    log.add(reading(BEGIN + HOUR, values=OTHER, period_s=1800), BEGIN + 20 * HOUR)
    found = one_by_one(log, plant)
    assert [each.reasons for each in found.standing("KZ-3H")] == [CONFLICTING]
    assert [each.reasons for each in found.standing("KZ-30")] == [(), (), CONFLICTING, *[()] * 5]
    assert fold(log, plant).last_violations == found.last_violations


def day_log(excess: float, contested: range) -> Log:
    """A day of 10-minute readings ``excess`` above the limit of 500, some of them contested."""
    start = local("2026-04-01")
    log = Log().series(start, [500.0 + excess] * 144)
    for number in contested:
        at = start + number * 10 * MINUTE
        log.add(reading(at, values=OTHER), start + 25 * HOUR)
    return quiet(log)


@pytest.mark.parametrize(
    ("excess", "contested", "automatic"),
    [
        (50.0, range(1), True),  # (550 - 550/144) is above 500
        (3.4, range(1), False),  # (503.4 - 503.4/144) is below 500
        (400.0, range(36), True),  # 900 * 108/144 = 675, and three quarters are left
        (400.0, range(37), False),  # less than three quarters are left
    ],
)
def test_a_day_that_stands_without_the_contested_readings_stays_automatic(
    excess: float, contested: range, automatic: bool
) -> None:
    (found,) = fold(day_log(excess, contested)).standing("KZ-DAY")
    assert (found.automatic, found.reasons) == (automatic, CONFLICTING)


def test_more_contested_readings_of_one_slot_are_judged_again() -> None:
    """In the first slot one minute leaves the day standing, ten do not."""
    start = local("2026-04-01")
    plant = enterprise(stack(cadence_s=60))
    log = Log().series(start, [502.0] * 1440, period_s=60)
    for number in range(10):
        at = start + number * MINUTE
        log.add(reading(at, values=OTHER, period_s=60), start + 25 * HOUR + number)
    found = one_by_one(log, plant)
    story = [each.automatic for each in found.violations if each.rule == "KZ-DAY"]
    assert story[0]
    assert not story[-1]
    assert fold(log, plant).last_violations == found.last_violations


@pytest.mark.slow
def test_a_run_keeps_it_when_its_hours_are_forgotten() -> None:
    plant = enterprise(stack(cadence_s=1800))
    begin = local("2026-04-01")
    log = Log().series(begin, [HIGH] * 2, period_s=1800)
    log.add(reading(begin, values=OTHER, period_s=1800), begin + HOUR)
    log.series(begin + HOUR, [HIGH] * (5 * 48 - 2) + [1.0] * 5 * 48, period_s=1800)
    found = fold(quiet(log), plant, range(0, len(log.records), 50), rebuilt=True)
    assert [(each.end, each.reasons) for each in found.standing("KZ-3H")] == [
        (begin + 5 * DAY, CONFLICTING)
    ]
    assert found.last_violations == one_by_one(log, plant).last_violations
    assert found.state


def test_a_conflict_counts_within_a_silence_for_as_long_as_that_lasts() -> None:
    """The accepted reading began late in its interval; the other lies before it, in the silence."""
    plant = connected(on="2026-04-01")
    log = Log().add(reading(BEGIN)).tick(BEGIN + 30 * HOUR)
    back = BEGIN + 40 * HOUR
    log.add(reading(back + 5 * MINUTE)).add(reading(back + MINUTE, values=OTHER), back + HOUR)
    found = one_by_one(log, plant)
    (outage,) = found.standing("KZ-GAP")
    assert (outage.end, outage.reasons, outage.automatic) == (back + 5 * MINUTE, CONFLICTING, False)
    assert (
        not fold(Log().add(reading(BEGIN)).tick(BEGIN + 30 * HOUR), plant)
        .standing("KZ-GAP")[0]
        .reasons
    )


def test_an_interval_of_which_nothing_is_known_any_more_is_too_late() -> None:
    log = Log().series(BEGIN, [HIGH] * 3).tick(BEGIN + 10 * DAY)
    log.add(reading(BEGIN, values=OTHER), BEGIN + 10 * DAY)
    found = fold(log)
    assert [each.reason for each in found.dead_letters] == ["TOO_LATE"]
    assert found.standing("KZ-30")[0].automatic


def test_what_is_remembered_of_conflicts_is_bounded() -> None:
    """Every reading of two weeks is contradicted: one span of the last days is kept."""
    log = Log()
    for number in range(14 * 144):
        at = BEGIN + number * SLOT
        log.add(reading(at)).add(reading(at, values=OTHER), at + SLOT)
    found = fold(log, cuts=range(0, len(log.records), 200), rebuilt=True)
    assert len(found.dead_letters) == 14 * 144
    assert len(found.state["0/source/A"]) < 500


slots = st.integers(0, 60)
PERIOD = SLOT // 10


@given(st.lists(st.tuples(slots, st.integers(0, 9)), max_size=40), slots, slots, st.integers(0, 9))
def test_spans_tell_what_the_intervals_tell(
    found: list[tuple[int, int]], one: int, other: int, inside: int
) -> None:
    """Of every window; and of a silence, which begins and ends inside a slot."""
    spans: list[Interval] = []
    seen: set[int] = set()
    intervals: list[int] = []
    for slot, number in found:
        at = slot * SLOT + number * PERIOD
        before = list(spans)
        new = add_conflict(spans, (at, at + PERIOD), (slot * SLOT, (slot + 1) * SLOT))
        assert new == (spans != before)
        assert new or slot in seen
        seen.add(slot)
        intervals.append(at)
    assert spans == sorted(spans)
    start, end = sorted((one, other))
    assert contested(spans, start * SLOT, end * SLOT) == any(start <= each < end for each in seen)
    low, high = start * SLOT + inside * PERIOD, (start + 145) * SLOT + inside * PERIOD
    assert contested(spans, low, high) == any(low <= each < high for each in intervals)
    exact = sum(min(at + PERIOD, high) - max(at, low) for at in set(intervals) if low <= at < high)
    assert exact <= contested_time(spans, low, high) <= high - low


def test_a_conflict_counts_in_every_window_that_its_interval_meets() -> None:
    """At five and three quarter hours from UTC a window begins in the midst of an interval."""
    plant = enterprise(stack(timezone="Asia/Kathmandu"))
    at = parse_instant("Asia/Kathmandu", "2026-04-01T10:00:00+05:45")
    log = Log().series(at - 25 * MINUTE, [HIGH] * 6)  # at :35 and so on: whole intervals of UTC
    assert (at - 5 * MINUTE) % PERIOD == 0
    log.add(reading(at - 5 * MINUTE, values=OTHER), at + HOUR)
    found = fold(quiet(log), plant)
    spans = [(each.start, each.reasons) for each in found.standing("KZ-30")]
    assert spans == [(at - 30 * MINUTE, CONFLICTING), (at, CONFLICTING)]
