"""What is started, and when: in the order of need, after growing waits, never what is finished."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.supervision.restart import (
    LONGEST_WAIT_S,
    STEADY_S,
    PartState,
    by_name,
    ended,
    next_due_s,
    started,
    to_start,
    wait_s,
)


def stack() -> dict[str, PartState]:
    return by_name([PartState("broker"), PartState("store"), PartState("worker", ("broker",))])


def test_what_a_part_needs_runs_first() -> None:
    parts = stack()
    assert to_start(parts, 0.0) == ["broker", "store"]
    parts["broker"] = started(parts["broker"], 0.0)
    assert to_start(parts, 0.0) == ["store", "worker"]


def test_a_part_that_ended_is_started_at_once_then_after_growing_waits() -> None:
    part = started(PartState("worker"), 0.0)
    waits = []
    now = 10.0
    for _ in range(9):
        part = ended(part, now)
        waits.append(part.due_s - now)
        now = part.due_s
        part = started(part, now)
        now += 1.0
    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_failures_are_forgotten_once_it_ran_steadily() -> None:
    part = PartState("worker", failures=6)
    part = started(part, 100.0)
    assert ended(part, 100.0 + STEADY_S - 1).failures == 7
    assert ended(part, 100.0 + STEADY_S).failures == 1


def test_a_start_that_fails_counts_as_a_failure() -> None:
    part = ended(ended(PartState("worker"), 5.0), 5.0)
    assert (part.failures, part.due_s, part.running) == (2, 6.0, False)
    assert to_start({"worker": part}, 5.5) == []
    assert to_start({"worker": part}, 6.0) == ["worker"]


def test_what_is_finished_is_never_started_again() -> None:
    part = ended(started(PartState("simulation"), 0.0), 5.0, finished=True)
    assert to_start({"simulation": part}, 1e9) == []
    assert next_due_s({"simulation": part}, 1e9) is None


def test_what_lost_a_part_that_it_needs_goes_on_and_is_not_started_before_it_is_back() -> None:
    parts = {name: started(part, 0.0) for name, part in stack().items()}
    parts["broker"] = ended(parts["broker"], 90.0)
    assert to_start(parts, 90.0) == ["broker"]
    assert parts["worker"].running
    parts["worker"] = ended(parts["worker"], 91.0)
    assert to_start(parts, 91.0) == ["broker"]
    parts["broker"] = started(parts["broker"], 91.0)
    assert to_start(parts, 91.0) == ["worker"]


def test_the_next_due_time_is_that_of_the_first_part_that_can_start() -> None:
    parts = {name: started(part, 0.0) for name, part in stack().items()}
    assert next_due_s(parts, 5.0) is None
    parts["store"] = ended(ended(ended(parts["store"], 5.0), 5.0), 5.0)
    assert next_due_s(parts, 5.5) == 1.5
    assert next_due_s(parts, 50.0) == 0.0


def test_a_part_must_come_after_those_it_needs() -> None:
    with pytest.raises(ValueError, match="worker needs broker, which must come before it"):
        by_name([PartState("worker", ("broker",)), PartState("broker")])


@given(st.integers(0, 10_000))
def test_a_wait_grows_and_has_a_bound(failures: int) -> None:
    assert 0.0 <= wait_s(failures) <= wait_s(failures + 1) <= LONGEST_WAIT_S
