"""Encode Avro primitives, and cache the bytes of values that repeat.

Ids, units, times and small numbers repeat: a dictionary look-up takes a fraction of the time of
encoding. A full cache is cleared, so no memory grows with the number of values.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

MAX_ENTRIES: Final = 65_536
"""Number of texts, and of integers, that are cached."""

MAX_CHARACTERS: Final = 63
"""Longer texts, such as the hashes of evidence (64), do not repeat and are not cached."""

pack_double = Struct("<d").pack
pack_present_double = Struct("<Bd").pack
"""A nullable double that is there: the number 2 of its branch, and the double."""


def varint(number: int) -> bytes:
    """Encode an int or a long. Raises ValueError if it does not fit into 64 bits."""
    zigzag = number << 1 if number >= 0 else (-number << 1) - 1
    if zigzag >> 64:
        raise ValueError(f"{number} does not fit into 64 bits")
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


def length_prefixed(value: bytes) -> bytes:
    """Encode bytes, prefixed with their length."""
    return varint(len(value)) + value


class EncodedStrings(dict[str, bytes]):
    """Map texts to their encoding. Raises AttributeError or TypeError for anything else."""

    def __missing__(self, text: str) -> bytes:
        encoded = length_prefixed(text.encode())
        if len(text) <= MAX_CHARACTERS:
            if len(self) >= MAX_ENTRIES:
                self.clear()
            self[text] = encoded
        return encoded


class EncodedLongs(dict[int, bytes]):
    """Map integers to their encoding.

    A value that equals an integer is encoded as this integer, whatever its type, so the result does
    not depend on the cache. Raises TypeError or ValueError for anything else.
    """

    def __missing__(self, number: int) -> bytes:
        whole = _whole(number)
        encoded = varint(whole)
        if len(self) >= MAX_ENTRIES:
            self.clear()
        self[whole] = encoded
        return encoded


def _whole(number: Any) -> int:
    try:
        whole = int(number)
    except OverflowError:  # infinity
        raise ValueError(f"{number} is no whole number") from None
    if whole != number:
        raise ValueError(f"{number!r} is no whole number")
    return whole
