"""Only hours at hand or being changed stay decoded; the others are read again when needed."""

from __future__ import annotations

import pytest

from streams.core.state.errors import UnusableStateError
from streams.core.state.hours import Hours
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.interval import HOUR
from streams.core.windows.pending_sums import PendingSums
from streams.core.windows.slot import Slot

LATER = 1000 * HOUR


def hours_of(saved: dict[str, bytes]) -> Hours:
    return Hours(
        "0/hour/A/", UncommittedState(saved), [n * HOUR for n in range(len(saved))], PendingSums()
    )


def of_a_week() -> tuple[Hours, dict[str, bytes]]:
    hours = hours_of({})
    for number in range(168):
        slot = hours.for_update(number * HOUR).slots[number * HOUR] = Slot()
        slot.readings = number
    saved = {key: value for key, value in hours.save(LATER) if value is not None}
    return hours_of(saved), saved


def test_looking_at_every_hour_keeps_none_decoded() -> None:
    hours, saved = of_a_week()
    assert len(saved) == 168
    assert [hour.slots[start].readings for start, hour in hours.scan()] == list(range(168))
    assert len(hours._loaded) == 0


def test_hours_of_a_window_are_let_go_unless_they_changed() -> None:
    hours, saved = of_a_week()
    assert len(hours.summed_slots(0, 24 * HOUR)) == 24
    hours.for_update(3 * HOUR).slots[3 * HOUR].readings = 1000
    hours.release(LATER)
    assert list(hours._loaded) == [3 * HOUR]
    assert [slot.readings for slot in hours.summed_slots(2 * HOUR, 5 * HOUR)] == [2, 1000, 4]
    [(key, value)] = hours.save(LATER)
    assert value != saved[key]
    assert list(hours.save(LATER)) == []
    assert len(hours._loaded) == 0
    assert [slot.readings for slot in hours.summed_slots(2 * HOUR, 5 * HOUR)] == [2, 1000, 4]


def test_hours_at_hand_stay_decoded() -> None:
    hours, _ = of_a_week()
    assert len(hours.summed_slots(0, 24 * HOUR)) == 24
    hours.release(20 * HOUR)
    assert list(hours._loaded) == [20 * HOUR, 21 * HOUR, 22 * HOUR, 23 * HOUR]


def test_an_hour_that_the_state_has_lost_is_not_taken_for_a_silence() -> None:
    _, saved = of_a_week()
    hours = hours_of(saved)
    del saved[f"0/hour/A/{5 * HOUR}"]
    assert len(hours.summed_slots(8 * HOUR, 20 * HOUR)) == 12
    with pytest.raises(UnusableStateError, match="0/hour/A/18000000"):
        hours.summed_slots(0, 24 * HOUR)
    with pytest.raises(UnusableStateError, match="0/hour/A/18000000"):
        list(hours.scan())
