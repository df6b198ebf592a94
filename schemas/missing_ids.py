"""Decide when to query an unknown schema id again, and how long messages wait for it.

A node of a registry may not know for a moment what was registered on another, so the first messages
of an id wait for it, a few seconds. Made-up ids must not block a partition: all ids that are
unknown at the same time share one wait, a wait in vain is followed by a pause without waits, and
failed queries are rate-limited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REST_FACTOR: Final = 4.0
"""Pause after a wait in vain, in multiples of it: a fifth of the time is waited at most."""
MAX_BURST: Final = 100
"""Failed queries allowed at once; then ``REFILL_PER_S`` per second."""
REFILL_PER_S: Final = 10.0
FIRST_DELAY_S: Final = 0.1
MAX_DELAY_WAITING_S: Final = 1.0
"""Longest delay between queries of an id that messages wait for, seconds."""
MAX_IDS: Final = 10_000
"""Number of unknown ids that are remembered."""


@dataclass(slots=True)
class _Miss:
    again_at: float
    pause_s: float
    waits: bool


class MissingIds:
    """Remember unknown ids. All times are seconds of one clock that the caller passes.

    ``wait_s``: how long messages wait for an id (0: not at all). ``miss_s``: longest delay between
    queries of an unknown id; the first is a tenth of a second, each next one twice as long.
    """

    def __init__(self, wait_s: float, miss_s: float) -> None:
        self._wait_s = wait_s
        self._miss_s = miss_s
        self._misses: dict[int, _Miss] = {}
        self._waiting: set[int] = set()
        self._until = self._rest_until = float("-inf")
        self._tokens, self._filled_at = float(MAX_BURST), 0.0

    def may_query(self, number: int, now: float) -> bool:
        """Tell whether to query an unknown id now."""
        miss = self._misses.get(number)
        last_time = miss is not None and miss.waits and now >= self._until
        if miss is not None and now < miss.again_at and not last_time:
            return False
        self._tokens = min(MAX_BURST, self._tokens + (now - self._filled_at) * REFILL_PER_S)
        self._filled_at = now
        return self._tokens >= 1

    def resolved(self, number: int) -> None:
        """Record that the id is known."""
        self._misses.pop(number, None)
        if number in self._waiting:
            self._waiting.discard(number)
            if not self._waiting:  # the wait was not in vain
                self._until = self._rest_until = float("-inf")

    def query_failed(self, number: int, now: float) -> None:
        """Record that the registry was queried and does not know the id."""
        self._tokens -= 1
        miss = self._misses.get(number)
        if miss is None:
            if len(self._misses) >= MAX_IDS:  # every id of a hostile flood is one
                self._misses = {n: m for n, m in self._misses.items() if m.waits}
            miss = self._misses[number] = _Miss(now, FIRST_DELAY_S, self._joins_wait(now))
            if miss.waits:
                self._waiting.add(number)
        elif miss.waits and now >= self._until:
            miss.waits = False
            self._waiting.discard(number)
        miss.again_at = now + miss.pause_s
        miss.pause_s = min(2 * miss.pause_s, MAX_DELAY_WAITING_S if miss.waits else self._miss_s)

    def should_wait(self, number: int, now: float) -> bool:
        """Tell whether messages with an unknown id wait for it."""
        miss = self._misses.get(number)
        if miss is None or not miss.waits:
            return False
        # The last question, at the end of the wait, may be one that the ration did not allow.
        return now < self._until or self._tokens >= 1

    def _joins_wait(self, now: float) -> bool:
        if now < self._until:
            return True
        if self._wait_s <= 0 or now < self._rest_until:
            return False
        self._until = now + self._wait_s
        self._rest_until = self._until + REST_FACTOR * self._wait_s
        return True
