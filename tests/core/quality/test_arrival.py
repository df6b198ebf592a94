"""Timestamps of records that are no arrival time: such a message is buried and moves no clock."""

from __future__ import annotations

import pytest

from streams.core.law.policy import Policy
from streams.core.quality.rejection import arrival_rejection
from streams.core.time.interval import DAY, HOUR, LATEST_ARRIVAL, MINUTE
from tests.core.examples import Log, connected, fold, local, reading

MARCH = local("2026-03-10 08:00")
NO_TIMES = (-1, -(1 << 63), LATEST_ARRIVAL + 1, 253_402_300_800_000, 1 << 62, (1 << 63) - 1)


@pytest.mark.parametrize("arrival", NO_TIMES)
def test_a_timestamp_that_is_none_moves_no_clock(arrival: int) -> None:
    plain = Log().series(MARCH, [100.0] * 12)
    struck = Log().series(MARCH, [100.0] * 6)
    struck.tick(arrival).add(reading(MARCH), arrival).raw(arrival, None)
    struck.add(reading(max(min(arrival, (1 << 63) - 1), -(1 << 63))), arrival)
    struck.series(MARCH + HOUR, [100.0] * 6)
    end = MARCH + 4 * HOUR
    expected, found = fold(plain.tick(end), connected()), fold(struck.tick(end), connected())
    assert found.last_means == expected.last_means
    assert found.spans() == expected.spans()
    assert [(gap.start, gap.end, gap.status) for gap in found.standing("KZ-GAP")] == [
        (gap.start, gap.end, gap.status) for gap in expected.standing("KZ-GAP")
    ]
    assert [letter.reason for letter in found.dead_letters] == ["UNDECODABLE"] * 4
    assert {letter.timestamp for letter in found.dead_letters} == {arrival}
    assert (found.used, found.ticks) == (12, 1)


def test_the_first_and_the_last_moment_are_times() -> None:
    assert arrival_rejection(0) is None
    assert arrival_rejection(LATEST_ARRIVAL) is None
    found = fold(Log().tick(0).tick(LATEST_ARRIVAL), connected())
    assert (found.ticks, found.dead_letters) == (2, [])


def test_a_reading_of_the_last_day_is_judged() -> None:
    start = (LATEST_ARRIVAL - DAY) // DAY * DAY
    found = fold(Log().series(start, [100.0] * 120).tick(LATEST_ARRIVAL), connected())
    assert found.used == 120
    assert found.mean("1h", start).status == "VALID"


def test_after_a_leap_of_the_clock_what_is_final_is_too_late_and_the_state_does_not_grow() -> None:
    """Timestamps that run backwards by years, each sound beside its own reading."""
    log = Log().series(MARCH, [100.0] * 6).tick(local("2200-01-01"))
    log.series(MARCH + HOUR, [100.0] * 600)
    found = fold(log, connected(), range(0, 600, 50))
    assert found.used == 6
    assert {letter.reason for letter in found.dead_letters} == {"TOO_LATE"}
    assert len(found.dead_letters) == 600
    assert found.largest[0] < 10


def test_a_clock_that_is_days_ahead_still_takes_what_the_state_keeps() -> None:
    late = Policy().max_lateness
    log = Log().tick(MARCH + late + DAY).add(reading(MARCH), MARCH + 10 * MINUTE)
    assert fold(log, connected()).used == 1
