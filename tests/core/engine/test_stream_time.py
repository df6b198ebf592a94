"""Which record brings an instant: stream time along a log, told again by looking at each record."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.core.engine.stream_time import StreamTimes, stream_times
from streams.core.records.record import RawRecord
from streams.core.time.interval import BEGINNING, LATEST_ARRIVAL

arrivals = st.integers(0, 12) | st.sampled_from((-1, LATEST_ARRIVAL, LATEST_ARRIVAL + 1, 1 << 62))


def log_of(found: list[int]) -> list[RawRecord]:
    return [RawRecord(7 + at, arrival, None, None, ()) for at, arrival in enumerate(found)]


@given(st.lists(arrivals), st.integers(0, 12) | st.just(BEGINNING))
def test_stream_time_is_the_highest_arrival_so_far(found: list[int], before: int) -> None:
    expected, highest = [], before
    for arrival in found:
        if arrival <= LATEST_ARRIVAL:
            highest = max(highest, arrival)
        expected.append(highest)
    assert stream_times(log_of(found), before) == expected


@given(st.lists(st.integers(0, 12), min_size=1, max_size=30), st.integers(-1, 13), st.data())
def test_an_instant_is_reached_at_the_first_record_that_has_its_time(
    found: list[int], instant: int, data: st.DataObject
) -> None:
    records = log_of(found)
    times = stream_times(records, 0)
    start = data.draw(st.integers(0, len(found) - 1))
    end = data.draw(st.integers(start, len(found)))
    since = data.draw(st.integers(start, end + 1))
    line = StreamTimes(records, times, start, end)
    there = [at for at in range(since, end) if times[at] >= instant]
    assert line.first_at(instant, since) == min(there, default=end)
