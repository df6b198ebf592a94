"""The status line says what runs and what stands, and fits into the terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emissions.supervision.restart import PartState, by_name, started
from emissions.supervision.status import Figures, status_line

NOW = 1_700_000_000_000
ALL = {
    name: started(part, 0.0)
    for name, part in by_name([PartState("broker"), PartState("streams worker")]).items()
}


def test_it_counts_and_says_how_old_the_newest_reading_is() -> None:
    line = status_line(ALL, Figures(12_345, NOW - 12_000, 3, 1), NOW, 79)
    assert line == "2 parts run · 12,345 readings · newest 12 s ago · 3 violations · 1 case"


def test_a_part_that_does_not_run_is_named() -> None:
    states = {**ALL, "streams worker": PartState("streams worker")}
    line = status_line(states, Figures(0, 0, 0, 0), NOW, 79)
    assert line == "not running: streams worker · 0 readings · 0 violations · 0 cases"


def test_what_is_done_is_not_missed() -> None:
    states = {**ALL, "simulation": PartState("simulation", finished=True)}
    assert "not running" not in status_line(states, None, NOW, 79)


def test_a_silent_clickhouse_is_said() -> None:
    assert status_line(ALL, None, NOW, 79) == "2 parts run · ClickHouse does not answer"


@given(st.integers(0, 10**9), st.integers(-(10**6), 10**9), st.integers(1, 200))
def test_it_is_never_wider_than_the_terminal(count: int, age_s: int, width: int) -> None:
    figures = Figures(count, NOW - age_s * 1000, count, count)
    assert len(status_line(ALL, figures, NOW, width)) <= width
