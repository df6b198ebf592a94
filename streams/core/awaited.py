"""The windows of one source that have readings and have not closed, by when they close."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable

from streams.core.head import Pending
from streams.core.source import FOREVER


class Awaited:
    """Each window once; ``due`` is the stream time at which the first of them closes."""

    def __init__(self, saved: Iterable[Pending]) -> None:
        self._by_closing = sorted(saved, key=_closing)
        self._known = {(each.kind, each.start) for each in self._by_closing}
        self.due = FOREVER
        self._look()

    def add(self, window: Pending) -> None:
        """Wait for a window, if it is not waited for."""
        place = window.kind, window.start
        if place not in self._known:
            self._known.add(place)
            insort(self._by_closing, window, key=_closing)
            self._look()

    def close(self, stream_time: int) -> list[Pending]:
        """The windows that close by ``stream_time``, in their order; they are awaited no more."""
        closed: list[Pending] = []
        for each in self._by_closing:
            if each.closes > stream_time:
                break
            closed.append(each)
            self._known.remove((each.kind, each.start))
        del self._by_closing[: len(closed)]
        self._look()
        return closed

    def all(self) -> list[Pending]:
        """Every window that is awaited, in the order of closing."""
        return self._by_closing

    def _look(self) -> None:
        self.due = self._by_closing[0].closes if self._by_closing else FOREVER


def _closing(window: Pending) -> tuple[int, int, int]:
    return window.closes, window.kind, window.start
