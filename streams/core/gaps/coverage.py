"""Extend the covered runs of a source as one interval while readings come in order.

A source that sends every pollutant extends the last run of each channel with each reading, and
nothing else changes. So one interval is extended here, and written back to the runs when somebody
reads them.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.core.gaps.gap import MERGE_DISTANCE
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import Interval


class Coverage:
    """Extends the last runs of a source and its channels together, under one registration."""

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

    def extend(self, entry: SourceEntry, start: int, end: int) -> bool:
        """Cover an interval (ms); False, and nothing done, unless it extends each last run."""
        if entry is not self._entry or not self._start <= start <= self._end + MERGE_DISTANCE:
            return False
        self._end = max(self._end, end)
        return True

    def write_back(self) -> None:
        """Write the covered interval to the runs."""
        if self._end > self._laid:
            for own in self._runs:
                own[-1] = (own[-1][0], self._end)
            self._laid = self._end

    def close(self) -> None:
        """Write the covered interval to the runs, and let others change them."""
        self.write_back()
        self._entry, self._runs = None, ()
