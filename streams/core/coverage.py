"""What readings cover while they come in order and whole: one interval instead of many runs.

A source that sends every pollutant prolongs the last run of each channel with each reading, and
nothing else changes. Those readings are noted here once and laid on the runs when somebody looks.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.core.gap import MERGED
from streams.core.source import Interval, SourceEntry


class Coverage:
    """The last runs of a source and its channels, prolonged together under one registration."""

    __slots__ = ("_end", "_entry", "_laid", "_runs", "_start")

    def __init__(self) -> None:
        self._runs: Sequence[list[Interval]] = ()
        self._entry: SourceEntry | None = None
        self._start = self._end = self._laid = 0

    def begin(self, entry: SourceEntry, runs: Sequence[list[Interval]]) -> None:
        """Go on from the last of each of these runs, if they end together; none is empty."""
        ends = {own[-1][1] for own in runs}
        if len(ends) == 1:
            self._entry, self._runs = entry, runs
            self._start = max(own[-1][0] for own in runs)
            self._end = self._laid = ends.pop()

    def prolong(self, entry: SourceEntry, start: int, end: int) -> bool:
        """Take in an interval; False if it does more than prolong every last run in order."""
        if entry is not self._entry or not self._start <= start <= self._end + MERGED:
            return False
        self._end = max(self._end, end)
        return True

    def lay(self) -> None:
        """Lay what was taken in on the runs."""
        if self._end > self._laid:
            for own in self._runs:
                own[-1] = (own[-1][0], self._end)
            self._laid = self._end

    def settle(self) -> None:
        """Lay what was taken in on the runs, and let go of them: they may change now."""
        self.lay()
        self._entry, self._runs = None, ()
