"""The hours of one source: decoded when touched, saved when changed, forgotten when final."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter

from streams.core.calendar import HOUR, LocalClock
from streams.core.log import UnusableStateError
from streams.core.overlay import Overlay
from streams.core.saved_hour import freeze, thaw
from streams.core.slot import Hour, Slot

_start = itemgetter(0)

LONGEST_HOUR = 2 * HOUR
"""An hour of the local clock is at most this long, whatever a zone does to it."""


def starts_by_source(keys: Iterable[str], prefix: str) -> dict[str, list[int]]:
    """Starts of the saved hours by source, from the keys ``<prefix><source>/<start>``."""
    hours: dict[str, list[int]] = {}
    for key in keys:
        if key.startswith(prefix):
            source_id, _, start = key.removeprefix(prefix).rpartition("/")
            hours.setdefault(source_id, []).append(int(start))
    return hours


class Hours:
    """Hours by their start; ``saved`` has the encoded hour under its key of the state.

    ``settle`` brings what was taken in and not yet added up into the slots.
    """

    def __init__(
        self, prefix: str, saved: Overlay, starts: list[int], settle: Callable[[], None]
    ) -> None:
        self._settle = settle
        self._prefix = prefix
        self._saved = saved
        self._starts = sorted(starts)
        self._loaded: dict[int, Hour] = {}
        self._changed: set[int] = set()
        self._gone: set[int] = set()
        self._last: tuple[int, int, LocalClock | None] = (0, 0, None)

    def start_of(self, clock: LocalClock, instant: int) -> int:
        """Start of the local hour that contains ``instant``."""
        start, end, of = self._last
        if not start <= instant < end or of is not clock:
            start = clock.start(instant, HOUR)
            self._last = (start, clock.end(start, HOUR), clock)
        return start

    def get(self, start: int) -> Hour | None:
        """The hour that starts at ``start``, or None if nothing is known of it."""
        hour = self._loaded.get(start)
        if hour is None and (hour := self._decoded(start)) is not None:
            self._loaded[start] = hour
        return hour

    def _decoded(self, start: int) -> Hour | None:
        saved = self._saved.get(f"{self._prefix}{start}")
        return None if saved is None else thaw(saved)

    def _missing(self, start: int) -> Hour:
        """Never a mean of what is left: a hole in the state is no silence of the source."""
        raise UnusableStateError(
            f"the state has no {self._prefix}{start}, although it had: let it begin anew under "
            "another name of the application, from offset 0 (results have the same ids)"
        )

    def change(self, start: int) -> Hour:
        """The hour that starts at ``start``, made if need be, and saved by the next `save`."""
        hour = self.get(start)
        if hour is None:
            hour = self._loaded[start] = Hour()
            insort(self._starts, start)
            self._gone.discard(start)
        self._changed.add(start)
        return hour

    def between(self, start: int, end: int) -> Iterator[tuple[int, Hour]]:
        """Hours that may hold something of ``[start, end)``, in the order of time.

        Raises `UnusableStateError` where the state has lost one.
        """
        index = bisect_left(self._starts, start - LONGEST_HOUR)
        while index < len(self._starts) and self._starts[index] < end:
            start = self._starts[index]
            yield start, self.get(start) or self._missing(start)
            index += 1

    def slots(self, start: int, end: int) -> list[Slot]:
        """The slots inside ``[start, end)`` in the order of time, added up."""
        self._settle()
        return self.inside(start, end)

    def inside(self, start: int, end: int) -> list[Slot]:
        """The slots inside ``[start, end)`` in the order of time, as far as they are added up."""
        found = [
            (at, slot)
            for _, hour in self.between(start, end)
            for at, slot in hour.slots.items()
            if start <= at < end
        ]
        found.sort(key=_start)
        return [slot for _, slot in found]

    def all(self) -> Iterator[tuple[int, Hour]]:
        """Every remembered hour, in the order of time; to be looked at one by one, not changed.

        Days of hours: those that are not decoded already are not kept so.
        """
        for start in list(self._starts):
            yield start, self._loaded.get(start) or self._decoded(start) or self._missing(start)

    def before(self, instant: int) -> list[int]:
        """Starts of the hours that begin before ``instant``."""
        return self._starts[: bisect_left(self._starts, instant)]

    def forget(self, start: int) -> None:
        """Delete an hour from the state by the next `save`."""
        self._starts.remove(start)
        self._loaded.pop(start, None)
        self._changed.discard(start)
        self._gone.add(start)

    @property
    def unsaved(self) -> int:
        """How many hours have changed since the last `save`."""
        return len(self._changed)

    def save(self, keep_after: int) -> Iterator[tuple[str, bytes | None]]:
        """Changed hours as state; decoded hours before ``keep_after`` are let go afterwards."""
        self._settle()
        for start in self._gone:
            key = f"{self._prefix}{start}"
            if self._saved.delete(key):
                yield key, None
        for start in sorted(self._changed):
            hour = self._loaded[start]
            key = f"{self._prefix}{start}"
            encoded = freeze(hour)
            self._saved.put(key, encoded)
            yield key, encoded
        self._gone.clear()
        self._changed.clear()
        self.let_go(keep_after)

    def let_go(self, keep_after: int) -> None:
        """Forget the decoded form of hours before ``keep_after`` that did not change."""
        for start in [start for start in self._loaded if start < keep_after]:
            if start not in self._changed:
                del self._loaded[start]
