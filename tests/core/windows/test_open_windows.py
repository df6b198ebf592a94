"""Windows that are awaited: each once, and gone when it closes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.core.time.interval import FOREVER
from streams.core.windows.open_windows import OpenWindow, OpenWindows

windows = st.builds(
    lambda kind, start, length, grace: OpenWindow(
        start + length + grace, kind, start, start + length
    ),
    st.integers(0, 3),
    st.integers(0, 6),
    st.integers(1, 4),
    st.integers(0, 2),
)
distinct = st.lists(windows, max_size=6, unique_by=lambda each: (each.kind, each.start))


def closing(window: OpenWindow) -> tuple[int, int, int]:
    return window.closes, window.kind, window.start


@given(distinct, st.lists(windows | st.integers(0, 14), max_size=40))
def test_open_windows_close_as_a_sorted_list_of_them_would(
    saved: list[OpenWindow], steps: list[OpenWindow | int]
) -> None:
    awaited, known = OpenWindows(saved), list(saved)
    for step in steps:
        if isinstance(step, int):
            expected = sorted((each for each in known if each.closes <= step), key=closing)
            known = [each for each in known if each.closes > step]
            assert awaited.close(step) == expected
        else:
            awaited.add(step)
            if all((each.kind, each.start) != (step.kind, step.start) for each in known):
                known.append(step)
        assert awaited.all() == sorted(known, key=closing)
        assert awaited.due == min((each.closes for each in known), default=FOREVER)
        again = OpenWindows(list(awaited.all()))  # as from the saved state
        assert (again.all(), again.due) == (awaited.all(), awaited.due)


def test_a_window_that_has_closed_may_be_awaited_again() -> None:
    window = OpenWindow(10, 0, 0, 5)
    awaited = OpenWindows([window])
    assert awaited.close(9) == []
    assert awaited.close(10) == [window]
    assert awaited.close(FOREVER) == []
    awaited.add(window)
    assert awaited.due == 10
