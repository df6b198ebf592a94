"""An hour of a source as bytes of the state, and back.

Layouts are named once an hour; of the sums only what may differ from another row is written:
values as measured of normalised series, third doubles that are not 0.
"""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np

from streams.core.columns import Floats
from streams.core.slot import Hour, Piece, Published, Slot
from streams.core.source import Layout, layout_of
from streams.core.sums import COUNT, HIGH, LOW, MEASURED, ROWS, SUM, VALID

_ALWAYS = [0, 1, LOW, HIGH]
_THIRDS = [SUM.stop - 1, MEASURED.stop - 1]
_MEASURED = slice(MEASURED.start, MEASURED.stop - 1)


class _Layout(msgspec.Struct, array_like=True, gc=False):
    """The pieces of one layout, one after another in the order of slots and pieces."""

    keys: tuple[str, ...]
    normalised: tuple[int, ...]
    sums: bytes
    measured: bytes
    counts: bytes
    thirds: bytes


class _Piece(msgspec.Struct, array_like=True, gc=False, omit_defaults=True):
    period_s: int
    layout: int
    codes: dict[int, dict[str, int]] = msgspec.field(default_factory=dict)
    rests: list[tuple[int, bool, list[float]]] = msgspec.field(default_factory=list)


class _Slot(msgspec.Struct, array_like=True, gc=False):
    readings: int
    pieces: list[_Piece]
    late: list[int]
    devices: dict[str, int]
    first_offset: int
    last_offset: int
    chain: bytes


class _Hour(msgspec.Struct, array_like=True, gc=False):
    layouts: list[_Layout]
    slots: dict[int, _Slot]
    seen: dict[int, bytearray]
    peaks: dict[str, list[int]]
    published: dict[str, Published]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Hour)


def freeze(hour: Hour) -> bytes:
    """The bytes of an hour."""
    numbers: dict[Layout, int] = {}
    sums: list[list[Floats]] = []
    slots = {}
    for start, slot in hour.slots.items():
        pieces = []
        for piece in slot.pieces:
            number = numbers.setdefault(piece.layout, len(numbers))
            if number == len(sums):
                sums.append([])
            sums[number].append(piece.sums)
            rests = [(*place, values) for place, values in piece.rests.items()]
            pieces.append(_Piece(piece.period_s, number, piece.codes, rests))
        slots[start] = _Slot(
            slot.readings,
            pieces,
            slot.late,
            slot.devices,
            slot.first_offset,
            slot.last_offset,
            slot.chain,
        )
    layouts = [_packed(layout, np.array(sums[number])) for layout, number in numbers.items()]
    return _encoder.encode(_Hour(layouts, slots, hour.seen, hour.peaks, hour.published))


def thaw(saved: bytes) -> Hour:
    """The hour of the bytes; raises ``msgspec.DecodeError`` for what was not made by `freeze`."""
    found, hour = _decoder.decode(saved), Hour()
    hour.seen, hour.peaks, hour.published = found.seen, found.peaks, found.published
    layouts = [layout_of(kept.keys, kept.normalised) for kept in found.layouts]
    pieces = Counter(piece.layout for slot in found.slots.values() for piece in slot.pieces)
    sums = [iter(_unpacked(kept, pieces[number])) for number, kept in enumerate(found.layouts)]
    for start, kept in found.slots.items():
        slot = hour.slots[start] = Slot()
        slot.readings, slot.late, slot.devices = kept.readings, kept.late, kept.devices
        slot.first_offset, slot.last_offset = kept.first_offset, kept.last_offset
        slot.chain = kept.chain
        for saved_piece in kept.pieces:
            number = saved_piece.layout
            piece = Piece(saved_piece.period_s, layouts[number], next(sums[number]))
            piece.codes = saved_piece.codes
            if saved_piece.rests:
                piece.rests = {(at, which): rest for at, which, rest in saved_piece.rests}
            slot.pieces.append(piece)
    return hour


def _packed(layout: Layout, sums: Floats) -> _Layout:
    """``sums`` float64[pieces, ROWS, series]."""
    thirds = sums[:, _THIRDS]
    normalised = layout.normalised
    return _Layout(
        layout.keys,
        tuple(normalised),
        sums[:, _ALWAYS].tobytes(),
        sums[:, _MEASURED][:, :, normalised].tobytes() if normalised else b"",
        sums[:, COUNT : VALID + 1].astype(np.uint16).tobytes(),
        thirds.tobytes() if thirds.any() else b"",
    )


def _unpacked(saved: _Layout, pieces: int) -> Floats:
    """Of a source without channels there are no bytes, however many ``pieces`` there are."""
    width = len(saved.keys)
    kept = np.frombuffer(saved.sums).reshape(pieces, len(_ALWAYS), width)
    sums = np.zeros((pieces, ROWS, width))
    sums[:, _ALWAYS] = kept
    sums[:, _MEASURED] = kept[:, : SUM.stop - 1]
    if saved.normalised:
        own = np.frombuffer(saved.measured).reshape(pieces, 2, -1)
        sums[:, _MEASURED, list(saved.normalised)] = own
    if saved.thirds:
        sums[:, _THIRDS] = np.frombuffer(saved.thirds).reshape(pieces, 2, width)
    counts = np.frombuffer(saved.counts, dtype=np.uint16).reshape(pieces, 2, width)
    sums[:, COUNT : VALID + 1] = counts
    return sums
