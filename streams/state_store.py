"""The state of a partition by key: keys in memory, values on the local disk.

A scratch copy of the changelog, which stays the truth: a store begins empty with each process
and is gone with it. Measured against RocksDB and SQLite on this state, files of our own took the
least processor time to fill, to read and to change, because a value is written once: what
recovery cannot tell yet to be valid is held (`StateStore.hold`) and later adopted where it lies.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Final

from streams.segments import SEGMENT_BYTES, Segments

_SLACK: Final = 2  # the disk may hold so many times the bytes of the state, and one segment


class StateStore(MutableMapping[str, bytes]):
    """A mapping whose values are on disk; made without a directory, in the system's temporary one.

    Raises `streams.segments.StoreError` when the disk refuses; nothing is to be trusted then.
    """

    def __init__(self, directory: Path | None = None, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._segments = Segments(directory, segment_bytes)
        self._places: dict[str, int] = {}

    def __getitem__(self, key: str) -> bytes:
        return self._segments.read(key.encode(), self._places[key])

    def __setitem__(self, key: str, value: bytes) -> None:
        self.adopt(key, self.hold(key, value))

    def __delitem__(self, key: str) -> None:
        self.release(key, self._places.pop(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def hold(self, key: str, value: bytes) -> int:
        """Keep a value that is not the key's yet; returns its place."""
        return self._segments.add(key.encode(), value)

    def held(self, key: str, place: int) -> bytes:
        """A value that is held."""
        return self._segments.read(key.encode(), place)

    def adopt(self, key: str, place: int) -> None:
        """A held value is the key's from now on."""
        before = self._places.get(key)
        if before is not None:
            self.release(key, before)
        self._places[key] = place

    def release(self, key: str, place: int) -> None:
        """A held value is not needed any more."""
        self._segments.free(key.encode(), place)

    def tidy(self) -> None:
        """Give room back where more is dead than alive; only while nothing is held.

        A segment is looked through only when at least half of it is dead, so that what is
        written again is never more than what was written.
        """
        segments = self._segments
        while segments.dead * _SLACK > segments.size:
            number = segments.emptiest()
            if number is None:
                return
            for key, place in segments.entries(number):
                name = key.decode()
                if self._places.get(name) == place:
                    self._places[name] = segments.add(key, segments.read(key, place))
            segments.drop(number)

    @property
    def disk_bytes(self) -> int:
        """What the files take."""
        return self._segments.size
