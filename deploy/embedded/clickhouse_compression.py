"""Content codings of the ClickHouse HTTP interface: what clients compress with, both ways."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Protocol

import lz4.frame  # type: ignore[import-untyped]

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:  # before Python 3.14
    from backports import zstd  # type: ignore[no-redef, unused-ignore]


class UnknownCodingError(Exception):
    """A content coding that is not served."""


class Compressor(Protocol):
    """Compresses a stream block by block."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _Lz4:
    """An LZ4 frame; its head goes out with the first block."""

    def __init__(self) -> None:
        self._frame: Any = lz4.frame.LZ4FrameCompressor()
        self._head: bytes = self._frame.begin()

    def compress(self, data: bytes) -> bytes:
        head, self._head = self._head, b""
        return bytes(head + self._frame.compress(data))

    def flush(self) -> bytes:
        head, self._head = self._head, b""
        return bytes(head + self._frame.flush())


_COMPRESSORS: dict[str, Callable[[], Any]] = {
    "lz4": _Lz4,
    "zstd": lambda: zstd.ZstdCompressor(level=1),
    "gzip": lambda: zlib.compressobj(1, wbits=31),
    "deflate": lambda: zlib.compressobj(1),
}
_DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": zstd.ZstdDecompressor,
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "deflate": zlib.decompressobj,
}


def choose(accepted: str) -> str | None:
    """The first coding of an Accept-Encoding header that is served."""
    for item in accepted.split(","):
        name = item.split(";")[0].strip().lower()
        if name in _COMPRESSORS:
            return name
    return None


def compressor(coding: str) -> Compressor:
    """A compressor of a coding that ``choose`` returned."""
    made: Compressor = _COMPRESSORS[coding]()
    return made


def decompress(data: bytes, coding: str) -> bytes:
    """The body as it was before its Content-Encoding.

    Raises ``UnknownCodingError`` for a coding that is not served or data that do not fit it.
    """
    if coding in ("", "identity"):
        return data
    make = _DECOMPRESSORS.get(coding)
    if make is None:
        raise UnknownCodingError(f"Unknown compression method: {coding}")
    parts = []
    try:
        while data:  # a client may send a frame a block, one after the other
            frame = make()
            parts.append(frame.decompress(data))
            if not frame.eof:
                raise ValueError("it ends in the middle")
            data = frame.unused_data
    except Exception as error:  # each library has an error type of its own
        raise UnknownCodingError(f"Cannot decompress the {coding} body: {error}") from None
    return b"".join(parts)
