"""Finds transactions that are open for long: no record after their first can be read."""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from typing import Final

from streams.kafka.partitions import PartitionId

LONG_S: Final = 30.0
"""Age from which a transaction is reported; the broker aborts one after a minute by default."""


class OpenTransactions:
    """Track since when partitions end before their high watermark, and at which offset."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[PartitionId, tuple[int, float, int]] = {}

    def observe(self, place: PartitionId, end: int | None, highwater: int | None) -> None:
        """Record a partition's end of committed records, and that of all records."""
        if end is None or highwater is None or highwater <= end:
            self._since.pop(place, None)
            return
        at, since, _ = self._since.get(place, (end, self._clock(), 0))
        self._since[place] = (end, since if at == end else self._clock(), highwater - end)

    def retain(self, places: Container[PartitionId]) -> None:
        """Forget all partitions but these."""
        self._since = {place: seen for place, seen in self._since.items() if place in places}

    def blocked(self, places: Container[PartitionId]) -> dict[PartitionId, str]:
        """Return a sentence for each of these partitions that is blocked for long."""
        now = self._clock()
        return {
            place: f"an open transaction holds back {records} records from offset {end} on, for "
            f"{now - since:.0f} s: its producer must commit or abort it"
            for place, (end, since, records) in self._since.items()
            if place in places and now - since >= LONG_S
        }
