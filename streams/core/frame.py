"""Where readings of one moment belong: their slot, its hour and the windows around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from streams.core.calendar import HOUR, SLOT
from streams.core.head import Pending
from streams.core.source import KINDS, SourceEntry

_MOST_KNOWN: Final = 20_000


class Frame(NamedTuple):
    """A slot ``[start, end)`` of a zone's clock, the start of its hour, its windows by kind.

    While stream time is below ``open_until`` none of the windows has closed.
    """

    start: int
    end: int
    hour: int
    windows: tuple[Pending, ...]
    open_until: int
    zone: str


NOWHERE: Final = Frame(0, 0, 0, (), 0, "")


class Frames:
    """The frames of a partition: sources of one clock share them."""

    def __init__(self, grace: Callable[[int], int]) -> None:
        """``grace``: how long a window of a kind stays open after its end, milliseconds."""
        self._grace = grace
        self._known: dict[tuple[str, str, int], Frame] = {}

    def window(self, entry: SourceEntry, kind: int, instant: int) -> Pending:
        """The window of a kind that contains ``instant``."""
        start, end = entry.window(kind, instant)
        return Pending(end + self._grace(kind), kind, start, end)

    def of(self, instant: int, entry: SourceEntry, judged: SourceEntry) -> Frame:
        """The frame of a moment: slot and hour by ``entry``, windows by ``judged``.

        They differ for a reading that arrived before the registration in force.
        """
        start = entry.clock.start(instant, SLOT)
        key = entry.zone, judged.zone, start
        frame = self._known.get(key)
        if frame is None:
            windows = tuple(self.window(judged, kind, start) for kind in range(len(KINDS)))
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            frame = self._known[key] = Frame(
                start,
                entry.clock.end(start, SLOT),
                entry.clock.start(instant, HOUR),
                windows,
                min(window.closes for window in windows),
                entry.zone,
            )
        return frame
