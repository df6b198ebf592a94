"""When time alone makes a difference: the next stream time of each source and enterprise."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final

from streams.core.source import FOREVER

SOURCE: Final = "source"
ENTERPRISE: Final = "enterprise"

Name = tuple[str, str]
"""Kind and name of what waits."""


class Timers:
    """One time for each that waits: the earliest it was scheduled for."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, Name]] = []
        self._scheduled: dict[Name, int] = {}

    def schedule(self, kind: str, name: str, due: int) -> None:
        """Wait for a stream time, or for the earlier one that is waited for."""
        known = self._scheduled.get((kind, name), FOREVER)
        if due < known:
            self._scheduled[kind, name] = due
            heappush(self._heap, (due, (kind, name)))

    def due(self, now: int) -> list[tuple[int, Name]]:
        """All whose time has come, in the order of their times; they wait no more."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            due, name = heappop(self._heap)
            if self._scheduled.get(name) == due:
                del self._scheduled[name]
                found.append((due, name))
        return found
