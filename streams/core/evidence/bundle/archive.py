"""A ZIP file of which the content leaves no byte open: stored, sorted, without times of its own.

The same files give the same bytes whenever and wherever they are packed, and any ZIP program opens
them. Reading is strict: every byte must be the one that packing would have written, so that nothing
can be hidden between the files, before them, or behind.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

_LOCAL: Final = Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = Struct("<4sHHHHIIH")
_LOCAL_SIGN, _CENTRAL_SIGN, _END_SIGN = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION: Final = 10  # of the format: what is stored needs no more
_MADE_BY: Final = 3 << 8 | _VERSION  # on Unix, where the attributes are those of a file
_ATTRIBUTES: Final = 0o100644 << 16
_DATE: Final = 1 << 5 | 1  # 1980-01-01, the first day that the format has
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
MOST_FILES: Final = 0xFFFE
MOST_BYTES: Final = 0xFFFF_FFFE

DIRECTORY: Final = "the directory at the end of the file"
"""Where a difference is that lies in no file of the archive."""


class NoArchiveError(ValueError):
    """The bytes are no ZIP file at all."""


class ArchiveError(ValueError):
    """The file is not as it was packed: ``where`` (a file in it, or the directory) and what."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class _Entry(NamedTuple):
    name: bytes
    crc: int
    size: int
    offset: int

    def local(self) -> bytes:
        return (
            _LOCAL.pack(
                _LOCAL_SIGN, _VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size,
                len(self.name), 0,
            )
            + self.name
        )  # fmt: skip

    def central(self) -> bytes:
        return (
            _CENTRAL.pack(
                _CENTRAL_SIGN, _MADE_BY, _VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size,
                len(self.name), 0, 0, 0, 0, _ATTRIBUTES, self.offset,
            )
            + self.name
        )  # fmt: skip


def is_name(name: str) -> bool:
    """Tell whether a file in an archive may be called so: plain letters, no way out of it."""
    return len(name) <= 255 and _NAME.fullmatch(name) is not None


def pack(files: Mapping[str, bytes]) -> bytes:
    """Pack files by name; raises ValueError for a name or a size that cannot be."""
    parts: list[bytes] = []
    directory: list[bytes] = []
    at = 0
    for name in sorted(files):
        if not is_name(name):
            raise ValueError(f"no file in an archive is called {name!r}")
        content = files[name]
        entry = _Entry(name.encode("ascii"), crc32(content), len(content), at)
        parts += [entry.local(), content]
        at += len(parts[-2]) + len(content)
        if at > MOST_BYTES or len(files) > MOST_FILES:
            raise ValueError("an archive has less than 4 GiB and 65,535 files")
        directory.append(entry.central())
    central = b"".join(directory)
    return b"".join([*parts, central, _end(len(files), len(central), at)])


def _end(count: int, size: int, offset: int) -> bytes:
    return _END.pack(_END_SIGN, 0, 0, count, count, size, offset, 0)


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive by name, in its order.

    Raises NoArchiveError for bytes that are no ZIP file, and ArchiveError for one that `pack` would
    not have made of the files in it.
    """
    if not data.startswith(_LOCAL_SIGN) and _END_SIGN not in data[-_END.size - 64 :]:
        raise NoArchiveError("the file is no ZIP archive")
    entries, start = _directory(data)
    files: dict[str, bytes] = {}
    at, before = 0, b""
    for entry in entries:
        name = _named(entry)
        if entry.name <= before:
            raise ArchiveError(name, "the file is not in its place, or is there twice")
        before = entry.name
        if entry.offset != at:
            raise ArchiveError(name, f"begins at byte {entry.offset}, and must at byte {at}")
        head = entry.local()
        if data[at : at + len(head)] != head:
            raise ArchiveError(name, "its header is not as it was packed")
        at += len(head)
        content = data[at : at + entry.size]
        at += entry.size
        if at > start:
            raise ArchiveError(name, "it is longer than its room")
        if crc32(content) != entry.crc:
            raise ArchiveError(name, "its bytes are not those that were packed (CRC-32)")
        files[name] = content
    if at != start:
        raise ArchiveError(DIRECTORY, f"{start - at} bytes lie between the files and it")
    return files


def _directory(data: bytes) -> tuple[list[_Entry], int]:
    """Return what the directory lists, and where it begins."""
    try:
        sign, *_, count, size, start, comment = _END.unpack(data[-_END.size :])
    except struct.error:
        raise ArchiveError(DIRECTORY, "the file is cut off") from None
    if (
        sign != _END_SIGN
        or comment
        or data[-_END.size :] != _end(count, size, start)
        or start + size + _END.size != len(data)
    ):
        raise ArchiveError(DIRECTORY, "the file does not end as it was packed")
    entries: list[_Entry] = []
    at, end = start, start + size
    while at < end:
        try:
            fields = _CENTRAL.unpack_from(data, at)
        except struct.error:
            raise ArchiveError(DIRECTORY, "it is cut off") from None
        name = data[at + _CENTRAL.size : at + _CENTRAL.size + fields[10]]
        entry = _Entry(name, fields[7], fields[8], fields[16])
        line = entry.central()
        if not is_name(name.decode("latin-1")) or data[at : at + len(line)] != line or at >= end:
            raise ArchiveError(
                DIRECTORY, f"what it says of file {len(entries) + 1} is not as packed"
            )
        entries.append(entry)
        at += len(line)
    if len(entries) != count or at != end:
        raise ArchiveError(DIRECTORY, f"it lists {len(entries)} files and says {count}")
    return entries, start


def _named(entry: _Entry) -> str:
    return entry.name.decode("ascii")
