"""A compact buffer of all messages of a run: all are read before the first is published.

Their bytes lie in memory, or in an unnamed file where there may be many; the rest is 56 bytes each.
"""

from __future__ import annotations

import mmap
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from emissions.input.origin import origin_headers
from emissions.input.reading_row import ReadingRow
from emissions.replay.publication_plan import UNKNOWN
from schemas.codec import READING, Codec

NO_FILE = -1
"""File index of a message that was not read from a file."""

SPOOLED_BYTES = 4 * 1024 * 1024
"""Bytes that are gathered before they are written to the file."""


class Message(NamedTuple):
    """One message to publish. Times are milliseconds UTC; ``arrived_at`` may be UNKNOWN.

    ``file`` is an index into ``MessageBuffer.files``, ``row`` the row in it.
    """

    key: bytes
    value: bytes
    arrived_at: int
    ends_at: int  # end of the reading's interval
    measured_at: int = UNKNOWN  # its start
    file: int = NO_FILE
    row: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()  # of one that was read from no file


def messages_of(rows: Iterable[ReadingRow], codec: Codec, file: int = NO_FILE) -> Iterator[Message]:
    """Encode the rows of an input file as messages of the readings topic."""
    for row, reading, arrived_at in rows:
        yield Message(
            reading.source_id.encode(),
            codec.encode(READING, msgspec.structs.asdict(reading)),
            UNKNOWN if arrived_at is None else arrived_at,
            reading.ends_at,
            reading.measured_at,
            file,
            row,
        )


class _Spool:
    """The bytes of all messages in one unnamed file, which is read through the page cache."""

    def __init__(self) -> None:
        # It ends with the buffer, or with the process: it has no name.
        self._file = tempfile.TemporaryFile(prefix="emissions-")  # noqa: SIM115
        self._gathered = bytearray()
        self._map: mmap.mmap | None = None

    def extend(self, value: bytes) -> None:
        """Append bytes; raises OSError where the disk is full."""
        self._gathered += value
        if len(self._gathered) >= SPOOLED_BYTES:
            self._write()

    def _write(self) -> None:
        self._file.write(self._gathered)
        self._gathered.clear()
        self._map = None

    def between(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to before ``end``."""
        if self._gathered:
            self._write()
        if start == end:
            return b""
        if self._map is None:
            self._file.flush()
            self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._map[start:end]


class MessageBuffer:
    """Messages in the order of the input: about 56 bytes each on top of their own.

    ``files`` names the inputs; messages refer to them by index. ``spooled``: the bytes of the
    messages lie in an unnamed file of the temporary directory.
    """

    def __init__(self, files: Sequence[str] = (), *, spooled: bool = False) -> None:
        self.files = list(files)
        self._bytes = bytearray()
        self._spool = _Spool() if spooled else None
        self._starts = array("Q", [0])
        self._key_numbers: dict[bytes, int] = {}
        self._key_of = array("L")
        self._headers: dict[int, tuple[tuple[str, bytes], ...]] = {}  # few messages have any
        self.arrived = array("q")
        self.ends = array("q")
        self.starts = array("q")
        self.file_numbers = array("l")
        self.rows = array("Q")

    def __len__(self) -> int:
        return len(self.ends)

    def append(self, message: Message) -> None:
        """Append one message."""
        key, value, arrived_at, ends_at, measured_at, file, row, headers = message
        if headers:
            self._headers[len(self)] = headers
        if self._spool is None:
            self._bytes += value
        else:
            self._spool.extend(value)
        self._starts.append(self._starts[-1] + len(value))
        self._key_of.append(self._key_numbers.setdefault(key, len(self._key_numbers)))
        self.arrived.append(arrived_at)
        self.ends.append(ends_at)
        self.starts.append(measured_at)
        self.file_numbers.append(file)
        self.rows.append(row)

    @property
    def keys(self) -> list[bytes]:
        """The distinct keys; ``key_number`` is an index into them."""
        return list(self._key_numbers)

    @property
    def key_numbers(self) -> array[int]:
        """The index of each message's key."""
        return self._key_of

    def place(self, index: int) -> str:
        """Return file and row of a message."""
        return f"{self.files[self.file_numbers[index]]}, row {self.rows[index]}"

    def headers(self, index: int) -> list[tuple[str, bytes]]:
        """Return the headers of a message: its own, or those that name its file and row."""
        number = self.file_numbers[index]
        if number == NO_FILE:
            return list(self._headers.get(index, ()))
        return origin_headers(self.files[number], self.rows[index])

    def key_number(self, index: int) -> int:
        """Return the index of a message's key."""
        return self._key_of[index]

    def value(self, index: int) -> bytes:
        """Return the bytes of a message."""
        start, end = self._starts[index], self._starts[index + 1]
        if self._spool is not None:
            return self._spool.between(start, end)
        return bytes(memoryview(self._bytes)[start:end])
