"""Every reading of a run, encoded, in compact memory: it must be sorted before it is published."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import msgspec

from schemas.codec import Codec
from streams.core.reading import Reading
from streams.replay.plan import UNKNOWN


class Tape:
    """Messages in the order of the input: about 24 bytes each on top of the encoded ones."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._bytes = bytearray()
        self._starts = array("Q", [0])
        self._keys: dict[str, int] = {}
        self._key_of = array("L")
        self.arrived = array("q")  # milliseconds UTC, or UNKNOWN
        self.ends = array("q")  # end of the interval, milliseconds UTC

    def __len__(self) -> int:
        return len(self.ends)

    def append(self, reading: Reading, arrived_at: int | None) -> None:
        """Add one reading; ``arrived_at`` in milliseconds UTC if the input says it."""
        self._bytes += self._codec.encode("EmissionReading", msgspec.structs.asdict(reading))
        self._starts.append(len(self._bytes))
        self._key_of.append(self._keys.setdefault(reading.source_id, len(self._keys)))
        self.arrived.append(UNKNOWN if arrived_at is None else arrived_at)
        self.ends.append(reading.ends_at)

    def extend(self, readings: Iterable[tuple[Reading, int | None]]) -> None:
        """Add many; see :meth:`append`."""
        for reading, arrived_at in readings:
            self.append(reading, arrived_at)

    @property
    def keys(self) -> list[bytes]:
        """The distinct Kafka keys (source ids); ``key_number`` points into it."""
        return [name.encode() for name in self._keys]

    def key_number(self, index: int) -> int:
        """Which of ``keys`` the message has."""
        return self._key_of[index]

    def value(self, index: int) -> bytes:
        """The framed Avro bytes of the message."""
        return bytes(memoryview(self._bytes)[self._starts[index] : self._starts[index + 1]])
