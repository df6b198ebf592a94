"""Keeps the trees over the accepted messages of a source's local days: no message, no leaf."""

from __future__ import annotations

import msgspec


class DayTree(msgspec.Struct, array_like=True):
    """The tree of one local day ``[start, end)`` (ms), whose date has the ordinal ``day``.

    ``subtrees`` are the roots of its whole subtrees, the greatest first (`CompactRange`).
    ``revision`` is that of the last change that may be published, 0 while the day is open;
    ``stream_time`` (ms) and ``bin`` are of that change.
    """

    day: int
    start: int
    end: int
    closed: bool
    final: bool
    complete: bool
    size: int = 0
    subtrees: list[bytes] = msgspec.field(default_factory=list)
    first_offset: int = -1
    last_offset: int = -1
    revision: int = 0
    stream_time: int = 0
    bin: str = ""


class DayTrees(msgspec.Struct, array_like=True):
    """The trees of one source, by the order of their days.

    ``since`` is the offset from which on every accepted message is in a tree, ``upto`` that of the
    last one (-1: none): a version of the program that knows no trees may go on in between.
    """

    since: int = 0
    upto: int = -1
    days: list[DayTree] = msgspec.field(default_factory=list)
