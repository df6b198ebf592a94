"""Read the blocks of an Avro object container file, within bounds.

A few megabytes can unpack to gigabytes, in one block or in many: no block may unpack to more than
`MOST_BLOCK`, and a file to no more than `MOST_TIMES` its size.
"""

from __future__ import annotations

import bz2
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, NamedTuple

import cramjam

MAGIC: Final = b"Obj\x01"
MOST_BLOCK: Final = 64 << 20
"""Bytes of a block, compressed or not; writers use tens of kilobytes to a megabyte."""
MOST_TIMES: Final = 100
"""A file may decompress to this many times its size (beyond one block)."""
_MOST_HEADER: Final = 4 << 20
_MOST_XZ: Final = 256 << 20  # bytes of memory that unpacking may take
_SYNC: Final = 16


class ContainerError(ValueError):
    """The file is no readable Avro container; the text says why."""


class ContainerBlock(NamedTuple):
    """The encoded records of one block."""

    records: int
    data: bytes


class Container:
    """Reads one file: its schema at once, its blocks one at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read the header; raise ContainerError where there is none."""
        self._file = file
        if file.read(len(MAGIC)) != MAGIC:
            raise ContainerError("it does not start like an Avro file")
        meta = dict(self._meta())
        self.schema = meta.get("avro.schema", b"").decode(errors="replace")
        """The writer's schema, as JSON."""
        codec = meta.get("avro.codec", b"null").decode(errors="replace")
        unpack = _UNPACK.get(codec)
        if unpack is None:
            raise ContainerError(
                f"its compression is {codec!r}; supported are {', '.join(_UNPACK)}"
            )
        self._unpack = unpack
        self._sync = self._exactly(_SYNC)

    def blocks(self) -> Iterator[ContainerBlock]:
        """Yield the blocks in order; raise ContainerError for one that is damaged or too large."""
        unpacked = 0
        while (begin := self._file.read(1)) != b"":
            count = self._long(begin)
            packed = self._sized(MOST_BLOCK, "a block")
            try:
                data = self._unpack(packed)
            except ContainerError:
                raise
            except Exception as error:  # whatever the library makes of the damage
                raise ContainerError(f"a block cannot be decompressed ({error})") from None
            if self._exactly(_SYNC) != self._sync:
                raise ContainerError("a block has a wrong end marker")
            unpacked += len(data)
            if unpacked > MOST_BLOCK + MOST_TIMES * self._file.tell():
                raise ContainerError(f"it decompresses to more than {MOST_TIMES} times its size")
            if not 0 <= count <= len(data):
                raise ContainerError(f"a block of {len(data)} bytes claims {count} records")
            yield ContainerBlock(count, data)

    def _meta(self) -> Iterator[tuple[str, bytes]]:
        left = _MOST_HEADER
        while count := self._long():
            if count < 0:
                count = -count
                self._long()  # bytes, for those who skip them
            for _ in range(count):
                key = self._sized(left, "the header")
                value = self._sized(left - len(key), "the header")
                left -= len(key) + len(value) + 1
                yield key.decode(errors="replace"), value

    def _sized(self, most: int, what: str) -> bytes:
        size = self._long()
        if not 0 <= size <= max(most, 0):
            raise ContainerError(f"{what} has {size} bytes, more than the {most} allowed")
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        found = self._file.read(size)
        if len(found) != size:
            raise ContainerError("it is truncated")
        return found

    def _long(self, begin: bytes = b"") -> int:
        zigzag = shift = 0
        while True:
            byte = (begin or self._exactly(1))[0]
            begin = b""
            zigzag |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (zigzag >> 1) ^ -(zigzag & 1)
            shift += 7
            if shift > 63:
                raise ContainerError("a number has more than 64 bits")


def _bounded(data: bytes) -> bytes:
    if len(data) > MOST_BLOCK:
        raise ContainerError(f"a block decompresses to more than {MOST_BLOCK >> 20} MiB")
    return data


def _deflate(packed: bytes) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    return _whole(_bounded(stream.decompress(packed, MOST_BLOCK + 1)), stream)


def _bzip2(packed: bytes) -> bytes:
    stream = bz2.BZ2Decompressor()
    return _whole(_bounded(stream.decompress(packed, MOST_BLOCK + 1)), stream)


def _xz(packed: bytes) -> bytes:
    stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_XZ)
    return _whole(_bounded(stream.decompress(packed, MOST_BLOCK + 1)), stream)


def _whole(data: bytes, stream: Any) -> bytes:
    if not stream.eof:
        raise ContainerError("a block is truncated")
    return data


def _snappy(packed: bytes) -> bytes:
    body, checksum = packed[:-4], packed[-4:]
    if cramjam.snappy.decompress_raw_len(body) > MOST_BLOCK:
        raise ContainerError(f"a block decompresses to more than {MOST_BLOCK >> 20} MiB")
    data = bytes(cramjam.snappy.decompress_raw(body))
    if zlib.crc32(data).to_bytes(4, "big") != checksum:
        raise ContainerError("a block has a wrong checksum")
    return data


def _zstandard(packed: bytes) -> bytes:
    size = min(MOST_BLOCK, 16 * len(packed) + 65_536)
    while True:
        room = bytearray(size)
        try:
            return bytes(memoryview(room)[: cramjam.zstd.decompress_into(packed, room)])
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):  # the only word for one that is too small
                raise
            if size == MOST_BLOCK:
                raise ContainerError(
                    f"a block decompresses to more than {MOST_BLOCK >> 20} MiB"
                ) from None
            size = min(MOST_BLOCK, 4 * size)


_UNPACK: Final[dict[str, Callable[[bytes], bytes]]] = {
    "null": lambda packed: packed,
    "deflate": _deflate,
    "snappy": _snappy,
    "zstandard": _zstandard,
    "bzip2": _bzip2,
    "xz": _xz,
}


def schema_name(schema: str) -> str:
    """Return the name of a schema, for a message."""
    try:
        found = json.loads(schema)
    except (ValueError, RecursionError):
        return "no schema"
    return str(found.get("name", "a type without a name")) if isinstance(found, dict) else "a type"
