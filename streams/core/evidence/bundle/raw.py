"""Messages of a partition in a file: each whole, as it stood in the log, in the order of offsets.

A record is its offset and arrival (ms UTC), eight bytes each; then key and value, each after its
length; then how many headers, and of each name and value after their lengths. Numbers are signed,
big-endian; a length has four bytes, and -1 stands for what is not there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from struct import Struct
from typing import Final

from streams.core.records.record import RawRecord

_HEAD: Final = Struct(">qq")
_LENGTH: Final = Struct(">i")


class RawFileError(ValueError):
    """A file that holds no messages in this form; one sentence says what is wrong."""


def write_records(records: Iterable[RawRecord]) -> bytes:
    """Write messages, in the order given, into one file."""
    parts: list[bytes] = []
    for record in records:
        parts += [_HEAD.pack(record.offset, record.timestamp), *_field(record.key)]
        parts += [*_field(record.value), _LENGTH.pack(len(record.headers))]
        for name, value in record.headers:
            parts += [*_field(name.encode()), *_field(value)]
    return b"".join(parts)


def _field(content: bytes | None) -> tuple[bytes, bytes]:
    if content is None:
        return _LENGTH.pack(-1), b""
    return _LENGTH.pack(len(content)), content


def read_records(data: bytes) -> list[RawRecord]:
    """Read the messages of a file; raises RawFileError, also where offsets do not grow."""
    found: list[RawRecord] = []
    at, before = 0, -1
    while at < len(data):
        try:
            offset, timestamp = _HEAD.unpack_from(data, at)
            key, at = _read(data, at + _HEAD.size)
            value, at = _read(data, at)
            (count,) = _LENGTH.unpack_from(data, at)
            at += _LENGTH.size
            headers: list[tuple[str, bytes | None]] = []
            for _ in range(count):
                name, at = _read(data, at)
                content, at = _read(data, at)
                headers.append(((name or b"").decode(), content))
        except (struct.error, UnicodeDecodeError):
            raise RawFileError(f"message {len(found) + 1} is cut off or not readable") from None
        if offset <= before or count < 0:
            raise RawFileError(f"message {len(found) + 1} is not in the order of offsets")
        before = offset
        found.append(RawRecord(offset, timestamp, key, value, tuple(headers)))
    return found


def _read(data: bytes, at: int) -> tuple[bytes | None, int]:
    (length,) = _LENGTH.unpack_from(data, at)
    at += _LENGTH.size
    if length == -1:
        return None, at
    if length < 0 or at + length > len(data):
        raise struct.error("out of the file")
    return data[at : at + length], at + length
