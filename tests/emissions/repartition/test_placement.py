"""Where a copied message goes: what was judged is judged, what was refused is refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emissions.repartition.placement import Placement
from schemas.reading import Reading, Rejected, Tick
from streams.core.records.partitioning import partition_of


@given(st.text(min_size=1, max_size=9), st.integers(1, 9), st.integers(2, 9), st.integers(0, 8))
def test_a_reading_is_in_the_partition_of_its_source_as_it_was(
    source: str, before: int, after: int, partition: int
) -> None:
    partition %= before
    reading = Reading(source, 0, 60, "NORMAL", None, {"SO2": 1.0}, {})
    (place,) = Placement((before,), after).of(partition, b"another key", reading)
    assert 0 <= place < after
    was_right = partition_of(source, before) == partition
    assert (partition_of(source, after) == place) == was_right


def test_a_tick_is_in_every_partition_once() -> None:
    tick = Tick()
    placement = Placement((3,), 5)
    places = [place for number in range(3) for place in placement.of(number, None, tick)]
    assert places == [0, 1, 2, 3, 4]


def test_what_cannot_be_decoded_goes_by_its_key() -> None:
    nonsense = Rejected("UNDECODABLE", "")
    assert Placement((2,), 5).of(1, b"KZ-1", nonsense) == (partition_of(b"KZ-1", 5),)
    assert Placement((9,), 5).of(7, None, nonsense) == (2,)


def test_what_came_before_partitions_were_added_is_where_it_belongs() -> None:
    sources = [f"KZ-{number:04}" for number in range(40)]
    for source in sources:
        reading = Reading(source, 0, 60, "NORMAL", None, {"SO2": 1.0}, {})
        for many in (4, 8):
            places = Placement((8, 4), 5).of(partition_of(source, many), None, reading)
            assert places == (partition_of(source, 5),)
