"""Every message of a run in compact memory: all must be there before the first is published."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from schemas.codec import READING, Codec
from streams.input.reading_row import ReadingRow
from streams.replay.origin import origin_headers
from streams.replay.plan import UNKNOWN

NOWHERE = -1
"""Number of the file of a message that was read from none."""


class Message(NamedTuple):
    """One message to publish. Times are milliseconds UTC; ``arrived_at`` may be UNKNOWN.

    ``file`` is a number of ``Tape.files``, ``row`` the row in it.
    """

    key: bytes
    value: bytes
    arrived_at: int
    ends_at: int  # end of the reading's interval
    measured_at: int = UNKNOWN  # its start
    file: int = NOWHERE
    row: int = 0


def messages_of(rows: Iterable[ReadingRow], codec: Codec, file: int = NOWHERE) -> Iterator[Message]:
    """The rows of an input file as messages of the readings topic."""
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


class Tape:
    """Messages in the order of the input: about 50 bytes each on top of their own.

    ``files`` names the inputs by the number that the messages have.
    """

    def __init__(self, files: Sequence[str] = ()) -> None:
        self.files = list(files)
        self._bytes = bytearray()
        self._starts = array("Q", [0])
        self._key_numbers: dict[bytes, int] = {}
        self._key_of = array("L")
        self.arrived = array("q")
        self.ends = array("q")
        self.starts = array("q")
        self.file_numbers = array("l")
        self.rows = array("Q")

    def __len__(self) -> int:
        return len(self.ends)

    def append(self, message: Message) -> None:
        """Add one message."""
        key, value, arrived_at, ends_at, measured_at, file, row = message
        self._bytes += value
        self._starts.append(len(self._bytes))
        self._key_of.append(self._key_numbers.setdefault(key, len(self._key_numbers)))
        self.arrived.append(arrived_at)
        self.ends.append(ends_at)
        self.starts.append(measured_at)
        self.file_numbers.append(file)
        self.rows.append(row)

    @property
    def keys(self) -> list[bytes]:
        """The distinct keys; ``key_number`` points into it."""
        return list(self._key_numbers)

    @property
    def key_numbers(self) -> array[int]:
        """Of each message, which of ``keys`` it has."""
        return self._key_of

    def place(self, index: int) -> str:
        """Where a message was read: file and row."""
        return f"{self.files[self.file_numbers[index]]}, row {self.rows[index]}"

    def headers(self, index: int) -> list[tuple[str, bytes]]:
        """The headers that say where the message was read."""
        number = self.file_numbers[index]
        if number == NOWHERE:
            return []
        return origin_headers(self.files[number], self.rows[index])

    def key_number(self, index: int) -> int:
        """Which of ``keys`` the message has."""
        return self._key_of[index]

    def value(self, index: int) -> bytes:
        """The bytes of the message."""
        return bytes(memoryview(self._bytes)[self._starts[index] : self._starts[index + 1]])
