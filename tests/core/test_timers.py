"""Each that waits comes up once, at the earliest time it was scheduled for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.core.source import FOREVER
from streams.core.timers import ENTERPRISE, SOURCE, Timers

names = st.tuples(st.sampled_from((SOURCE, ENTERPRISE)), st.sampled_from("abc"))
times = st.integers(0, 30) | st.just(FOREVER)
steps = st.lists(st.tuples(names, times) | st.integers(0, 40), max_size=60)


@given(steps)
def test_they_come_up_like_the_earliest_of_each(made: list[tuple[tuple[str, str], int]]) -> None:
    timers, waiting = Timers(), dict[tuple[str, str], int]()
    for step in made:
        if isinstance(step, int):
            expected = sorted((due, name) for name, due in waiting.items() if due <= step)
            assert timers.due(step) == expected
            for _, name in expected:
                del waiting[name]
            assert timers.due(step) == []
        else:
            name, due = step
            timers.schedule(*name, due)
            if due < waiting.get(name, FOREVER):
                waiting[name] = due
    assert timers.due(FOREVER) == sorted((due, name) for name, due in waiting.items())


def test_a_later_time_does_not_put_off_an_earlier_one() -> None:
    timers = Timers()
    timers.schedule(SOURCE, "a", 20)
    timers.schedule(SOURCE, "a", 10)
    timers.schedule(SOURCE, "a", 30)
    timers.schedule(ENTERPRISE, "a", 15)
    assert timers.due(9) == []
    assert timers.due(10) == [(10, (SOURCE, "a"))]
    assert timers.due(40) == [(15, (ENTERPRISE, "a"))]
    assert timers.due(FOREVER) == []


def test_what_never_comes_waits_for_nothing() -> None:
    timers = Timers()
    timers.schedule(SOURCE, "a", FOREVER)
    assert timers.due(FOREVER) == []
