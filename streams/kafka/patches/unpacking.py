"""Unpacks compressed record batches within bounds.

A broker limits the compressed size; a megabyte of zstd can hold gigabytes. Such a batch is not
unpacked: one record without a value stands for it, at its first offset, and ends as a dead letter
like anything else that cannot be decoded. Other records are not delayed by it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import cramjam
from aiokafka.record._crecords import default_records, legacy_records

MAX_BYTES: Final = 128 << 20
"""Most bytes that a batch may unpack to; brokers accept 1 MB compressed by default."""

_XERIAL: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER: Final = 16


class UnpacksTooMuchError(Exception):
    """A batch unpacks to more than `MAX_BYTES`."""


class PlaceholderRecord(NamedTuple):
    """The record that stands for a batch that is too large."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: None = None
    value: None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    checksum: None = None


class BoundedBatches:
    """Iterate the batches of a fetch, unpacking compressed ones within bounds."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.has_next = records.has_next

    def next_batch(self) -> Any:
        """Return the next batch."""
        batch = self._records.next_batch()
        return _CompressedBatch(batch) if getattr(batch, "compression_type", 0) else batch


class _CompressedBatch:
    """Iterate a compressed batch as aiokafka reads it."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        batch = self._batch
        try:
            yield from batch
        except UnpacksTooMuchError:
            offset: int = getattr(batch, "base_offset", batch.next_offset - 1)
            yield PlaceholderRecord(offset, batch.max_timestamp, batch.timestamp_type or 0)


def unpack_within_bounds() -> None:
    """Patch aiokafka's codecs in this process; calling it again changes nothing."""
    for module in (default_records, legacy_records):
        for codec, unpack in _UNPACK.items():
            if hasattr(module, f"{codec}_decode"):
                setattr(module, f"{codec}_decode", unpack)


def _gzip(packed: Any) -> bytes:
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    found = stream.decompress(bytes(packed), MAX_BYTES + 1)
    if len(found) > MAX_BYTES:
        raise UnpacksTooMuchError
    return found + stream.flush()


def _snappy(packed: Any) -> bytes:
    data = bytes(packed)
    if not data.startswith(_XERIAL):
        return _snappy_block(data, MAX_BYTES)
    found, at = bytearray(), _XERIAL_HEADER
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found += _snappy_block(data[at + 4 : at + 4 + size], MAX_BYTES - len(found))
        at += 4 + size
    return bytes(found)


def _snappy_block(data: bytes, most: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(data) > most:
        raise UnpacksTooMuchError
    return bytes(cramjam.snappy.decompress_raw(data))


def _growing(into: Callable[[Any, Any], int]) -> Callable[[Any], bytes]:
    def unpack(packed: Any) -> bytes:
        data = bytes(packed)
        size = min(MAX_BYTES, 16 * len(data) + 65_536)
        while True:
            room = bytearray(size)
            try:
                return bytes(memoryview(room)[: into(data, room)])
            except cramjam.DecompressionError as error:
                if "whole buffer" not in str(error):  # the only word for one that is too small
                    raise
                if size == MAX_BYTES:
                    raise UnpacksTooMuchError from None
                size = min(MAX_BYTES, 4 * size)

    return unpack


_UNPACK: Final[dict[str, Callable[[Any], bytes]]] = {
    "gzip": _gzip,
    "snappy": _snappy,
    "lz4": _growing(cramjam.lz4.decompress_into),
    "zstd": _growing(cramjam.zstd.decompress_into),
}
