"""Timers in stream time: when time alone makes a difference to a source or an enterprise."""

from __future__ import annotations

from heapq import heappop, heappush

from streams.core.time.interval import FOREVER


class Timers:
    """Keeps one timer for each name: the earliest stream time it was scheduled for."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._scheduled: dict[str, int] = {}

    def schedule(self, name: str, due: int) -> None:
        """Set the timer of a name, unless it is set for an earlier stream time."""
        if due < self._scheduled.get(name, FOREVER):
            self._scheduled[name] = due
            heappush(self._heap, (due, name))

    def expired(self, now: int) -> list[tuple[int, str]]:
        """Remove the timers due by ``now``; returns their times and names, earliest first."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            due, name = heappop(self._heap)
            if self._scheduled.get(name) == due:
                del self._scheduled[name]
                found.append((due, name))
        return found
