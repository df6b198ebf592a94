"""Keeps the hours of one source: decoded when touched, saved when changed, evicted when final."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from operator import itemgetter

from streams.core.state.errors import UnusableStateError
from streams.core.state.hour_codec import decode_hour, encode_hour
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.interval import HOUR
from streams.core.time.local_clock import LocalClock
from streams.core.windows.pending_sums import PendingSums
from streams.core.windows.slot import Hour, Slot

_start = itemgetter(0)

LONGEST_HOUR = 2 * HOUR
"""An hour of the local clock is at most this long, whatever a zone does to it."""


def starts_by_source(keys: Iterable[str], prefix: str) -> dict[str, list[int]]:
    """Group the starts (ms) of saved hours by source, from keys ``<prefix><source>/<start>``."""
    hours: dict[str, list[int]] = {}
    for key in keys:
        if key.startswith(prefix):
            source_id, _, start = key.removeprefix(prefix).rpartition("/")
            hours.setdefault(source_id, []).append(int(start))
    return hours


class Hours:
    """Keeps hours by their start; ``saved`` has the encoded hour under its key of the state.

    ``pending`` holds admitted readings that are not added to the sums of their slots yet.
    """

    def __init__(
        self, prefix: str, saved: UncommittedState, starts: list[int], pending: PendingSums
    ) -> None:
        self._pending = pending
        self._prefix = prefix
        self._saved = saved
        self._starts = sorted(starts)
        self._loaded: dict[int, Hour] = {}
        self._changed: set[int] = set()
        self._gone: set[int] = set()
        self._last: tuple[int, int, LocalClock | None] = (0, 0, None)

    def start_of(self, clock: LocalClock, instant: int) -> int:
        """Return the start of the local hour that contains ``instant`` (ms)."""
        start, end, of = self._last
        if not start <= instant < end or of is not clock:
            start = clock.start(instant, HOUR)
            self._last = (start, clock.end(start, HOUR), clock)
        return start

    def get(self, start: int) -> Hour | None:
        """Return the hour that starts at ``start``, None if there is none."""
        hour = self._loaded.get(start)
        if hour is None and (hour := self._decoded(start)) is not None:
            self._loaded[start] = hour
        return hour

    def _decoded(self, start: int) -> Hour | None:
        saved = self._saved.get(f"{self._prefix}{start}")
        return None if saved is None else decode_hour(saved)

    def _missing(self, start: int) -> Hour:
        """Fail rather than compute a mean from incomplete state: a hole in it is no silence."""
        raise UnusableStateError(
            f"the state has no {self._prefix}{start}, although it had: let it begin anew under "
            "another name of the application, from offset 0 (results have the same ids)"
        )

    def for_update(self, start: int) -> Hour:
        """Return the hour that starts at ``start``, made if need be, for the next `save`."""
        hour = self.get(start)
        if hour is None:
            hour = self._loaded[start] = Hour()
            insort(self._starts, start)
            self._gone.discard(start)
        self._changed.add(start)
        return hour

    def between(self, start: int, end: int) -> Iterator[tuple[int, Hour]]:
        """List the hours that may hold something of ``[start, end)``, in the order of time.

        Raises `UnusableStateError` where the state has lost one.
        """
        index = bisect_left(self._starts, start - LONGEST_HOUR)
        while index < len(self._starts) and self._starts[index] < end:
            start = self._starts[index]
            yield start, self.get(start) or self._missing(start)
            index += 1

    def complete_sums(self) -> None:
        """Add every pending reading to the sums of its slot."""
        self._pending.flush()

    def summed_slots(self, start: int, end: int) -> list[Slot]:
        """List the slots inside ``[start, end)`` in the order of time, with complete sums."""
        self._pending.flush()
        return self.slots_in(start, end)

    def slots_in(self, start: int, end: int) -> list[Slot]:
        """List the slots inside ``[start, end)`` in the order of time, for a later query.

        Readings may still be pending: whoever reads the sums (`run_batched`) flushes first, once
        for many sources.
        """
        return [slot for _, slot in self._placed(start, end)]

    def placed_slots(self, start: int, end: int) -> list[tuple[int, Slot]]:
        """List the starts (ms) and slots inside ``[start, end)``, with complete sums."""
        self._pending.flush()
        return self._placed(start, end)

    def _placed(self, start: int, end: int) -> list[tuple[int, Slot]]:
        found = [
            (at, slot)
            for _, hour in self.between(start, end)
            for at, slot in hour.slots.items()
            if start <= at < end
        ]
        found.sort(key=_start)
        return found

    def scan(self) -> Iterator[tuple[int, Hour]]:
        """List every hour in the order of time, to be read only.

        Does not keep the hours it decodes, since there may be days of them.
        """
        for start in list(self._starts):
            yield start, self._loaded.get(start) or self._decoded(start) or self._missing(start)

    def starts_before(self, instant: int) -> list[int]:
        """List the starts of the hours that begin before ``instant`` (ms)."""
        return self._starts[: bisect_left(self._starts, instant)]

    def evict(self, start: int) -> None:
        """Delete an hour from the state by the next `save`."""
        self._starts.remove(start)
        self._loaded.pop(start, None)
        self._changed.discard(start)
        self._gone.add(start)

    @property
    def unsaved(self) -> int:
        """The number of hours that have changed since the last `save`."""
        return len(self._changed)

    def save(self, keep_after: int) -> Iterator[tuple[str, bytes | None]]:
        """Encode the changed hours by key of the state; release those before ``keep_after``."""
        self._pending.flush()
        for start in self._gone:
            key = f"{self._prefix}{start}"
            if self._saved.delete(key):
                yield key, None
        for start in sorted(self._changed):
            hour = self._loaded[start]
            key = f"{self._prefix}{start}"
            encoded = encode_hour(hour)
            self._saved.put(key, encoded)
            yield key, encoded
        self._gone.clear()
        self._changed.clear()
        self.release(keep_after)

    def release(self, keep_after: int) -> None:
        """Drop the decoded form of unchanged hours before ``keep_after`` (ms)."""
        for start in [start for start in self._loaded if start < keep_after]:
            if start not in self._changed:
                del self._loaded[start]
