"""An hour of a source as bytes of the state, and back.

Layouts are named once an hour; of the sums only what may differ from another row is written:
values as measured of normalised series, third doubles that are not 0.
"""

from __future__ import annotations

import msgspec
import numpy as np

from streams.core.columns import Floats
from streams.core.slot import Hour, Piece, Published, Slot
from streams.core.source import Layout, layout_of
from streams.core.sums import COUNT, HIGH, LOW, MEASURED, ROWS, SUM, VALID

_ALWAYS = [0, 1, LOW, HIGH]
_THIRDS = [SUM.stop - 1, MEASURED.stop - 1]
_MEASURED = slice(MEASURED.start, MEASURED.stop - 1)


class _Piece(msgspec.Struct, array_like=True, gc=False):
    period_s: int
    layout: int
    sums: bytes
    counts: bytes
    thirds: bytes
    codes: dict[int, dict[str, int]]
    rests: list[tuple[int, bool, list[float]]]


class _Slot(msgspec.Struct, array_like=True, gc=False):
    readings: int
    pieces: list[_Piece]
    late: list[int]
    devices: dict[str, int]
    first_offset: int
    last_offset: int
    chain: bytes


class _Hour(msgspec.Struct, array_like=True, gc=False):
    layouts: list[tuple[tuple[str, ...], tuple[int, ...]]]
    slots: dict[int, _Slot]
    seen: dict[int, bytearray]
    peaks: dict[str, list[int]]
    published: dict[str, Published]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Hour)


def freeze(hour: Hour) -> bytes:
    """The bytes of an hour."""
    layouts: dict[Layout, int] = {}
    slots = {start: _slot(slot, layouts) for start, slot in hour.slots.items()}
    named = [(layout.keys, tuple(layout.normalised)) for layout in layouts]
    return _encoder.encode(_Hour(named, slots, hour.seen, hour.peaks, hour.published))


def thaw(saved: bytes) -> Hour:
    """The hour of the bytes; raises ``msgspec.DecodeError`` for what was not made by `freeze`."""
    found, hour = _decoder.decode(saved), Hour()
    hour.seen, hour.peaks, hour.published = found.seen, found.peaks, found.published
    layouts = [layout_of(keys, normalised) for keys, normalised in found.layouts]
    for start, kept in found.slots.items():
        slot = hour.slots[start] = Slot()
        slot.readings, slot.late, slot.devices = kept.readings, kept.late, kept.devices
        slot.first_offset, slot.last_offset = kept.first_offset, kept.last_offset
        slot.chain = kept.chain
        slot.pieces = [_thawed(piece, layouts[piece.layout]) for piece in kept.pieces]
    return hour


def _slot(slot: Slot, layouts: dict[Layout, int]) -> _Slot:
    pieces = [
        _Piece(
            piece.period_s,
            layouts.setdefault(piece.layout, len(layouts)),
            *_packed(piece.sums, piece.layout),
            piece.codes,
            [(*place, values) for place, values in piece.rests.items()],
        )
        for piece in slot.pieces
    ]
    return _Slot(
        slot.readings,
        pieces,
        slot.late,
        slot.devices,
        slot.first_offset,
        slot.last_offset,
        slot.chain,
    )


def _packed(sums: Floats, layout: Layout) -> tuple[bytes, bytes, bytes]:
    """Sums, counts and third doubles of a piece; the last empty where they are all 0."""
    written = sums[_ALWAYS].tobytes()
    if layout.normalised:
        written += sums[_MEASURED, layout.normalised].tobytes()
    thirds = sums[_THIRDS]
    return (
        written,
        sums[COUNT : VALID + 1].astype(np.uint16).tobytes(),
        thirds.tobytes() if thirds.any() else b"",
    )


def _thawed(saved: _Piece, layout: Layout) -> Piece:
    width = len(layout.keys)
    numbers = np.frombuffer(saved.sums)
    sums = np.zeros((ROWS, width))
    cut = len(_ALWAYS) * width
    sums[_ALWAYS] = numbers[:cut].reshape(-1, width)
    if saved.thirds:
        sums[_THIRDS] = np.frombuffer(saved.thirds).reshape(-1, width)
    third = sums[MEASURED.stop - 1].copy()
    sums[MEASURED] = sums[SUM]
    sums[MEASURED.stop - 1] = third
    if layout.normalised:
        sums[_MEASURED, layout.normalised] = numbers[cut:].reshape(-1, len(layout.normalised))
    counts = np.frombuffer(saved.counts, dtype=np.uint16)
    sums[COUNT : VALID + 1] = counts.reshape(-1, width)
    piece = Piece(saved.period_s, layout, sums)
    piece.codes = saved.codes
    piece.rests = {(series, measured): values for series, measured, values in saved.rests}
    return piece
