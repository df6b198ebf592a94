"""Append-only files without a name; values are read by their place.

A file is unlinked as soon as it is created: the operating system frees it when the process
ends, however it ends, so nothing is left behind, and no other process can open it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Final
from zlib import crc32

from streams.errors import OperatorError

SEGMENT_BYTES: Final = 64 * 1024 * 1024
BUFFER_BYTES: Final = 1024 * 1024

_HEAD: Final = Struct("<HII")  # length of the key, length of the value, checksum of both
_IOVECS: Final = 1024  # most buffers of one writev
_LENGTH_BITS: Final = 21
_OFFSET_BITS: Final = 26
_SEGMENTS: Final = 1 << 13
# Together 60 bits: a Python int of at most that size takes 32 bytes.
_LONGEST: Final = (1 << _LENGTH_BITS) - 1
_LONGEST_KEY: Final = (1 << 16) - 1


class StoreError(OperatorError):
    """The local disk failed; the text is a sentence."""


class Segment:
    """One file, closed and so freed with the last reference to it."""

    __slots__ = ("dead", "fd", "size")

    def __init__(self, directory: Path | None) -> None:
        with tempfile.TemporaryFile(dir=directory, prefix="emissions-state-") as file:
            self.fd = os.dup(file.fileno())
        self.size = 0  # bytes allocated, written or still buffered
        self.dead = 0  # of which freed

    def __del__(self) -> None:
        if hasattr(self, "fd"):
            os.close(self.fd)


class Segments:
    """Store values by place: a number that encodes segment, offset and length.

    Values are buffered in memory up to `BUFFER_BYTES`. Every method raises `StoreError` when the
    disk fails.
    """

    def __init__(self, directory: Path | None, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._directory = directory
        self._segment_bytes = min(segment_bytes, 1 << _OFFSET_BITS)
        self._files: dict[int, Segment] = {}
        self._last = -1  # the segment being filled
        self._written = 0  # its bytes that the file has
        self._buffers: list[bytes] = []
        self._buffered: dict[int, bytes] = {}  # values not written yet, by place
        self.size = 0
        self.dead = 0

    def add(self, key: bytes, value: bytes) -> int:
        """Append a value; return its place."""
        length = len(value)
        if length > _LONGEST or len(key) > _LONGEST_KEY:
            raise StoreError(
                f"a value of {length:,} bytes under a key of {len(key):,} is more than the state "
                f"of a source can be ({_LONGEST:,} and {_LONGEST_KEY:,})"
            )
        taken = _HEAD.size + len(key) + length
        file = self._files.get(self._last)
        if file is None or (file.size and file.size + taken > self._segment_bytes):
            file = self._next()
        place = (((self._last << _OFFSET_BITS) | file.size) << _LENGTH_BITS) | length
        self._buffers += (_HEAD.pack(len(key), length, crc32(value, crc32(key))) + key, value)
        self._buffered[place] = value
        file.size += taken
        self.size += taken
        if file.size - self._written >= BUFFER_BYTES:
            self.flush()
        return place

    def read(self, key: bytes, place: int) -> bytes:
        """Read the value at a place and check that it was written under this key."""
        value = self._buffered.get(place)
        if value is not None:
            return value
        number, offset, length = _parts(place)
        before = _HEAD.size + len(key)
        try:
            found = os.pread(self._files[number].fd, before + length, offset)
        except OSError as error:
            raise StoreError(self._trouble("cannot be read", error)) from None
        value = found[before:]
        head = _HEAD.pack(len(key), length, crc32(value, crc32(key))) + key
        if len(value) != length or found[:before] != head:
            raise StoreError(
                self._trouble("is damaged", "what was read is not what was written")
                + "; a new start reads the state from the changelog again"
            )
        return value

    def free(self, key: bytes, place: int) -> None:
        """Count the value at a place as dead."""
        number, _, length = _parts(place)
        taken = _HEAD.size + len(key) + length
        self._files[number].dead += taken
        self.dead += taken

    def flush(self) -> None:
        """Write what is buffered."""
        buffers, file = self._buffers, self._files.get(self._last)
        if not buffers or file is None:
            return
        try:
            for start in range(0, len(buffers), _IOVECS):
                group = buffers[start : start + _IOVECS]
                wanted = sum(map(len, group))
                if os.writev(file.fd, group) != wanted:
                    raise OSError("no room for all of it")
        except OSError as error:
            raise StoreError(
                self._trouble("cannot be written", error)
                + "; make room or set EMISSIONS_STATE_DIRECTORY to a larger disk"
            ) from None
        self._written = file.size
        self._buffers = []
        self._buffered = {}

    def emptiest(self) -> int | None:
        """Return the full segment with the largest dead share, if that is at least half."""
        full = [(file.dead / file.size, n) for n, file in self._files.items() if n != self._last]
        share, number = max(full, default=(0.0, -1))
        return number if share >= 0.5 else None

    def entries(self, number: int) -> Iterator[tuple[bytes, int]]:
        """Yield keys and places of everything that was written to a full segment."""
        file = self._files[number]
        offset = base = 0
        content = b""  # the file from ``base``; a memory map would count as memory
        while offset < file.size:
            if offset - base + _HEAD.size + _LONGEST_KEY > len(content):
                try:
                    base, content = offset, os.pread(file.fd, BUFFER_BYTES, offset)
                except OSError as error:
                    raise StoreError(self._trouble("cannot be read", error)) from None
            key_length, length, _ = _HEAD.unpack_from(content, offset - base)
            start = offset - base + _HEAD.size
            place = (((number << _OFFSET_BITS) | offset) << _LENGTH_BITS) | length
            yield content[start : start + key_length], place
            offset += _HEAD.size + key_length + length

    def drop(self, number: int) -> None:
        """Free a segment that has nothing alive in it."""
        file = self._files.pop(number)
        self.size -= file.size
        self.dead -= file.dead

    def _next(self) -> Segment:
        self.flush()
        number = (self._last + 1) % _SEGMENTS
        while number in self._files:
            number = (number + 1) % _SEGMENTS
        try:
            file = Segment(self._directory)
        except OSError as error:
            raise StoreError(
                self._trouble("cannot be written", error)
                + "; set EMISSIONS_STATE_DIRECTORY to a directory on a local disk"
            ) from None
        self._files[number] = file
        self._last, self._written = number, 0
        return file

    def _trouble(self, what: str, why: object) -> str:
        where = self._directory or tempfile.gettempdir()
        reason = why.strerror or why if isinstance(why, OSError) else why
        return f"the state in {where} {what}: {reason}"


def try_directory(directory: Path | None) -> None:
    """Write a byte where the state will be; raise `StoreError` where that fails."""
    segments = Segments(directory)
    segments.add(b"", b"1")
    segments.flush()


def _parts(place: int) -> tuple[int, int, int]:
    """Split a place into segment, offset and length."""
    length = place & _LONGEST
    at = place >> _LENGTH_BITS
    return at >> _OFFSET_BITS, at & ((1 << _OFFSET_BITS) - 1), length
