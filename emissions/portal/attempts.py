"""Counts attempts of an address or a user in a time, in bounded memory."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

_MOST_KNOWN: Final = 20_000


class Attempts:
    """Lets each key do something at most ``most`` times within any ``within_s`` seconds.

    Of more keys than are remembered the one that was not seen for longest is forgotten.
    """

    def __init__(
        self, most: int, within_s: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._within_s = within_s
        self._clock = clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Count an attempt; return 0, or the seconds to wait where there were too many."""
        wait_s = self.wait_s(key)
        if not wait_s:
            self._seen.setdefault(key, deque()).append(self._clock())
            self._seen.move_to_end(key)
            while len(self._seen) > _MOST_KNOWN:
                self._seen.popitem(last=False)
        return wait_s

    def wait_s(self, key: str) -> float:
        """Return the seconds until the next attempt is allowed: 0 is now."""
        times = self._seen.get(key)
        if times is None:
            return 0.0
        now = self._clock()
        while times and times[0] <= now - self._within_s:
            times.popleft()
        if not times:
            del self._seen[key]
            return 0.0
        return times[0] + self._within_s - now if len(times) >= self._most else 0.0

    def forget(self, key: str) -> None:
        """Forget the attempts of a key, as after one that succeeded."""
        self._seen.pop(key, None)
