"""Compress and decompress the content codings of ClickHouse's HTTP interface."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Protocol

import lz4.frame  # type: ignore[import-untyped]

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:  # before Python 3.14
    from backports import zstd  # type: ignore[no-redef, unused-ignore]


_MOST_FRAMES = 10_000  # a client sends a frame a block


class UnknownCodingError(Exception):
    """The content coding is not supported."""


class TooLargeError(Exception):
    """The decompressed body exceeds its limit."""


class Compressor(Protocol):
    """Compress a stream block by block."""

    def compress(self, data: bytes, /) -> bytes:
        """Compress the next block."""

    def flush(self) -> bytes:
        """Return the end of the stream."""


class _Lz4:
    """Write an LZ4 frame; its header goes out with the first block."""

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
    """Return the first supported coding of an Accept-Encoding header."""
    for item in accepted.split(","):
        name = item.split(";")[0].strip().lower()
        if name in _COMPRESSORS:
            return name
    return None


def compressor(coding: str) -> Compressor:
    """Create the compressor of a coding that ``choose`` returned."""
    made: Compressor = _COMPRESSORS[coding]()
    return made


def decompress(data: bytes, coding: str, most: int) -> bytes:
    """Decompress a body by its Content-Encoding, up to ``most`` bytes.

    Raises ``TooLargeError`` before more is decompressed, and ``UnknownCodingError`` for an
    unsupported coding or data that do not match it.
    """
    if coding in ("", "identity"):
        return data
    make = _DECOMPRESSORS.get(coding)
    if make is None:
        raise UnknownCodingError(f"Unknown compression method: {coding}")
    parts: list[bytes] = []
    room = most
    frames = 0
    while data:  # a client may send a frame a block, one after the other
        frames += 1
        if frames > _MOST_FRAMES:
            raise TooLargeError(f"the {coding} body has more than {_MOST_FRAMES} frames")
        try:
            frame = make()
            part = frame.decompress(data, room + 1)
            data = frame.unused_data
            whole = frame.eof or len(part) > room
            # The last bytes may have filled the room exactly, with the end mark still to be read.
            while not whole and (rest := _more(frame, room + 1 - len(part))) is not None:
                part += rest
                data = frame.unused_data
                whole = frame.eof or len(part) > room
            if not whole:
                raise ValueError("it ends in the middle")
        except Exception as error:  # each library has an error type of its own
            raise UnknownCodingError(f"Cannot decompress the {coding} body: {error}") from None
        if len(part) > room:
            raise TooLargeError(f"the {coding} body is larger than {most} bytes unpacked")
        parts.append(part)
        room -= len(part)
    return b"".join(parts)


def _more(frame: Any, most: int) -> bytes | None:
    """Return what a decompressor still holds of its input; None if that is nothing."""
    held = getattr(frame, "unconsumed_tail", None)
    if held is not None:  # zlib hands back what it did not take
        return bytes(frame.decompress(held, most)) if held else None
    return None if frame.needs_input else bytes(frame.decompress(b"", most)) or None
