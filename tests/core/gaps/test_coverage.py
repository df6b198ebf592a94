"""Runs that are prolonged together are the runs of one reading after another."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from streams.core.gaps.coverage import Coverage
from streams.core.gaps.gap import MERGE_DISTANCE, add_coverage
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import MINUTE, Interval
from tests.core.examples import enterprise, source

PLANT = enterprise()
ENTRIES = (SourceEntry(PLANT, source()), SourceEntry(PLANT, source()))
"""Two registrations of a source."""
SOURCE, CO, SO2 = range(3)
ALL = (SOURCE, CO, SO2)


class Sent(NamedTuple):
    """A reading, by its distance from the last one's end, and who looks at the runs after it."""

    distance: int
    length: int
    entry: int
    covered: tuple[int, ...]
    laid: bool
    settled: bool


distances = st.sampled_from(
    (0,) * 6
    + (
        -MINUTE,
        MINUTE,
        MERGE_DISTANCE - 1,
        MERGE_DISTANCE,
        MERGE_DISTANCE + 1,
        2 * MERGE_DISTANCE,
        -MERGE_DISTANCE,
        -3 * MERGE_DISTANCE,
        -90,
    )
)
sent = st.builds(
    Sent,
    distances,
    st.sampled_from((10 * MINUTE, 10 * MINUTE, MINUTE, 60 * MINUTE)),
    st.sampled_from((0,) * 12 + (1,)),
    st.sampled_from((ALL,) * 6 + ((SOURCE, CO), (SOURCE, SO2), (SOURCE,))),
    st.sampled_from((False, False, False, True)),
    st.sampled_from((False,) * 7 + (True,)),
)


class Runs:
    """The runs of a source and two channels, as a fold keeps them."""

    def __init__(self) -> None:
        self.found: list[list[Interval]] = [[], [], []]
        self.coverage = Coverage()
        self.together = 0

    def take(self, entry: SourceEntry, covered: tuple[int, ...], start: int, end: int) -> None:
        if covered == ALL and self.coverage.extend(entry, start, end):
            self.together += 1
            return
        self.coverage.close()
        changed = [add_coverage(self.found[each], start, end) for each in covered]
        if covered == ALL and not any(changed):
            self.coverage.begin(entry, [self.found[each] for each in covered])


@given(st.lists(sent, max_size=40))
def test_any_sequence_gives_the_runs_of_reading_by_reading(found: list[Sent]) -> None:
    runs, expected = Runs(), list[list[Interval]]([[], [], []])
    end = 100 * MERGE_DISTANCE
    for each in found:
        start = end + each.distance
        end = start + each.length
        runs.take(ENTRIES[each.entry], each.covered, start, end)
        for channel in each.covered:
            add_coverage(expected[channel], start, end)
        if each.laid:
            runs.coverage.write_back()
        if each.settled:
            runs.coverage.close()
        if each.laid or each.settled:
            assert runs.found == expected
    runs.coverage.close()
    assert runs.found == expected


def test_readings_in_order_are_prolonged_together_and_laid_when_asked() -> None:
    runs = Runs()
    for number in range(20):
        runs.take(ENTRIES[0], ALL, number * MINUTE, (number + 1) * MINUTE)
    assert runs.together == 18  # the first made the runs, the second showed that they go on
    assert runs.found == [[(0, 2 * MINUTE)]] * 3
    runs.coverage.write_back()
    assert runs.found == [[(0, 20 * MINUTE)]] * 3
    runs.take(ENTRIES[0], ALL, 20 * MINUTE, 21 * MINUTE)
    assert runs.together == 19
    runs.coverage.close()
    assert runs.found == [[(0, 21 * MINUTE)]] * 3
    assert not runs.coverage.extend(ENTRIES[0], 21 * MINUTE, 22 * MINUTE)


def test_what_does_more_than_prolong_every_last_run_is_not_taken_in() -> None:
    """Silence, a reading from before a run, one under another registration."""
    runs = Runs()
    runs.take(ENTRIES[0], (SOURCE,), 0, MINUTE)
    for number in range(3):
        runs.take(ENTRIES[0], ALL, (10 + number) * MINUTE, (11 + number) * MINUTE)
    coverage, end = runs.coverage, 13 * MINUTE
    assert not coverage.extend(ENTRIES[1], end, end + 1)
    assert not coverage.extend(ENTRIES[0], end + MERGE_DISTANCE + 1, end + MERGE_DISTANCE + 2)
    assert not coverage.extend(ENTRIES[0], 10 * MINUTE - 1, end)
    assert coverage.extend(ENTRIES[0], 10 * MINUTE, end - 1)  # within, and shorter
    assert coverage.extend(ENTRIES[0], end + MERGE_DISTANCE, end + MERGE_DISTANCE + 1)
    coverage.write_back()
    assert [own[-1][1] for own in runs.found] == [end + MERGE_DISTANCE + 1] * 3


def test_runs_that_end_apart_are_not_prolonged_together() -> None:
    coverage = Coverage()
    coverage.begin(ENTRIES[0], [[(0, MINUTE)], [(0, 2 * MINUTE)]])
    assert not coverage.extend(ENTRIES[0], 2 * MINUTE, 3 * MINUTE)
