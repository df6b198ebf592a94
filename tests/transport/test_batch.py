"""A commit is the end of the acknowledged prefix, whatever the order of acknowledgements."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from streams.transport.batch import InFlightBatches, PartitionBatch


def batches(sizes: list[int]) -> list[PartitionBatch]:
    found, at = [], 0
    for size in sizes:
        records = [SimpleNamespace(offset=at + step) for step in range(size)]
        found.append(PartitionBatch("t", 0, records, 1))
        at += size
    return found


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_only_acknowledged_prefixes_are_committable(sizes: list[int], random: object) -> None:
    in_flight, handed = InFlightBatches(), batches(sizes)
    for batch in handed:
        in_flight.add(batch)
    order = list(handed)
    random.shuffle(order)  # type: ignore[attr-defined]
    acked: set[int] = set()
    for batch in order:
        assert in_flight.acknowledge(batch)
        assert not in_flight.acknowledge(batch)
        acked.add(batch.first_offset)
        expected = None
        for each in handed:
            if each.first_offset not in acked:
                break
            expected = each.next_offset
        assert in_flight.committable == expected
        assert in_flight.records == sum(len(b) for b in handed if b.first_offset not in acked)


def test_revoked_batches_do_not_count() -> None:
    in_flight, (one, two) = InFlightBatches(), batches([3, 4])
    in_flight.add(one)
    in_flight.add(two)
    in_flight.remove(two)
    assert (two.revoked, in_flight.records) == (True, 3)
    in_flight.revoke()
    assert one.revoked
    assert not in_flight.acknowledge(one)
    assert (in_flight.committable, in_flight.records) == (None, 0)
