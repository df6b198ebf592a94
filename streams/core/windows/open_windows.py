"""Keeps the windows of one source that have readings and have not closed, by closing time."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable

import msgspec

from streams.core.time.interval import FOREVER


class OpenWindow(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A window with readings that has not closed; times in ms of stream time."""

    closes: int
    kind: int
    start: int
    end: int


class OpenWindows:
    """Keeps each window once; ``due`` is the stream time (ms) at which the first one closes."""

    def __init__(self, saved: Iterable[OpenWindow]) -> None:
        self._by_closing = sorted(saved, key=_closing)
        self._known = {(each.kind, each.start) for each in self._by_closing}
        self.due = FOREVER
        self._update_due()

    def add(self, window: OpenWindow) -> None:
        """Open a window, unless it is open."""
        place = window.kind, window.start
        if place not in self._known:
            self._known.add(place)
            insort(self._by_closing, window, key=_closing)
            self._update_due()

    def close(self, stream_time: int) -> list[OpenWindow]:
        """Remove and return the windows that close by ``stream_time`` (ms), in their order."""
        closed: list[OpenWindow] = []
        for each in self._by_closing:
            if each.closes > stream_time:
                break
            closed.append(each)
            self._known.remove((each.kind, each.start))
        del self._by_closing[: len(closed)]
        self._update_due()
        return closed

    def all(self) -> list[OpenWindow]:
        """List every open window in the order of closing."""
        return self._by_closing

    def _update_due(self) -> None:
        self.due = self._by_closing[0].closes if self._by_closing else FOREVER


def _closing(window: OpenWindow) -> tuple[int, int, int]:
    return window.closes, window.kind, window.start
