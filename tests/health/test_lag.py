"""Since when records wait: from the arrival of the last finished one, or from a moment without."""

from __future__ import annotations

from streams.health.lag import LagClock

PLACE = ("readings", 0)


def test_without_lag_nothing_waits() -> None:
    clock = LagClock()
    clock.observe(100.0, {PLACE: 0})
    assert clock.seconds(PLACE, 0, 1_000, 500.0) == 0.0


def test_a_backlog_is_as_old_as_what_was_finished_last() -> None:
    clock = LagClock()
    clock.observe(100.0, {PLACE: 5000})
    assert clock.seconds(PLACE, 5000, 40_000, 100.0) == 60.0
    assert clock.seconds(PLACE, 4000, 90_000, 100.0) == 10.0


def test_a_quiet_partition_counts_from_its_last_moment_without_lag() -> None:
    clock = LagClock()
    clock.observe(100.0, {PLACE: 0})
    clock.observe(103.0, {PLACE: 1})
    assert clock.seconds(PLACE, 1, 5_000, 104.0) == 4.0


def test_what_was_never_finished_counts_from_when_it_was_seen() -> None:
    clock = LagClock()
    assert clock.seconds(PLACE, 1, None, 50.0) == 0.0
    clock.observe(50.0, {PLACE: 1})
    assert clock.seconds(PLACE, 1, None, 80.0) == 30.0
    clock.observe(90.0, {})
    clock.observe(95.0, {PLACE: 1})
    assert clock.seconds(PLACE, 1, None, 96.0) == 1.0


def test_a_stamp_ahead_of_the_clock_is_no_negative_lag() -> None:
    assert LagClock().seconds(PLACE, 1, 500_000, 100.0) == 0.0
