"""Avro bytes by hand, for messages that no encoder would write."""

from __future__ import annotations


def long(number: int) -> bytes:
    """An Avro long, of any size."""
    zigzag = number << 1 if number >= 0 else (-number << 1) - 1
    out = b""
    while zigzag > 0x7F:
        out += bytes([zigzag & 0x7F | 0x80])
        zigzag >>= 7
    return out + bytes([zigzag])
