"""Encodes an hour of a source for the state, and decodes it.

Layouts are written once an hour; of the sums only what may differ from another row is written:
values as measured of normalised series, third doubles that are not 0.
"""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np

from schemas.columns import Floats
from streams.core.records.revision import PublishedRevision
from streams.core.sources.series import SeriesLayout, layout_of
from streams.core.windows.mass import Mass
from streams.core.windows.slot import Hour, SeriesSums, Slot
from streams.core.windows.slot_sums import (
    CARRIED_ROW,
    HIGH_ROW,
    LOW_ROW,
    MEASURED_ROWS,
    ROWS,
    VALID_ROW,
    VALUE_ROWS,
)

_ALWAYS = [0, 1, LOW_ROW, HIGH_ROW]
_THIRDS = [VALUE_ROWS.stop - 1, MEASURED_ROWS.stop - 1]
_MEASURED = slice(MEASURED_ROWS.start, MEASURED_ROWS.stop - 1)


class _SavedLayout(msgspec.Struct, array_like=True, gc=False):
    """The sums of one layout, in the order of slots and of the sums within a slot."""

    keys: tuple[str, ...]
    normalised: tuple[int, ...]
    sums: bytes
    measured: bytes
    counts: bytes
    thirds: bytes


class _SavedSums(msgspec.Struct, array_like=True, gc=False, omit_defaults=True):
    period_s: int
    layout: int
    codes: dict[int, dict[str, int]] = msgspec.field(default_factory=dict)
    rests: list[tuple[int, bool, list[float]]] = msgspec.field(default_factory=list)


class _SavedSlot(msgspec.Struct, array_like=True, gc=False):
    readings: int
    pieces: list[_SavedSums]
    late: list[int]
    devices: dict[str, int]
    first_offset: int
    last_offset: int
    chain: bytes


class _SavedHour(msgspec.Struct, array_like=True, gc=False):
    layouts: list[_SavedLayout]
    slots: dict[int, _SavedSlot]
    seen: dict[int, bytearray]
    peaks: dict[str, list[int]]
    published: dict[str, PublishedRevision]
    counted: dict[str, Mass] = {}


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_SavedHour)


def encode_hour(hour: Hour) -> bytes:
    """Encode an hour for the state."""
    numbers: dict[SeriesLayout, int] = {}
    sums: list[list[Floats]] = []
    slots = {}
    for start, slot in hour.slots.items():
        pieces = []
        for piece in slot.series_sums:
            number = numbers.setdefault(piece.layout, len(numbers))
            if number == len(sums):
                sums.append([])
            sums[number].append(piece.sums)
            rests = [(*place, values) for place, values in piece.overflow.items()]
            pieces.append(_SavedSums(piece.period_s, number, piece.codes, rests))
        slots[start] = _SavedSlot(
            slot.readings,
            pieces,
            slot.late,
            slot.devices,
            slot.first_offset,
            slot.last_offset,
            slot.chain,
        )
    layouts = [_packed(layout, np.array(sums[number])) for layout, number in numbers.items()]
    return _encoder.encode(
        _SavedHour(layouts, slots, hour.digests, hour.run_windows, hour.published, hour.counted)
    )


def decode_hour(saved: bytes) -> Hour:
    """Decode an hour; raises ``msgspec.DecodeError`` for bytes that `encode_hour` did not make."""
    found, hour = _decoder.decode(saved), Hour()
    hour.digests, hour.run_windows, hour.published = found.seen, found.peaks, found.published
    hour.counted = found.counted
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
            piece = SeriesSums(saved_piece.period_s, layouts[number], next(sums[number]))
            piece.codes = saved_piece.codes
            if saved_piece.rests:
                piece.overflow = {(at, which): rest for at, which, rest in saved_piece.rests}
            slot.series_sums.append(piece)
    return hour


def _packed(layout: SeriesLayout, sums: Floats) -> _SavedLayout:
    """Pack the sums of one layout, float64[n, ROWS, series]."""
    thirds = sums[:, _THIRDS]
    normalised = layout.normalised
    return _SavedLayout(
        layout.keys,
        tuple(normalised),
        sums[:, _ALWAYS].tobytes(),
        sums[:, _MEASURED][:, :, normalised].tobytes() if normalised else b"",
        sums[:, CARRIED_ROW : VALID_ROW + 1].astype(np.uint16).tobytes(),
        thirds.tobytes() if thirds.any() else b"",
    )


def _unpacked(saved: _SavedLayout, pieces: int) -> Floats:
    """Unpack the sums of one layout; without channels there are no bytes, whatever n is."""
    width = len(saved.keys)
    kept = np.frombuffer(saved.sums).reshape(pieces, len(_ALWAYS), width)
    sums = np.zeros((pieces, ROWS, width))
    sums[:, _ALWAYS] = kept
    sums[:, _MEASURED] = kept[:, : VALUE_ROWS.stop - 1]
    if saved.normalised:
        own = np.frombuffer(saved.measured).reshape(pieces, 2, -1)
        sums[:, _MEASURED, list(saved.normalised)] = own
    if saved.thirds:
        sums[:, _THIRDS] = np.frombuffer(saved.thirds).reshape(pieces, 2, width)
    counts = np.frombuffer(saved.counts, dtype=np.uint16).reshape(pieces, 2, width)
    sums[:, CARRIED_ROW : VALID_ROW + 1] = counts
    return sums
