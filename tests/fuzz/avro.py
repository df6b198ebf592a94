"""Frames written by hand, so that they can say what no encoder would write."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas.ids import FileIds
from tests.schemas.avro import long

READING_ID = FileIds().id_of("EmissionReading")
TICK_ID = FileIds().id_of("StreamTick")
OWN_IDS = tuple(
    FileIds().id_of(name)
    for name in (
        "EnterpriseRegistration",
        "WindowMean",
        "DataGap",
        "Violation",
        "Finding",
        "OperatorNotice",
        "NoticeVerdict",
        "AdministrativeCase",
        "SourceDayRoot",
        "Advice",
        "Measure",
        "DeadLetter",
    )
)
"""Ids of records of ours that are no readings."""


def framed(number: int, body: bytes) -> bytes:
    """A body behind the magic byte and a schema id (taken modulo 2^32)."""
    return b"\x00" + struct.pack(">I", number & 0xFFFFFFFF) + body


def text(content: bytes) -> bytes:
    """Bytes behind their length, whatever they are."""
    return long(len(content)) + content


class Fields(NamedTuple):
    """A reading as bytes see it: texts need not be UTF-8, numbers may be of any size.

    ``values`` are pairs of a name and the eight bytes of a double. ``blocks`` is how many entries
    a block of the maps has (0: all of them); ``sized`` writes blocks with a negative count and
    their size in bytes.
    """

    source_id: bytes
    measured_at: int
    period_s: int
    state: int = 0
    serial: bytes | None = None
    values: Sequence[tuple[bytes, bytes]] = ()
    flags: Sequence[tuple[bytes, bytes]] = ()
    blocks: int = 0
    sized: bool = False


def frame(fields: Fields) -> bytes:
    """The framed message of a reading."""
    serial = b"\x00" if fields.serial is None else b"\x02" + text(fields.serial)
    values = [text(name) + value for name, value in fields.values]
    flags = [text(name) + text(value) for name, value in fields.flags]
    return framed(
        READING_ID,
        b"".join(
            (
                text(fields.source_id),
                long(fields.measured_at),
                long(fields.period_s),
                long(fields.state),
                serial,
                _map(values, fields.blocks, sized=fields.sized),
                _map(flags, fields.blocks, sized=fields.sized),
            )
        ),
    )


def double(value: float) -> bytes:
    """The eight bytes of a double."""
    return struct.pack("<d", value)


def _map(entries: Sequence[bytes], blocks: int, *, sized: bool) -> bytes:
    size = blocks or max(len(entries), 1)
    return b"".join(_blocks(entries, size, sized=sized)) + b"\x00"


def _blocks(entries: Sequence[bytes], size: int, *, sized: bool) -> Iterable[bytes]:
    for start in range(0, len(entries), size):
        block = entries[start : start + size]
        body = b"".join(block)
        yield long(-len(block)) + long(len(body)) + body if sized else long(len(block)) + body
