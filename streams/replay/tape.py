"""Every message of a run in compact memory: all must be there before the first is published."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from schemas.codec import READING, Codec
from streams.input.reading_row import ReadingRow
from streams.replay.plan import UNKNOWN


class Message(NamedTuple):
    """One message to publish. Times are milliseconds UTC; ``arrived_at`` may be UNKNOWN."""

    key: bytes
    value: bytes
    arrived_at: int
    ends_at: int  # end of the reading's interval


def messages_of(rows: Iterable[ReadingRow], codec: Codec) -> Iterator[Message]:
    """The rows of an input as messages of the readings topic."""
    for _, reading, arrived_at in rows:
        yield Message(
            reading.source_id.encode(),
            codec.encode(READING, msgspec.structs.asdict(reading)),
            UNKNOWN if arrived_at is None else arrived_at,
            reading.ends_at,
        )


class Tape:
    """Messages in the order of the input: about 24 bytes each on top of their own."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._starts = array("Q", [0])
        self._key_numbers: dict[bytes, int] = {}
        self._key_of = array("L")
        self.arrived = array("q")
        self.ends = array("q")

    def __len__(self) -> int:
        return len(self.ends)

    def append(self, message: Message) -> None:
        """Add one message."""
        key, value, arrived_at, ends_at = message
        self._bytes += value
        self._starts.append(len(self._bytes))
        self._key_of.append(self._key_numbers.setdefault(key, len(self._key_numbers)))
        self.arrived.append(arrived_at)
        self.ends.append(ends_at)

    @property
    def keys(self) -> list[bytes]:
        """The distinct keys; ``key_number`` points into it."""
        return list(self._key_numbers)

    def key_number(self, index: int) -> int:
        """Which of ``keys`` the message has."""
        return self._key_of[index]

    def value(self, index: int) -> bytes:
        """The bytes of the message."""
        return bytes(memoryview(self._bytes)[self._starts[index] : self._starts[index + 1]])
