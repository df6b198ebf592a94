"""KZ-3H: unbroken runs of windows at twice the limit, found, grown, split and closed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streams.core.records.findings import violation_id
from streams.core.registry.enterprise import Device, Verification
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import parse_instant
from streams.rules.kinds.run import RunOver
from tests.core.examples import (
    ALMATY,
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

TODAY = local("2026-04-01")
BEGIN = local("2026-04-01 08:00")
HALF = 30 * MINUTE
HIGH = 1000.0  # exactly twice the limit
LOW = 999.999


def halves(levels: Sequence[float | None]) -> Log:
    """Half hours of three equal readings each; None: nothing was sent."""
    values = [level for level in levels for _ in range(3)]
    return Log().series(BEGIN, values)


def spans(found: Found) -> list[tuple[int, int]]:
    """The standing runs, counted in half hours from the beginning."""
    runs = found.standing("KZ-3H")
    return [((run.start - BEGIN) // HALF, ((run.end or 0) - BEGIN) // HALF) for run in runs]


@pytest.mark.parametrize(("count", "expected"), [(6, []), (7, [(0, 7)]), (20, [(0, 20)])])
def test_a_run_must_last_more_than_three_hours(count: int, expected: list[tuple[int, int]]) -> None:
    assert spans(one_by_one(quiet(halves([HIGH] * count + [LOW])))) == expected


@pytest.mark.parametrize(("count", "runs"), [(9, 0), (10, 1)])
def test_twenty_minute_readings_make_runs_of_ten_windows(count: int, runs: int) -> None:
    log = Log().series(BEGIN, [HIGH] * count + [LOW], period_s=1200)
    found = one_by_one(quiet(log), enterprise(source(cadence_s=1200)))
    assert len(found.standing("KZ-3H")) == runs
    assert not found.standing("KZ-30")  # not provable
    if runs:
        run = found.standing("KZ-3H")[0]
        assert run.end is not None
        assert run.end - run.start == 10 * 20 * MINUTE


@pytest.mark.parametrize("between", [LOW, None, 5e9])
def test_a_low_missing_or_invalid_window_breaks_a_run(between: float | None) -> None:
    levels = [HIGH] * 7 + [between] + [HIGH] * 6
    assert spans(one_by_one(quiet(halves(levels)))) == [(0, 7)]
    longer = [HIGH] * 7 + [between] + [HIGH] * 7
    assert spans(one_by_one(quiet(halves(longer)))) == [(0, 7), (8, 15)]


def test_a_window_with_too_few_valid_readings_breaks_a_run() -> None:
    log = Log().series(BEGIN, [HIGH] * 12 + [HIGH, None, None] + [HIGH] * 12)
    assert spans(one_by_one(quiet(log))) == []
    enough = Log().series(BEGIN, [HIGH] * 12 + [HIGH, HIGH, None] + [HIGH] * 12)
    assert spans(one_by_one(quiet(enough))) == [(0, 9)]


def test_a_run_grows_by_amendments_and_closes_when_the_next_window_is_judged() -> None:
    log = halves([HIGH] * 9 + [LOW])
    found = one_by_one(log.tick(BEGIN + 10 * HALF + 5 * MINUTE))
    identity = violation_id("KZ-3H", "A", "SO2", BEGIN)
    assert found.story(identity) == [(1, "OPEN"), (2, "AMENDED"), (3, "AMENDED"), (4, "CLOSED")]
    ends = [each.end for each in found.violations if each.id == identity]
    assert ends == [BEGIN + count * HALF for count in (7, 8, 9, 9)]
    first = next(each for each in found.violations if each.id == identity)
    assert first.detected_at == BEGIN + 7 * HALF + 10 * MINUTE  # the record after end + grace


def test_a_run_stays_open_until_the_window_after_it_closes() -> None:
    log = halves([HIGH] * 7)
    edge = BEGIN + 8 * HALF + 5 * MINUTE
    assert [run.status for run in one_by_one(log.tick(edge - 1)).standing("KZ-3H")] == ["OPEN"]
    assert [run.status for run in one_by_one(log.tick(edge)).standing("KZ-3H")] == ["CLOSED"]


def test_a_late_reading_splits_a_run_and_moves_its_start() -> None:
    """The first half keeps its id and shrinks; what follows is a run of its own."""
    log = halves([HIGH] * 7 + [HIGH] + [HIGH] * 7)
    missing = log.records.pop(7 * 3)  # the first reading of the eighth half hour
    log = renumbered(log)
    before = one_by_one(quiet(log))
    assert spans(before) == [(0, 15)]
    late = reading(BEGIN + 7 * HALF, values={"SO2": 2.0})
    log.add(late, missing.timestamp + 10 * HOUR)
    found = one_by_one(log)
    assert spans(found) == [(0, 7), (8, 15)]
    story = found.story(violation_id("KZ-3H", "A", "SO2", BEGIN))
    assert story[-1] == (len(story), "CLOSED")
    assert found.story(violation_id("KZ-3H", "A", "SO2", BEGIN + 8 * HALF)) == [(1, "CLOSED")]


def test_a_late_reading_that_moves_the_start_withdraws_the_old_id() -> None:
    log = halves([HIGH] * 8 + [LOW])
    log.records.pop(0)
    log = renumbered(log)
    assert spans(one_by_one(quiet(log))) == [(0, 8)]
    log.add(reading(BEGIN, values={"SO2": 2.0}), BEGIN + 10 * HOUR)
    found = one_by_one(log)
    assert spans(found) == [(1, 8)]
    assert found.story(violation_id("KZ-3H", "A", "SO2", BEGIN))[-1][1] == "WITHDRAWN"


def test_a_run_that_becomes_too_short_is_withdrawn() -> None:
    log = halves([HIGH] * 6 + [None] + [LOW])
    for index, level in ((0, HIGH), (1, HIGH)):
        at = BEGIN + 6 * HALF + index * 10 * MINUTE
        log.add(reading(at, values={"SO2": level}), BEGIN + 10 * HOUR)
    log.add(reading(BEGIN + 6 * HALF + 20 * MINUTE, values={"SO2": 9.0}), BEGIN + 11 * HOUR)
    found = one_by_one(log)
    identity = violation_id("KZ-3H", "A", "SO2", BEGIN)
    assert found.story(identity) == [(1, "CLOSED"), (2, "WITHDRAWN")]


def test_each_window_is_held_to_its_own_limit_and_the_run_shows_the_first() -> None:
    """At midnight the limit falls from 500 to 300; the run goes through it."""
    start = local("2026-04-01 22:00")
    limits = (
        limit(500.0, valid_to="2026-04-02", confidence_interval_pct=20.0),
        limit(300.0, valid_from="2026-04-02", confidence_interval_pct=10.0),
    )
    plant = enterprise(source(limits=limits))
    log = Log().series(start, [1000.0] * 12 + [600.0] * 12 + [100.0] * 3)
    run = one_by_one(quiet(log), plant).standing("KZ-3H")[0]
    assert (run.start, run.end) == (start, start + 4 * HOUR)
    assert (run.limit, run.value, run.ratio) == (500.0, 800.0, 1.6)
    assert run.validated_value == 700.0
    short = Log().series(start, [1000.0] * 12 + [599.0] * 12 + [100.0] * 3)
    assert not one_by_one(quiet(short), plant).standing("KZ-3H")


def test_the_value_weighs_the_valid_time_of_the_run() -> None:
    log = Log().series(BEGIN, [1200.0, 1200.0, None] + [HIGH] * 18 + [LOW] * 3)
    run = one_by_one(quiet(log)).standing("KZ-3H")[0]
    assert run.value == (2 * 1200 + 18 * 1000) / 20


def test_a_run_longer_than_the_memory_keeps_its_start_and_value() -> None:
    """Five days at one level but for the first; the state holds four of them."""
    plant = enterprise(source(cadence_s=1800))
    levels = [3000.0] * 48 + [HIGH] * 4 * 48 + [LOW] * 5 * 48
    log = Log().series(TODAY, levels, period_s=1800)
    found = fold(quiet(log), plant, range(0, len(log.records), 100), rebuilt=True)
    assert len(found.state) < 6 * 24
    runs = found.standing("KZ-3H")
    assert [(run.start, run.end, run.status) for run in runs] == [
        (TODAY, TODAY + 5 * DAY, "CLOSED")
    ]
    assert runs[0].value == (3000 + 4 * 1000) / 5
    assert runs[0].evidence[0].first_offset == 0
    assert runs[0].evidence[0].readings == 5 * 48


@pytest.mark.slow
@pytest.mark.parametrize("hours", [0, 1, 23])
def test_a_run_is_cut_at_the_local_midnight_after_five_days(hours: int) -> None:
    """The next begins there, and has to last more than three hours by itself."""
    plant = enterprise(source(cadence_s=1800))
    begin, cut = TODAY + hours * HOUR, TODAY + 5 * DAY
    for more, second in ((6, False), (7, True)):
        half_hours = (5 * 24 - hours) * 2 + more
        log = Log().series(begin, [HIGH] * half_hours + [LOW], period_s=1800)
        found = fold(quiet(log), plant, range(0, len(log.records), 37), rebuilt=True)
        spans = [(run.start, run.end, run.status) for run in found.standing("KZ-3H")]
        wanted = [(begin, cut, "CLOSED")]
        assert spans == wanted + [(cut, cut + more * 30 * MINUTE, "CLOSED")] * second
        assert found.last_violations == one_by_one(log, plant).last_violations


@pytest.mark.slow
def test_runs_that_were_cut_stay_apart_when_the_first_ones_are_forgotten() -> None:
    """Sixteen days above the limit in pieces of five, looked at hour by hour for weeks."""
    plant = enterprise(source(cadence_s=1800))
    log = Log().series(TODAY + 10 * HOUR, [HIGH] * 16 * 48 + [LOW], period_s=1800)
    for day in range(1, 9):
        log.tick(TODAY + (17 + day) * DAY)
    for found in (fold(log, plant, range(0, len(log.records), 50), rebuilt=True), fold(log, plant)):
        edges = [TODAY + 10 * HOUR, *(TODAY + day * DAY for day in (5, 10, 15))]
        ends = [*edges[1:], TODAY + 16 * DAY + 10 * HOUR]
        spans = [(run.start, run.end) for run in found.standing("KZ-3H")]
        assert spans == list(zip(edges, ends, strict=True))
        assert len({each.id for each in found.violations if each.rule == "KZ-3H"}) == 4
        assert all(run.value == HIGH for run in found.standing("KZ-3H"))


def test_a_reading_of_an_unverified_device_takes_the_automatism_away() -> None:
    device = Device("a", "SN-1", Verification("BA-1", "2026-01-01", "2026-04-01T11:00:00+05:00"))
    plant = enterprise(source(devices=(device,)))
    log = Log().series(BEGIN, [HIGH] * 21, device_serial="SN-1")
    run = one_by_one(quiet(log), plant).standing("KZ-3H")[0]
    assert not run.automatic
    assert (run.device_serial, run.verification) == ("SN-1", "BA-1")
    assert run.verification_until == parse_instant(ALMATY, "2026-04-01T11:00:00+05:00")
    before = Log().series(BEGIN - DAY, [HIGH] * 21, device_serial="SN-1")
    assert one_by_one(quiet(before), plant).standing("KZ-3H")[0].automatic


def test_a_run_is_not_published_again_when_its_source_comes_back_after_a_long_silence() -> None:
    """Nothing came after the run until all of it was forgotten; then a high window comes."""
    plant = enterprise(source(cadence_s=1800))
    log = Log().series(BEGIN, [HIGH] * 8, period_s=1800)
    log.series(BEGIN + 6 * DAY, [HIGH], period_s=1800).tick(BEGIN + 7 * DAY)
    found = one_by_one(log, plant)
    story = found.story(violation_id("KZ-3H", "A", "SO2", BEGIN))
    assert story == [(1, "OPEN"), (2, "CLOSED")]


def test_a_run_half_of_which_is_forgotten_stands() -> None:
    """The state is swept while the run's first hours are too old and its last are not."""
    plant = enterprise(source(cadence_s=1800))
    log = Log().series(BEGIN, [HIGH] * 14, period_s=1800)
    back = BEGIN + 4 * DAY
    log.series(back, [LOW] * 24, period_s=1800)
    log.series(back + 15 * HOUR, [HIGH] * 14, period_s=1800)
    found = fold(quiet(log), plant, range(len(log.records)), rebuilt=True)
    assert [(run.start, run.status) for run in found.standing("KZ-3H")] == [
        (BEGIN, "CLOSED"),
        (back + 15 * HOUR, "CLOSED"),
    ]
    assert found.story(violation_id("KZ-3H", "A", "SO2", BEGIN))[-1][1] == "CLOSED"


def renumbered(log: Log) -> Log:
    """The log with its offsets in a row again."""
    records = [each._replace(offset=number) for number, each in enumerate(log.records)]
    return Log(records)


def test_a_run_is_of_windows_of_the_sources_cadence() -> None:
    run = RunOver("30min", 2, 10800, {1200: "20min"})
    assert (run.window_for(600), run.window_for(1200)) == ("30min", "20min")
