"""Pieces of Avro's binary encoding; those that repeat are looked up instead of made again.

Ids, units, times and small numbers repeat over and over: finding their bytes in a dictionary
takes a small part of the time that encoding takes. What is full is emptied: no memory grows with
the values that went by.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

KEPT: Final = 65_536
"""So many texts, and so many numbers, are kept."""

LONGEST: Final = 64
"""A text longer than this does not repeat, and is not kept."""

pack_double = Struct("<d").pack
pack_present_double = Struct("<Bd").pack
"""A nullable double that is there: the number 2 of its branch, and the double."""


def varint(number: int) -> bytes:
    """An int or a long; raises ValueError where it does not fit into 64 bits."""
    zigzag = number << 1 if number >= 0 else (-number << 1) - 1
    if zigzag >> 64:
        raise ValueError(f"{number} does not fit into 64 bits")
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


def sized(value: bytes) -> bytes:
    """Bytes behind their length."""
    return varint(len(value)) + value


class Texts(dict[str, bytes]):
    """``texts[text]`` is the text encoded; raises AttributeError or TypeError for anything else."""

    def __missing__(self, text: str) -> bytes:
        piece = sized(text.encode())
        if len(text) <= LONGEST:
            if len(self) >= KEPT:
                self.clear()
            self[text] = piece
        return piece


class Integers(dict[int, bytes]):
    """``integers[number]`` is the number encoded.

    A value that equals a whole number is written as this number, whatever its type, so that it
    makes no difference whether the number was met before. Raises TypeError or ValueError for
    anything else.
    """

    def __missing__(self, number: int) -> bytes:
        whole = _whole(number)
        piece = varint(whole)
        if len(self) >= KEPT:
            self.clear()
        self[whole] = piece
        return piece


def _whole(number: Any) -> int:
    try:
        whole = int(number)
    except OverflowError:  # infinity
        raise ValueError(f"{number} is no whole number") from None
    if whole != number:
        raise ValueError(f"{number!r} is no whole number")
    return whole
