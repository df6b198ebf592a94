"""A stall is judged by observed time with lag and without progress, and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from streams.health.progress import (
    MAX_GAP_S,
    Observation,
    PartitionProgress,
    ProgressMonitor,
)
from streams.kafka.partitions import PartitionId

A: PartitionId = ("readings", 0)
B: PartitionId = ("readings", 1)
STUCK_S = 30.0


class Clock:
    """Observations of a worker whose loop turns, a second apart."""

    def __init__(self, monitor: ProgressMonitor) -> None:
        self.monitor = monitor
        self.at_s = 0.0
        self.turns = 0

    def see(
        self,
        seen: Mapping[PartitionId, tuple[int | None, int]] | None,
        seconds: int = 1,
        **more: object,
    ) -> list[str]:
        """The same for so many seconds; partitions with position and end, all from 0 on."""
        found = (
            None
            if seen is None
            else {p: PartitionProgress(at, 0, end) for p, (at, end) in seen.items()}
        )
        for _ in range(seconds):
            self.at_s += 1.0
            self.turns += more.get("hanging") is None
            chosen = {key: value for key, value in more.items() if key != "hanging"}
            self.monitor.observe(
                Observation(self.at_s, self.turns, found, **chosen)  # type: ignore[arg-type]
            )
        return self.monitor.reasons


def clock() -> Clock:
    return Clock(ProgressMonitor(STUCK_S))


def test_a_partition_with_lag_that_does_not_move_is_named() -> None:
    worker = clock()
    assert worker.see({A: (5, 9), B: (4, 4)}, 30) == []
    assert worker.see({A: (5, 9), B: (4, 4)}) == ["readings[0] stands at 5 of 9 for 30 s"]
    assert worker.see({A: (6, 9), B: (4, 4)}) == []


def restoring(worker: Clock, restored: int, seconds: int) -> list[str]:
    for _ in range(seconds):
        worker.at_s += 1.0
        worker.turns += 1
        seen = {A: PartitionProgress(None, 0, 9, restored), B: PartitionProgress(4, 0, 9)}
        seen[B] = PartitionProgress(min(9, 4 + worker.turns), 0, 9)
        worker.monitor.observe(Observation(worker.at_s, worker.turns, seen))
    return worker.monitor.reasons


def test_a_state_that_is_being_restored_moves_as_long_as_more_of_it_is() -> None:
    worker = clock()
    for step in range(1, 1000):  # hours
        assert restoring(worker, 100 * step, 20) == []
    assert not any(standing.place == A for standing in worker.monitor.stalled())


def test_a_restoring_that_stands_still_is_told() -> None:
    worker = clock()
    restoring(worker, 100, 5)
    restoring(worker, 200, 30)
    assert restoring(worker, 200, 1) == [
        "readings[0] stands at an unknown offset of 9 for 30 s: its state is not restored, "
        "and 200 records of it were read"
    ]
    assert restoring(worker, 201, 1) == []
    # Its state is there, and its readings stand: that is something else.
    assert worker.see({A: (3, 9)}) == []
    assert worker.see({A: (3, 9)}, 31) == ["readings[0] stands at 3 of 9 for 31 s"]


def test_a_restoring_that_never_began_is_told_like_any_standstill() -> None:
    worker = clock()
    assert restoring(worker, 0, 31) == ["readings[0] stands at an unknown offset of 9 for 30 s"]


def test_an_idle_worker_is_well_for_ever() -> None:
    worker = clock()
    assert worker.see({A: (9, 9), B: (None, 0)}, 100_000) == []
    assert worker.monitor.proved


def test_an_unknown_position_counts_as_none_at_all() -> None:
    worker = clock()
    assert worker.see({A: (None, 9)}, 31) == [
        "readings[0] stands at an unknown offset of 9 for 30 s"
    ]
    assert worker.see({A: (None, 0)}) == []


def test_what_the_broker_deleted_is_no_lag() -> None:
    monitor = ProgressMonitor(STUCK_S)
    for second in range(100):
        monitor.observe(Observation(second, second, {A: PartitionProgress(5, 40, 40)}))
    assert monitor.reasons == []
    assert monitor.lag == 0


def test_time_that_something_outside_takes_does_not_count() -> None:
    worker = clock()
    standing = {A: (5, 9), B: (3, 9)}
    worker.see(standing, 21)
    worker.see(None, 500)
    worker.see(standing, 500, all_excused=True)
    assert worker.see(standing, 9, excused=[A]) == []
    assert worker.see(standing, excused=[A]) == ["readings[1] stands at 3 of 9 for 30 s"]


def test_time_at_another_worker_does_not_count_but_what_was_before_does() -> None:
    worker = clock()
    worker.see({A: (5, 9)}, 21)
    worker.see({B: (9, 9)}, 500)
    assert worker.see({A: (5, 9)}, 10) == []
    assert worker.see({A: (5, 9)}) == ["readings[0] stands at 5 of 9 for 30 s"]


def test_going_back_over_the_same_offsets_is_no_movement() -> None:
    worker = clock()
    for _ in range(15):
        worker.see({A: (8, 9)})
        reasons = worker.see({A: (4, 9)})
    assert reasons == []
    worker.see({A: (8, 9)})
    assert worker.see({A: (4, 9)})
    assert worker.see({A: (9, 10)}) == []


def test_a_topic_that_was_made_anew_begins_anew() -> None:
    worker = clock()
    worker.see({A: (500, 500)}, 5)
    assert worker.see({A: (None, 3)}, 20) == []
    assert worker.see({A: (2, 3)}, 29) == []


def test_a_machine_that_slept_is_no_worker_that_hung() -> None:
    monitor = ProgressMonitor(STUCK_S)
    monitor.observe(Observation(0.0, 1, {A: PartitionProgress(5, 0, 9)}))
    monitor.observe(Observation(7200.0, 1, {A: PartitionProgress(5, 0, 9)}))
    assert monitor.reasons == []
    assert monitor.still_s(A) == MAX_GAP_S


def test_a_loop_that_does_not_come_round_is_named_even_without_lag() -> None:
    worker = clock()
    worker.see({A: (9, 9)})
    assert worker.see({A: (9, 9)}, 29, hanging=True) == []
    assert worker.see({A: (9, 9)}, hanging=True) == ["the worker's loop hangs for 30 s"]
    assert worker.see({A: (9, 9)}) == []


def test_a_worker_without_partitions_is_well_while_others_have_them() -> None:
    worker = clock()
    assert worker.see({}, 500) == []
    assert worker.see({}, 29, unowned=3) == []
    assert worker.see({}, unowned=3) == [
        "this worker has no partition for 30 s, and 3 of its group have lag and no owner"
    ]
    assert worker.see({A: (1, 2)}) == []


def test_work_is_proved_by_a_movement_or_by_no_lag() -> None:
    worker = clock()
    worker.see({A: (5, 9)}, 5)
    assert not worker.monitor.proved
    worker.see({B: (0, 9)})
    worker.see({A: (7, 9)})  # another worker moved it
    assert not worker.monitor.proved
    worker.see({A: (8, 9)})
    assert worker.monitor.proved
    worker = clock()
    worker.see({A: (None, 9)})
    worker.see({A: (9, 9)})
    assert worker.monitor.proved


moves = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.floats(0.1, MAX_GAP_S)),
    min_size=1,
    max_size=60,
)


@given(moves)
def test_restart_is_due_exactly_when_the_time_without_movement_is_up(
    steps: list[tuple[int, int, float]],
) -> None:
    """Against a direct sum: time since the partition last moved or had nothing left."""
    monitor = ProgressMonitor(STUCK_S)
    at_s = position = end = 0
    since, first = 0.0, True
    for forward, more, passed in steps:
        at_s += passed  # type: ignore[assignment]
        end += more
        moved = min(end, position + forward) - position
        position += moved
        monitor.observe(
            Observation(at_s, int(at_s * 1e6), {A: PartitionProgress(position, 0, end)})
        )
        since = 0.0 if first or moved or position == end else since + passed
        first = False
        if abs(since - STUCK_S) > 1e-6:
            assert bool(monitor.reasons) is (since > STUCK_S)


@given(moves)
def test_a_worker_that_moves_before_the_time_is_up_is_always_well(
    steps: list[tuple[int, int, float]],
) -> None:
    monitor = ProgressMonitor(MAX_GAP_S * 4)
    at_s = 0.0
    for number, (_, more, passed) in enumerate(steps):
        at_s += passed
        position = number // 3  # every third observation is a monitor
        monitor.observe(
            Observation(at_s, number, {A: PartitionProgress(position, 0, 10_000 + more)})
        )
        assert monitor.reasons == []
