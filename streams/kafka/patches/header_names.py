"""Reads records whose header names are not UTF-8, which aiokafka's consumers cannot.

Kafka checks nothing in a header's name, and aiokafka raises while it reads the record batch: one
such record would stop its partition for every consumer. Here the name is escaped (``\\xff``), and
the rest of the record is as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Any, Final, NamedTuple

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

_LENGTH: Final = Struct(">i")
_LENGTH_AT: Final = 8
_OVERHEAD: Final = 12
"""A record batch begins with its base offset (8 bytes) and the length of what follows (4)."""


def read_any_header_name() -> None:
    """Patch this process's consumers to read such records; calling it again changes nothing."""
    fetcher.MemoryRecords = _Records


class _Record(NamedTuple):
    """The attributes of a record that the fetcher reads."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: None = None


class _Records:
    """Iterate the record batches of one fetch as aiokafka does, each with its bytes."""

    def __init__(self, data: bytes) -> None:
        self._records = MemoryRecords(data)
        self._data = data
        self._at = 0

    def size_in_bytes(self) -> int:
        """Return the size of all batches, bytes."""
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        """Return whether another batch follows."""
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        """Return the next batch."""
        start = self._at
        (length,) = _LENGTH.unpack_from(self._data, start + _LENGTH_AT)
        self._at = start + _OVERHEAD + length
        batch = self._records.next_batch()
        return _Batch(batch, self._data[start : self._at])


class _Batch:
    """Iterate a record batch with aiokafka's parser, and with ours where that fails."""

    def __init__(self, batch: Any, data: bytes) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:  # asked of control batches, which have no headers
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._batch
        except (UnicodeDecodeError, CorruptRecordException) as error:
            if not isinstance(error.__cause__ or error, UnicodeDecodeError):
                raise
            # From its beginning: the fetcher skips the offsets that it has taken.
            yield from _records_of(self._data)


def _records_of(data: bytes) -> Iterator[_Record]:
    """Yield the records of a batch of format 2, header names escaped."""
    batch: Any = _DefaultRecordBatchPy(data)
    logged = batch.max_timestamp if batch.timestamp_type else None
    first, base, kind = batch.first_timestamp, batch.base_offset, batch.timestamp_type
    count = batch._num_records
    batch._maybe_uncompress()
    buffer, at = batch._buffer, batch._pos

    def part(at: int) -> tuple[bytes | None, int]:
        size, at = decode_varint(buffer, at)
        return (None, at) if size < 0 else (bytes(buffer[at : at + size]), at + size)

    for _ in range(count):
        _, at = decode_varint(buffer, at)  # length of the record
        at += 1  # its attributes, of which there are none
        since, at = decode_varint(buffer, at)
        offset, at = decode_varint(buffer, at)
        key, at = part(at)
        value, at = part(at)
        headers = []
        number, at = decode_varint(buffer, at)
        for _header in range(number):
            name, at = part(at)
            content, at = part(at)
            headers.append(((name or b"").decode(errors="backslashreplace"), content))
        timestamp = first + since if logged is None else logged
        yield _Record(base + offset, timestamp, kind, key, value, headers)
