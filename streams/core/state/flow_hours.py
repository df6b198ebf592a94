"""Keeps the hourly mean flow of one source for 30 days: what a mark is held against.

A key of the state for each UTC day, of at most 24 numbers; written when one of them has changed. A
source without flow has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

import msgspec

from streams.core.state.uncommitted import UncommittedState
from streams.core.time.interval import DAY

SPAN: Final = 30 * DAY
"""So far back the median looks."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[int, float])


class FlowHours:
    """Keeps the mean flow of each hour by its start (ms); ``days`` are those with a saved key."""

    def __init__(self, prefix: str, saved: UncommittedState, days: Iterable[int]) -> None:
        self._prefix = prefix
        self._saved = saved
        self._days = set(days)
        self._loaded: dict[int, dict[int, float]] = {}
        self._changed: set[int] = set()

    def note(self, start: int, mean: float | None) -> None:
        """Set the mean flow of the hour that starts at ``start``; None: it has none."""
        day = start // DAY
        hours = self._day(day)
        if hours.get(start) == mean:
            return
        if mean is None:
            hours.pop(start, None)
        else:
            hours[start] = mean
        self._days.add(day)
        self._changed.add(day)

    def _day(self, day: int) -> dict[int, float]:
        found = self._loaded.get(day)
        if found is None:
            saved = self._saved.get(f"{self._prefix}{day}") if day in self._days else None
            found = self._loaded[day] = {} if saved is None else _decoder.decode(saved)
        return found

    def median(self, before: int) -> Fraction | None:
        """Compute the exact median of the hours in the 30 days before ``before``; None: no hour."""
        first = before - SPAN
        means = sorted(
            mean
            for day in range(first // DAY, before // DAY + 1)
            if day in self._days
            for start, mean in self._day(day).items()
            if first <= start < before
        )
        if not means:
            return None
        middle = len(means) // 2
        if len(means) % 2:
            return Fraction(means[middle])
        return (Fraction(means[middle - 1]) + Fraction(means[middle])) / 2

    def save(self, stream_time: int, max_lateness: int) -> Iterator[tuple[str, bytes | None]]:
        """Encode the changed days, and delete those that no mark looks back to any more."""
        bound = (stream_time - SPAN - max_lateness - 2 * DAY) // DAY
        for day in sorted(each for each in self._days if each < bound):
            self._days.discard(day)
            self._loaded.pop(day, None)
            self._changed.discard(day)
            key = f"{self._prefix}{day}"
            if self._saved.delete(key):
                yield key, None
        for day in sorted(self._changed):
            key, encoded = f"{self._prefix}{day}", _encoder.encode(self._loaded[day])
            self._saved.put(key, encoded)
            yield key, encoded
        self._changed.clear()
        for day in [day for day in self._loaded if day < stream_time // DAY - 1]:
            del self._loaded[day]
