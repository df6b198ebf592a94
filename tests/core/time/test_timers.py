"""Each name comes up once, at the earliest time it was scheduled for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.core.time.interval import FOREVER
from streams.core.time.timers import Timers

names = st.sampled_from("abcdef")
times = st.integers(0, 30) | st.just(FOREVER)
steps = st.lists(st.tuples(names, times) | st.integers(0, 40), max_size=60)


@given(steps)
def test_timers_expire_at_the_earliest_time_of_each_name(
    made: list[tuple[str, int] | int],
) -> None:
    timers, waiting = Timers(), dict[str, int]()
    for step in made:
        if isinstance(step, int):
            expected = sorted((due, name) for name, due in waiting.items() if due <= step)
            assert timers.expired(step) == expected
            for _, name in expected:
                del waiting[name]
            assert timers.expired(step) == []
        else:
            name, due = step
            timers.schedule(name, due)
            if due < waiting.get(name, FOREVER):
                waiting[name] = due
    assert timers.expired(FOREVER) == sorted((due, name) for name, due in waiting.items())


def test_a_later_time_does_not_put_off_an_earlier_one() -> None:
    timers = Timers()
    timers.schedule("a", 20)
    timers.schedule("a", 10)
    timers.schedule("a", 30)
    timers.schedule("b", 15)
    assert timers.expired(9) == []
    assert timers.expired(10) == [(10, "a")]
    assert timers.expired(40) == [(15, "b")]
    assert timers.expired(FOREVER) == []


def test_a_timer_for_never_does_not_expire() -> None:
    timers = Timers()
    timers.schedule("a", FOREVER)
    assert timers.expired(FOREVER) == []
