"""When to ask again for a schema id that the registry does not know, and how long to wait for it.

A registry of several nodes may not know on one of them, for a moment, what was registered on
another. So the first messages of an id wait for it, a few seconds. Whoever makes ids up must not
stop a partition with that: all ids that are unknown at the same time share one wait, after one
that was in vain there is none for a while, and questions in vain are rationed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REST: Final = 4.0
"""After a wait in vain nobody waits for so many times as long: a fifth of the time at most."""
BURST: Final = 100
"""So many questions in vain may be asked at once, and then ``REFILL`` a second."""
REFILL: Final = 10.0
FIRST_S: Final = 0.1
WAITING_S: Final = 1.0
"""While messages wait for an id it is asked for at least so often."""
KEPT: Final = 10_000
"""Unknown ids that are remembered."""


@dataclass(slots=True)
class _Miss:
    again_at: float
    pause_s: float
    waits: bool


class AwaitedIds:
    """Remembers which ids are not known. All times in seconds of one clock, given by the caller.

    ``wait_s``: so long messages wait for an id at most; 0: never. ``miss_s``: an unknown id is
    asked for again after a tenth of a second, then after ever longer, this at most.
    """

    def __init__(self, wait_s: float, miss_s: float) -> None:
        self._wait_s = wait_s
        self._miss_s = miss_s
        self._misses: dict[int, _Miss] = {}
        self._waiting: set[int] = set()
        self._until = self._rest_until = float("-inf")
        self._tokens, self._filled_at = float(BURST), 0.0

    def may_ask(self, number: int, now: float) -> bool:
        """Whether an id that is not known is to be asked for now."""
        miss = self._misses.get(number)
        last_time = miss is not None and miss.waits and now >= self._until
        if miss is not None and now < miss.again_at and not last_time:
            return False
        self._tokens = min(BURST, self._tokens + (now - self._filled_at) * REFILL)
        self._filled_at = now
        return self._tokens >= 1

    def found(self, number: int) -> None:
        """The id is known now."""
        self._misses.pop(number, None)
        if number in self._waiting:
            self._waiting.discard(number)
            if not self._waiting:  # the wait was not in vain
                self._until = self._rest_until = float("-inf")

    def missed(self, number: int, now: float) -> None:
        """The registry was asked and does not know the id."""
        self._tokens -= 1
        miss = self._misses.get(number)
        if miss is None:
            if len(self._misses) >= KEPT:  # every id of a hostile flood is one
                self._misses = {n: m for n, m in self._misses.items() if m.waits}
            miss = self._misses[number] = _Miss(now, FIRST_S, self._joins(now))
            if miss.waits:
                self._waiting.add(number)
        elif miss.waits and now >= self._until:
            miss.waits = False
            self._waiting.discard(number)
        miss.again_at = now + miss.pause_s
        miss.pause_s = min(2 * miss.pause_s, WAITING_S if miss.waits else self._miss_s)

    def waits(self, number: int, now: float) -> bool:
        """Whether messages of an unknown id are to wait for it."""
        miss = self._misses.get(number)
        if miss is None or not miss.waits:
            return False
        # The last question, at the end of the wait, may be one that the ration did not allow.
        return now < self._until or self._tokens >= 1

    def _joins(self, now: float) -> bool:
        if now < self._until:
            return True
        if self._wait_s <= 0 or now < self._rest_until:
            return False
        self._until = now + self._wait_s
        self._rest_until = self._until + REST * self._wait_s
        return True
