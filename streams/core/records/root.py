"""The root over the accepted messages of a source's local day: one revision of it."""

from __future__ import annotations

import msgspec


class SourceDayRoot(msgspec.Struct, frozen=True, gc=False):
    """The RFC 6962 root (SHA-256) over whole message values in offset order; times ms UTC.

    Revisions count in the log, from 1: the close of the day, each message that is accepted after
    it, and the moment at which the day is final. So the same revision always says the same.
    """

    source_id: str
    bin: str
    day: str  # local date, ISO 8601
    start: int
    end: int
    topic: str
    partition: int
    first_offset: int
    last_offset: int
    count: int
    root: str  # hex
    revision: int
    final: bool
    complete: bool  # false: messages of the day had been accepted before roots were kept
    stream_time: int
