"""What is remembered of accepted readings: slots of ten minutes, kept by the hour.

All of it is commutative: sums, counts, extremes and sets, so the order of arrival leaves no trace
in a result (the evidence chain aside, which follows the offsets of the log).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b, sha256

import msgspec
import numpy as np

from streams.core.columns import Block, Floats
from streams.core.exact import compact
from streams.core.log import RawRecord
from streams.core.names import NAME_CHARACTERS, count_name, shortened
from streams.core.quality import STATUS_OTHER, made_up_status
from streams.core.reading import Reading
from streams.core.source import Layout
from streams.core.sums import MEASURED, SUM, Rest, nothing

_encoder = msgspec.msgpack.Encoder()

DIGEST = 8
"""Bytes of a digest."""

_MANY_RESTS = 16


class Piece:
    """The series of one layout and one period (s) in one slot.

    ``sums`` float64[ROWS, series] (`streams.core.sums`); ``codes`` counts readings by quality
    code, by position of the series; ``rests`` are doubles that did not fit into the sums, by
    position and whether they belong to the sum of the values as measured.
    """

    __slots__ = ("codes", "layout", "period_s", "rests", "sums")

    def __init__(self, period_s: int, layout: Layout, sums: Floats | None = None) -> None:
        self.period_s = period_s
        self.layout = layout
        self.sums: Floats = nothing(len(layout.keys)) if sums is None else sums
        self.codes: dict[int, dict[str, int]] = {}
        self.rests: dict[tuple[int, bool], list[float]] = {}

    def mark(self, series: int, code: str) -> None:
        """Count a reading under a quality code; made-up flags only up to a number of them."""
        codes = self.codes.setdefault(series, {})
        count_name(codes, code, rest=STATUS_OTHER, may_go=made_up_status)

    def keep(self, rest: Rest) -> None:
        """Keep a double that did not fit into a sum."""
        place = rest.series, rest.measured
        rests = self.rests.setdefault(place, [])
        rests.append(rest.value)
        if len(rests) > _MANY_RESTS:
            self.rests[place] = compact(rests)

    def parts(self, series: int, *, measured: bool = False) -> list[float]:
        """Doubles whose exact sum is that of the values (or of the values as measured)."""
        sums: list[float] = self.sums[MEASURED if measured else SUM, series].tolist()
        rests = self.rests.get((series, measured))
        return sums if rests is None else [*sums, *rests]


class Slot:
    """Ten minutes of one source.

    ``late`` counts, by kind of window, the readings that arrived when that window was already
    closed; ``chain`` is the evidence hash over the raw messages in offset order; ``devices``
    counts readings by device serial.
    """

    __slots__ = ("chain", "devices", "first_offset", "last_offset", "late", "pieces", "readings")

    def __init__(self) -> None:
        self.readings = 0
        self.pieces: list[Piece] = []
        self.late = [0, 0, 0, 0]
        self.devices: dict[str, int] = {}
        self.first_offset = -1
        self.last_offset = -1
        self.chain = b""

    def note(self, records: Sequence[RawRecord], device_serials: Sequence[str | None]) -> None:
        """Count accepted readings and chain their messages into the evidence, one at least."""
        self.readings += len(records)
        if self.first_offset < 0:
            self.first_offset = records[0].offset
        self.last_offset = records[-1].offset
        chain = self.chain
        for record in records:
            chain = sha256(chain + (record.value or b"")).digest()
        self.chain = chain
        for device_serial in device_serials:
            if device_serial is not None:
                known = self.devices.get(device_serial)
                if known is not None:
                    self.devices[device_serial] = known + 1
                else:
                    count_name(self.devices, shortened(device_serial, NAME_CHARACTERS))

    def piece(self, period_s: int, layout: Layout) -> Piece:
        """The piece of a period and layout, made if need be."""
        for piece in self.pieces:
            if piece.layout is layout and piece.period_s == period_s:
                return piece
        piece = Piece(period_s, layout)
        self.pieces.append(piece)
        return piece


class Published(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The last revision of something published, and a digest of what it said."""

    revision: int
    status: str
    digest: bytes


class Hour:
    """One local hour of one source: its slots by start, and what was published for it.

    ``seen`` holds, by period (s), the digests of the accepted readings one after another in the
    order of their intervals, zeros where there is none; ``peaks`` the windows (by start) whose
    VALID mean reached the limit of a run rule, by rule and parameter; ``published`` the state of
    the violations of its windows by id.
    """

    __slots__ = ("peaks", "published", "seen", "slots")

    def __init__(self) -> None:
        self.slots: dict[int, Slot] = {}
        self.seen: dict[int, bytearray] = {}
        self.peaks: dict[str, list[int]] = {}
        self.published: dict[str, Published] = {}

    def digest_at(self, period_s: int, number: int) -> bytes | None:
        """The digest of the accepted reading of an interval, counted from the hour's first."""
        seen = self.seen.get(period_s)
        if seen is None:
            return None
        found = bytes(seen[number * DIGEST : (number + 1) * DIGEST])
        return found if any(found) else None

    def knows(self, period_s: int, first: int, last: int) -> bool:
        """Whether a reading of any interval from ``first`` to ``last`` was accepted."""
        seen = self.seen.get(period_s)
        return seen is not None and any(seen[first * DIGEST : (last + 1) * DIGEST])

    def remember(self, period_s: int, number: int, digests: bytes) -> None:
        """Keep the digests of the accepted readings of intervals from ``number`` on."""
        seen = self.seen.get(period_s)
        if seen is None:
            seen = self.seen[period_s] = bytearray()
        at = number * DIGEST
        if len(seen) < at:
            seen.extend(bytes(at - len(seen)))
        seen[at : at + len(digests)] = digests


def digests(block: Block) -> list[bytes]:
    """Content of readings, arrival apart: equal for duplicates, NaN equal to NaN, n of `DIGEST`.

    Not what the source is called: duplicates are of one source.
    """
    pattern = block.pattern
    order = sorted(range(len(pattern.names)), key=pattern.names.__getitem__)
    same = (
        pattern.period_s,
        pattern.state,
        [pattern.names[at] for at in order],
        sorted(item for item in pattern.flags.items() if item[1] != "N"),
    )
    said = _encoder.encode(same)
    heads: dict[str | None, blake2b] = {}
    for serial in block.device_serials:
        if serial not in heads:
            heads[serial] = blake2b(_encoder.encode(serial) + said, digest_size=DIGEST)
    with np.errstate(invalid="ignore"):  # a signalling NaN is content like any other
        values = block.values[:, order] + 0.0
    values[np.isnan(values)] = np.nan
    content = np.column_stack((block.measured_at.astype("<i8").view("<f8"), values))
    width = content.shape[1] * 8
    rows = memoryview(np.ascontiguousarray(content, dtype="<f8").tobytes())
    found = []
    for at, serial in zip(range(0, len(rows), width), block.device_serials, strict=True):
        hashed = heads[serial].copy()
        hashed.update(rows[at : at + width])
        found.append(hashed.digest())
    return found


def digest(reading: Reading) -> bytes:
    """`digests` of one reading."""
    return digests(Block.of(reading))[0]
