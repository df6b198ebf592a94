"""Assigns an instant to its slot (the pane of all windows), its hour and its windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from streams.core.sources.source import SourceEntry
from streams.core.time.interval import HOUR, SLOT
from streams.core.time.window_kinds import WHOLE_DAY, WINDOW_KINDS
from streams.core.windows.open_windows import OpenWindow

_MOST_KNOWN: Final = 2_000
"""Slots: of two weeks in one zone, as late as readings may be (three days) in several."""


class LocalDay(NamedTuple):
    """A calendar day ``[start, end)``, ms UTC; ``number`` is the proleptic ordinal of its date."""

    number: int
    start: int
    end: int


class WindowAssignment(NamedTuple):
    """A slot ``[start, end)`` of a zone's clock, the start of its hour, its windows by kind.

    Times are ms UTC. None of the windows closes while stream time is below ``open_until``.
    """

    start: int
    end: int
    hour_start: int
    windows: tuple[OpenWindow, ...]
    open_until: int
    zone: str
    day: LocalDay


UNASSIGNED: Final = WindowAssignment(0, 0, 0, (), 0, "", LocalDay(0, 0, 0))


class WindowAssigner:
    """Assigns instants to slots and windows; sources of one zone share the assignments."""

    def __init__(self, grace: Callable[[int], int]) -> None:
        """``grace``: how long (ms) a window of a kind stays open after its end."""
        self._grace = grace
        self._known: dict[tuple[str, str, int], WindowAssignment] = {}
        self._days: dict[tuple[str, int], LocalDay] = {}

    def window(self, entry: SourceEntry, kind: int, instant: int) -> OpenWindow:
        """Return the window of a kind that contains ``instant`` (ms)."""
        start, end = entry.window(kind, instant)
        return OpenWindow(end + self._grace(kind), kind, start, end)

    def assign(self, instant: int, entry: SourceEntry, judged: SourceEntry) -> WindowAssignment:
        """Assign an instant (ms): slot, hour and day by ``entry``, windows by ``judged``.

        The two registrations differ for a reading that arrived before the one in force.
        """
        start = entry.clock.start(instant, SLOT)
        key = entry.zone, judged.zone, start
        frame = self._known.get(key)
        if frame is None:
            windows = tuple(self.window(judged, kind, start) for kind in range(len(WINDOW_KINDS)))
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            frame = self._known[key] = WindowAssignment(
                start,
                entry.clock.end(start, SLOT),
                entry.clock.start(instant, HOUR),
                windows,
                min(window.closes for window in windows),
                entry.zone,
                self._day(entry, start),
            )
        return frame

    def _day(self, entry: SourceEntry, instant: int) -> LocalDay:
        """Return the local day that contains ``instant`` (ms); one object for equal ones."""
        start, end = entry.window(WHOLE_DAY, instant)
        key = entry.zone, start
        day = self._days.get(key)
        if day is None:
            if len(self._days) >= _MOST_KNOWN:
                self._days.clear()
            day = self._days[key] = LocalDay(entry.clock.date(start).toordinal(), start, end)
        return day
