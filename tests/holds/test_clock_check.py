"""Which stamps a worker does not believe: told by its clock and by the records around them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.records.record import RawRecord
from streams.core.time.interval import BEGINNING, DAY, HOUR, LATEST_ARRIVAL, MINUTE, SECOND
from streams.holds.clock_check import ClockPolicy, SuspectRecord, first_suspect

NOW = 1_780_000_000_000
POLICY = ClockPolicy(10 * MINUTE, 6 * HOUR)
OFF = ClockPolicy(0, 0)


def look(
    stamps: Sequence[int],
    after: int = NOW - SECOND,
    now: int = NOW,
    policy: ClockPolicy = POLICY,
    resumed: frozenset[int] = frozenset(),
) -> SuspectRecord | None:
    """What is found among records with these stamps, from offset 100 on."""
    records = [RawRecord(100 + at, stamp, None, b"", ()) for at, stamp in enumerate(stamps)]
    return first_suspect(records, after, now, policy, resumed.__contains__)


def test_a_stamp_four_days_ahead_is_held_and_what_came_before_it_is_not() -> None:
    found = look([NOW - 5, NOW, NOW + 4 * DAY, NOW + 1])
    assert found is not None
    assert (found.position, found.passes_at) == (2, NOW + 4 * DAY - 10 * MINUTE)
    assert found.why == (
        "the record at offset 102 is stamped 2026-06-01T20:26:40Z, 4 days ahead of this worker's "
        "clock (2026-05-28T20:26:40Z): one of the two clocks is wrong"
    )


@pytest.mark.parametrize(("ahead", "held"), [(10 * MINUTE, False), (10 * MINUTE + 1, True)])
@pytest.mark.parametrize("after", [BEGINNING, NOW - HOUR])
def test_clocks_may_differ_by_so_much(ahead: int, held: bool, after: int) -> None:
    assert (look([NOW + ahead], after) is not None) is held


def test_a_clock_hold_passes_when_its_time_has_come() -> None:
    found = look([NOW + HOUR])
    assert found is not None
    assert found.passes_at is not None
    assert look([NOW + HOUR], now=found.passes_at) is None
    assert look([NOW + HOUR], now=found.passes_at - 1) is not None


def test_what_a_person_let_pass_moves_the_time_and_the_next_is_held_against_that() -> None:
    stamps = [NOW + 4 * DAY, NOW, NOW + 4 * DAY + MINUTE, NOW + 9 * DAY]
    found = look(stamps, resumed=frozenset({100}))
    assert found is not None
    assert found.position == 3
    assert look([NOW + 4 * DAY + MINUTE], after=NOW + 4 * DAY) is None  # also after a restart


def test_a_backlog_after_an_outage_of_everything_is_believed() -> None:
    """Days without a record, then what piled up; and a first record that comes at last."""
    assert look([NOW - 3 * DAY + n * MINUTE for n in range(99)], after=NOW - 9 * DAY) is None
    assert look([NOW], after=NOW - 9 * DAY) is None
    assert look([NOW - 3 * DAY], after=BEGINNING) is None


def test_in_a_backlog_a_stamp_that_its_neighbours_speak_against_is_held() -> None:
    before, wrong = NOW - 9 * DAY, NOW - 5 * DAY
    found = look([before, before + SECOND, wrong, before + MINUTE], after=before)
    assert found is not None
    assert (found.position, found.passes_at) == (2, None)
    assert "3 days 23 h after those before it, and later ones 3 days 23 h before it" in found.why
    assert look([before, wrong, wrong - HOUR], after=before) is None
    assert look([before + 5 * HOUR, before], after=before) is None


@given(
    st.lists(st.integers(-2 * DAY, 2 * DAY), max_size=12),
    st.integers(-2 * DAY, 2 * DAY) | st.none(),
    st.sets(st.integers(100, 111)),
)
def test_first_ahead_agrees_with_a_direct_definition(
    stamps: list[int], after: int | None, resumed: set[int]
) -> None:
    at = [NOW + each for each in stamps]
    start = BEGINNING if after is None else NOW + after
    found = look(at, start, resumed=frozenset(resumed))
    expected, time = None, start
    for position, stamp in enumerate(at):
        later = [each for each in at[position + 1 :] if stamp - each > 6 * HOUR]
        ahead = stamp > max(NOW, time) + 10 * MINUTE
        step = time != BEGINNING and stamp > time + 6 * HOUR and bool(later)
        if 100 + position not in resumed and stamp > time and (ahead or step):
            expected = position
            break
        time = max(time, stamp)
    assert (None if found is None else found.position) == expected


@pytest.mark.parametrize("stamp", [-1, LATEST_ARRIVAL + 1, (1 << 63) - 1])
def test_a_stamp_that_is_no_time_moves_nothing_and_is_buried(stamp: int) -> None:
    assert look([NOW, stamp, NOW]) is None


def test_in_a_replay_every_stamp_is_believed() -> None:
    assert look([NOW + 4 * DAY, NOW - 40 * DAY, NOW + 400 * DAY], policy=OFF) is None
