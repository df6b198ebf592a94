"""The order of a copied log depends on the log alone, and each partition keeps its own."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from emissions.repartition.merge import Placed, TimeMerge
from streams.core.records.record import RawRecord

LOGS = st.lists(st.lists(st.integers(0, 20), max_size=12), min_size=1, max_size=4)


def records(times: list[int]) -> list[RawRecord]:
    return [RawRecord(offset, time, None, None, ()) for offset, time in enumerate(times)]


def merged(logs: list[list[RawRecord]], piece: int) -> list[Placed]:
    """All of it, fetched in pieces."""
    merge, at = TimeMerge(len(logs)), [0] * len(logs)
    found: list[Placed] = []
    while True:
        found += merge.take()
        awaited = merge.awaited()
        if not awaited:
            return found
        for number in awaited:
            merge.add(number, logs[number][at[number] : at[number] + piece])
            at[number] += piece
            if at[number] >= len(logs[number]):
                merge.end(number)


@given(LOGS, st.integers(1, 12))
def test_pieces_change_nothing_and_no_partition_is_disordered(
    times: list[list[int]], piece: int
) -> None:
    logs = [records(each) for each in times]
    found = merged(logs, piece)
    assert found == merged(logs, 100)
    for number, log in enumerate(logs):
        assert [placed.record for placed in found if placed.partition == number] == log
    stream_times = [list(accumulate(each, max)) for each in times]
    passed = [(stream_times[p][record.offset], p) for p, record in found]
    assert passed == sorted(passed)


@given(LOGS, st.lists(st.lists(st.integers(0, 20), max_size=12), min_size=4, max_size=4))
def test_what_is_taken_before_the_end_is_the_beginning_of_all(
    times: list[list[int]], more: list[list[int]]
) -> None:
    """A copy of a log that still grows holds nothing that what comes later would precede."""
    early = [records(each) for each in times]
    merge = TimeMerge(len(early))
    for number, log in enumerate(early):
        merge.add(number, log)
    before = list(merge.take())
    late = [records([*each, *more[number]]) for number, each in enumerate(times)]
    assert merged(late, 100)[: len(before)] == before


def test_nothing_is_taken_while_a_partition_was_not_read() -> None:
    merge = TimeMerge(2)
    merge.add(0, records([5]))
    assert list(merge.take()) == []
    assert merge.awaited() == [1]
    merge.end(1)
    assert [each.record.timestamp for each in merge.take()] == [5]
    assert merge.awaited() == [0]
    merge.end(0)
    assert merge.awaited() == []
