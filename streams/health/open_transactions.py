"""Transactions of others that are open for long: nothing behind their first record can be read."""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from typing import Final

from streams.health.movement import Place

LONG_S: Final = 30.0
"""A transaction is open for a moment as a rule; the broker ends it after a minute by default."""


class OpenTransactions:
    """Remembers since when partitions end before their high watermark, and at which offset."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[Place, tuple[int, float, int]] = {}

    def see(self, place: Place, end: int | None, highwater: int | None) -> None:
        """A partition whose committed records end at one offset, and all of them at another."""
        if end is None or highwater is None or highwater <= end:
            self._since.pop(place, None)
            return
        at, since, _ = self._since.get(place, (end, self._clock(), 0))
        self._since[place] = (end, since if at == end else self._clock(), highwater - end)

    def keep(self, places: Container[Place]) -> None:
        """Only these are looked at now."""
        self._since = {place: seen for place, seen in self._since.items() if place in places}

    def told(self, places: Container[Place]) -> dict[Place, str]:
        """A sentence for each of these places that is held back for long."""
        now = self._clock()
        return {
            place: f"an open transaction holds back {records} records from offset {end} on, for "
            f"{now - since:.0f} s: its producer must commit or abort it"
            for place, (end, since, records) in self._since.items()
            if place in places and now - since >= LONG_S
        }
