"""Deliveries taken as one keep their records, their order, and every acknowledgement."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.transport.batch import Delivery, InFlightBatches, PartitionBatch
from streams.transport.merge import next_delivery


class Handed:
    """A delivery of the transport."""

    def __init__(self, value: PartitionBatch, in_flight: InFlightBatches) -> None:
        self.value = value
        self._in_flight = in_flight
        in_flight.add(value)

    def ack(self) -> bool:
        return self._in_flight.acknowledge(self.value)


def handed(
    sizes: Sequence[int], generations: Sequence[int] | None = None
) -> tuple[deque[Delivery], InFlightBatches]:
    in_flight, found, at = InFlightBatches(), deque[Delivery](), 0
    for size, generation in zip(sizes, generations or [1] * len(sizes), strict=True):
        records = [SimpleNamespace(offset=at + step) for step in range(size)]
        batch = PartitionBatch("t", 0, records, generation)
        batch.fetched, batch.waiting = (at, at + size), True
        found.append(Handed(batch, in_flight))
        at += size
    return found, in_flight


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.integers(1, 30))
def test_every_record_is_taken_once_and_acknowledged(sizes: list[int], most: int) -> None:
    waiting, in_flight = handed(sizes)
    seen: list[int] = []
    while waiting:
        delivery = next_delivery(waiting, most)
        batch = delivery.value
        assert len(batch) <= max(most, *sizes)
        assert not waiting or len(batch) + len(waiting[0].value) > most
        assert not batch.waiting
        assert all(each.value.waiting for each in waiting)
        seen += [record.offset for record in batch.records]
        assert batch.fetched == (batch.first_offset, batch.next_offset)
        assert delivery.ack()
        assert not delivery.ack()
        assert in_flight.committable == batch.next_offset
    assert seen == list(range(sum(sizes)))
    assert in_flight.records == 0


def test_generations_are_not_mixed() -> None:
    waiting, _ = handed([2, 2, 2], [1, 1, 2])
    found = [next_delivery(waiting, 99).value for _ in range(2)]
    assert [(len(batch), batch.fetches) for batch in found] == [(4, 2), (2, 1)]


@pytest.mark.parametrize("revoked", [0, 1, 2])
def test_what_is_revoked_is_taken_for_itself(revoked: int) -> None:
    waiting, _ = handed([1, 1, 1])
    waiting[revoked].value.revoked = True
    found = []
    while waiting:
        found.append(next_delivery(waiting, 99).value)
    assert [len(batch) for batch in found if batch.revoked] == [1]
    assert sum(map(len, found)) == 3


def test_all_are_revoked_when_one_is() -> None:
    waiting, in_flight = handed([1, 1])
    parts = [each.value for each in waiting]
    delivery = next_delivery(waiting, 99)
    parts[1].revoked = True
    assert delivery.value.revoked
    assert delivery.value.prefix(1).revoked
    assert not delivery.ack()
    assert in_flight.committable is None
    assert parts[0].revoked


def test_it_revokes_all_of_them() -> None:
    waiting, _ = handed([1, 1])
    parts = [each.value for each in waiting]
    delivery = next_delivery(waiting, 99)
    assert not delivery.value.revoked
    delivery.value.prefix(1).revoked = True
    assert [part.revoked for part in parts] == [True, True]
