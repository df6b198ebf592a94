"""Means: what a window holds, what was due in it, and when its value stands."""

from __future__ import annotations

import pytest

from streams.core.registry.enterprise import Channel
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.window_kinds import ONE_HOUR, THIRTY, TWENTY, WHOLE_DAY
from streams.core.windows.mean import INSUFFICIENT, NOT_OPERATING, VALID, status_of, validated
from tests.core.examples import SO2, Log, enterprise, excused, fold, limit, local, reading, source

BEGIN = local("2026-04-01")


@pytest.mark.parametrize(
    ("kind", "due", "least"),
    [
        (TWENTY, 20 * MINUTE, 800_000),
        (THIRTY, 30 * MINUTE, 20 * MINUTE),
        (ONE_HOUR, HOUR, 45 * MINUTE),
        (WHOLE_DAY, DAY, 18 * HOUR),
        (WHOLE_DAY, 25 * HOUR, 75 * HOUR // 4),
        (THIRTY, 10 * MINUTE + 1, 400_001),
    ],
)
def test_the_least_valid_share_is_enough_and_a_moment_less_is_not(
    kind: int, due: int, least: int
) -> None:
    assert status_of(kind, least, due) == VALID
    assert status_of(kind, least - 1, due) == INSUFFICIENT


def test_a_day_with_less_than_six_hours_due_has_no_valid_mean() -> None:
    assert status_of(WHOLE_DAY, 6 * HOUR, 6 * HOUR) == VALID
    assert status_of(WHOLE_DAY, 6 * HOUR, 6 * HOUR - 1) == INSUFFICIENT
    assert status_of(ONE_HOUR, 10 * MINUTE, 10 * MINUTE) == VALID


def test_nothing_due_is_not_operating() -> None:
    assert status_of(ONE_HOUR, 0, 0) == NOT_OPERATING
    assert status_of(ONE_HOUR, 0, 999) == NOT_OPERATING  # due_s is 0
    assert status_of(ONE_HOUR, 0, 1000) == INSUFFICIENT


def test_the_validated_value_is_less_by_the_interval_and_not_below_nought() -> None:
    """F7 of the formula sheet."""
    for value, norm, percent, expected in (
        (580.0, 500.0, 20.0, 480.0),
        (470.0, 400.0, 20.0, 390.0),
        (62.0, 50.0, 30.0, 47.0),
        (281.0, 250.0, 10.0, 256.0),
        (90.0, 500.0, 20.0, 0.0),
    ):
        assert validated(value, limit(norm, confidence_interval_pct=percent)) == expected
    assert validated(580.0, limit(500.0)) is None
    assert validated(580.0, None) is None
    assert validated(None, limit(500.0, confidence_interval_pct=20.0)) is None


def test_a_mean_closes_a_grace_after_its_window() -> None:
    log = Log().series(BEGIN, [100.0, 200.0])
    end = BEGIN + 20 * MINUTE
    assert not fold(log.tick(end + 5 * MINUTE - 1)).means
    found = fold(log.tick(end + 5 * MINUTE))
    mean = found.mean("20min", BEGIN)
    assert (mean.value, mean.min, mean.max, mean.count) == (150.0, 100.0, 200.0, 2)
    assert (mean.valid_s, mean.due_s, mean.excused_s) == (1200, 1200, 0)
    assert (mean.status, mean.revision, mean.final) == ("VALID", 1, False)
    assert (mean.start, mean.end, mean.stream_time) == (BEGIN, end, end + 5 * MINUTE)
    assert mean.seconds_by_code == {}


def test_a_calendar_day_closes_twenty_minutes_after_its_midnight() -> None:
    log = Log().series(BEGIN, [100.0] * 144)
    assert "day" not in {
        mean.window for mean in fold(log.tick(BEGIN + DAY + 20 * MINUTE - 1)).means
    }
    found = fold(log.tick(BEGIN + DAY + 20 * MINUTE))
    assert found.mean("day", BEGIN).due_s == 86_400


def test_a_window_exists_only_if_its_length_is_a_multiple_of_the_period() -> None:
    for cadence, windows in (
        (1, {"20min", "30min", "1h", "day"}),
        (600, {"20min", "30min", "1h", "day"}),
        (1200, {"20min", "1h", "day"}),
        (1800, {"30min", "1h", "day"}),
        (3600, {"1h", "day"}),
    ):
        log = Log().add(reading(BEGIN, period_s=cadence)).tick(BEGIN + 26 * HOUR)
        found = fold(log, enterprise(source(cadence_s=cadence)))
        assert {mean.window for mean in found.means} == windows


def test_a_mean_needs_a_reading_that_carries_the_parameter_whatever_its_quality() -> None:
    plain = Channel("CO", "mg/m3", basis="dry", range=(0.0, 9.0))
    log = Log().add(reading(BEGIN, values={"CO": 99.0})).tick(BEGIN + HOUR)
    found = fold(log, enterprise(source(channels=(SO2, plain))))
    assert {mean.parameter for mean in found.means} == {"CO"}
    mean = found.mean("20min", BEGIN, parameter="CO")
    assert (mean.count, mean.valid_s, mean.value, mean.raw_value) == (1, 0, None, None)
    assert (mean.min, mean.max, mean.status) == (None, None, "INSUFFICIENT")
    assert mean.seconds_by_code == {"OUT_OF_RANGE": 600}


def test_the_value_of_an_insufficient_mean_is_the_mean_of_what_is_valid() -> None:
    log = Log().series(BEGIN, [100.0, None, None, None, None, 5e9]).tick(BEGIN + 2 * HOUR)
    mean = fold(log).mean("1h", BEGIN)
    assert (mean.status, mean.value, mean.valid_s, mean.count) == ("INSUFFICIENT", 100.0, 600, 2)


def test_stops_and_excused_periods_are_united_and_taken_from_what_is_due() -> None:
    period = excused("2026-04-01 00:25", "2026-04-01 00:45")
    log = Log().series(BEGIN, [100.0, 100.0])
    log.add(reading(BEGIN + 20 * MINUTE, values={}, state="STOPPED"))
    log.series(BEGIN + 30 * MINUTE, [100.0] * 3).tick(BEGIN + 2 * HOUR)
    mean = fold(log, enterprise(source(excused=(period,)))).mean("1h", BEGIN)
    assert mean.excused_s == 25 * 60  # 00:20 to 00:45
    assert (mean.due_s, mean.valid_s) == (35 * 60, 30 * 60)
    assert mean.count == 5  # the stop carries no SO2
    assert mean.seconds_by_code == {"EXCUSED": 1200}
    assert mean.status == "VALID"


def test_a_window_of_stops_is_not_operating() -> None:
    log = Log().series(BEGIN, [100.0] * 2, state="STOPPED").tick(BEGIN + HOUR)
    mean = fold(log).mean("20min", BEGIN)
    assert (mean.status, mean.due_s, mean.excused_s) == ("NOT_OPERATING", 0, 1200)
    assert mean.seconds_by_code == {"STATE_STOPPED": 1200}


def test_excused_time_is_cut_by_windows_and_due_time_is_rounded_down() -> None:
    stop = BEGIN + 15 * MINUTE + 1
    log = Log().add(reading(BEGIN)).add(reading(stop, values={}, state="STOPPED"))
    log.add(reading(BEGIN + 20 * MINUTE + 2)).tick(BEGIN + HOUR)
    found = fold(log)
    first, second = found.mean("20min", BEGIN), found.mean("20min", BEGIN + 20 * MINUTE)
    assert (first.due_s, first.excused_s) == (900, 300)
    assert (second.due_s, second.excused_s) == (899, 301)


def test_a_stop_that_arrives_late_reopens_the_windows_it_reaches_into() -> None:
    stop = reading(BEGIN + 15 * MINUTE, values={}, state="STOPPED")
    log = Log().add(reading(BEGIN)).add(reading(BEGIN + 30 * MINUTE)).tick(BEGIN + HOUR)
    log.add(stop, BEGIN + 2 * HOUR)
    found = fold(log)
    assert found.mean("20min", BEGIN).due_s == 900
    assert found.mean("20min", BEGIN + 20 * MINUTE).due_s == 900


def test_the_limit_is_the_one_in_force_at_the_windows_start() -> None:
    before = limit(500.0, valid_to="2026-04-01")
    after = limit(700.0, valid_from="2026-04-01")
    log = Log().series(BEGIN - HOUR, [100.0] * 12).tick(BEGIN + 2 * HOUR)
    found = fold(log, enterprise(source(limits=(before, after))))
    assert found.mean("1h", BEGIN - HOUR).limit == 500.0
    assert found.mean("1h", BEGIN).limit == 700.0


def test_a_series_follows_from_the_limits_in_force() -> None:
    """Normalised under a limit, raw in the channel's unit without one, hourly in g/s."""
    wet = Channel("SO2", "ppm", basis="dry")
    water = Channel("H2O", "%")
    ends = limit(500.0, valid_to="2026-04-01")
    plant = enterprise(source(channels=(wet, water), limits=(ends, limit(9.0, unit="g/s"))))
    log = Log().series(BEGIN - HOUR, [100.0] * 6)
    log.add(reading(BEGIN, values={"H2O": 9.0})).tick(BEGIN + HOUR)
    found = fold(log, plant)
    kinds = {(mean.parameter, mean.unit, mean.window) for mean in found.means}
    assert kinds == {
        ("SO2", "mg/m3", "20min"),
        ("SO2", "mg/m3", "30min"),
        ("SO2", "mg/m3", "1h"),
        ("SO2", "mg/m3", "day"),
        ("SO2", "g/s", "1h"),
        ("H2O", "%", "20min"),
        ("H2O", "%", "30min"),
    }
    mean = found.mean("1h", BEGIN - HOUR)
    assert mean.value == pytest.approx(266.26, abs=0.01)
    assert mean.raw_value == 100.0


def test_the_revision_counts_the_readings_that_came_after_the_closing() -> None:
    closing = BEGIN + 25 * MINUTE
    log = Log().add(reading(BEGIN)).tick(closing)
    log.add(reading(BEGIN + 10 * MINUTE, values={"SO2": 300.0}), closing)
    found = fold(log, cuts=range(4))
    assert [(mean.value, mean.revision) for mean in found.means if mean.window == "20min"] == [
        (100.0, 1),
        (200.0, 2),
    ]
    assert found.mean("20min", BEGIN).stream_time == closing


def test_a_mean_is_final_when_no_reading_may_come_any_more() -> None:
    end = BEGIN + 20 * MINUTE
    for after, final in ((72 * HOUR, False), (72 * HOUR + 1, True)):
        assert fold(Log().add(reading(BEGIN)).tick(end + after)).mean("20min", BEGIN).final is final
    late = reading(BEGIN + 10 * MINUTE)
    log = Log().add(reading(BEGIN)).add(late, late.ends_at + 72 * HOUR)
    mean = fold(log).mean("20min", BEGIN)
    assert (mean.revision, mean.valid_s, mean.final) == (2, 1200, False)


def test_a_stop_counts_in_a_window_whose_readings_come_later_still() -> None:
    """In any order of arrival a mean has one revision: a late stop reaches into it."""
    stop = reading(BEGIN + 15 * MINUTE, values={}, state="STOPPED")
    after = reading(BEGIN + 30 * MINUTE)
    arrivals = (BEGIN + 3 * HOUR, BEGIN + 4 * HOUR)
    said = []
    for first, second in ((stop, after), (after, stop)):
        log = Log().tick(BEGIN).add(first, arrivals[0]).add(second, arrivals[1])
        for rebuilt in (False, True):
            found = fold(log, cuts=range(1, len(log.records)), rebuilt=rebuilt)
            mean = found.mean("20min", BEGIN + 20 * MINUTE)
            said.append((mean.revision, mean.due_s, mean.count))
    assert set(said) == {(3, 15 * 60, 1)}
