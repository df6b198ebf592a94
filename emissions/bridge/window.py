"""Orders the deliveries of one partition: one at a time a key, acknowledged as a prefix."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

MOST_UNFINISHED: Final = 500
MOST_BYTES: Final = 16 * 1024 * 1024
MOST_AHEAD: Final = 10_000
"""Offsets from the one that may be committed to the next one: as many are sent again at most."""


class Bounds(NamedTuple):
    """How much of a partition may be in work before it is read on."""

    unfinished: int = MOST_UNFINISHED
    size: int = MOST_BYTES
    ahead: int = MOST_AHEAD


class PartitionWindow:
    """The records of a partition that are in work, from the first that is not finished.

    Records of one key finish in their order, those of different keys in any. So a record that
    takes long holds up its own key, and the offset that may be committed, and nothing else.
    """

    def __init__(self, position: int, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._unfinished: dict[int, tuple[bytes, int]] = {}  # offset: key and size, ascending
        self._waiting: dict[bytes, deque[int]] = {}  # a key in work: what comes after it
        self._size = 0
        self._next = position

    @property
    def position(self) -> int:
        """The offset to commit: every record before it is finished."""
        return next(iter(self._unfinished), self._next)

    @property
    def busy(self) -> bool:
        """Whether a record is in work."""
        return bool(self._unfinished)

    @property
    def full(self) -> bool:
        """Whether no further record should be read for now."""
        return (
            len(self._unfinished) >= self._bounds.unfinished
            or self._size >= self._bounds.size
            or self._next - self.position >= self._bounds.ahead
        )

    def add(self, offset: int, key: bytes, size: int) -> bool:
        """Take a record, offsets ascending; tell whether it may start at once."""
        self._unfinished[offset] = (key, size)
        self._size += size
        self._next = offset + 1
        if key in self._waiting:
            self._waiting[key].append(offset)
            return False
        self._waiting[key] = deque()
        return True

    def skip(self, offset: int) -> None:
        """Pass over a record that needs no delivery."""
        self._next = offset + 1

    def finish(self, offset: int) -> int | None:
        """Drop a started record; return the offset of its key that may start now, if any."""
        key, size = self._unfinished.pop(offset)
        self._size -= size
        waiting = self._waiting[key]
        if waiting:
            return waiting.popleft()
        del self._waiting[key]
        return None
