"""Keeps accepted readings as aggregates: slots of ten minutes, grouped by hour.

Sums, counts, extremes and sets are commutative, so the order of arrival leaves no trace in a
result; only the evidence chain follows the offsets of the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from schemas.columns import Floats
from streams.core.law.quality_codes import STATUS_OTHER, made_up_status
from streams.core.numeric.exact_sum import compact
from streams.core.records.bounded_names import NAME_CHARACTERS, count_name, shortened
from streams.core.records.record import RawRecord
from streams.core.records.revision import PublishedRevision
from streams.core.sources.series import SeriesLayout
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.core.windows.mass import Mass
from streams.core.windows.slot_sums import MEASURED_ROWS, VALUE_ROWS, Overflow, empty_sums

_encoder = msgspec.msgpack.Encoder()

DIGEST_BYTES = 8
"""Bytes of a digest."""

_MAX_OVERFLOW = 16


class SeriesSums:
    """Sums the series of one layout and one period (s) in one slot.

    ``sums`` float64[ROWS, series] (`windows.slot_sums`); ``codes`` counts readings by quality code,
    by position of the series; ``overflow`` holds doubles that did not fit into the sums, by
    position and whether they belong to the sum of the values as measured.
    """

    __slots__ = ("codes", "layout", "overflow", "period_s", "sums")

    def __init__(self, period_s: int, layout: SeriesLayout, sums: Floats | None = None) -> None:
        self.period_s = period_s
        self.layout = layout
        self.sums: Floats = empty_sums(len(layout.keys)) if sums is None else sums
        self.codes: dict[int, dict[str, int]] = {}
        self.overflow: dict[tuple[int, bool], list[float]] = {}

    def count_code(self, series: int, code: str) -> None:
        """Count a reading under a quality code; of made-up flags only a bounded number."""
        codes = self.codes.setdefault(series, {})
        count_name(codes, code, rest=STATUS_OTHER, may_go=made_up_status)

    def keep_overflow(self, rest: Overflow) -> None:
        """Keep a double that did not fit into the sums."""
        place = rest.series, rest.measured
        rests = self.overflow.setdefault(place, [])
        rests.append(rest.value)
        if len(rests) > _MAX_OVERFLOW:
            self.overflow[place] = compact(rests)

    def partials(self, series: int, *, measured: bool = False) -> list[float]:
        """Return doubles whose exact sum is that of the values, or of those as measured."""
        sums: list[float] = self.sums[MEASURED_ROWS if measured else VALUE_ROWS, series].tolist()
        rests = self.overflow.get((series, measured))
        return sums if rests is None else [*sums, *rests]


class Slot:
    """Aggregates ten minutes of one source, the pane of all its windows.

    ``late`` counts, by kind of window, the readings that arrived when that window had closed;
    ``chain`` is the evidence hash over the raw messages in offset order; ``devices`` counts
    readings by device serial.
    """

    __slots__ = (
        "chain",
        "devices",
        "first_offset",
        "last_offset",
        "late",
        "readings",
        "series_sums",
    )

    def __init__(self) -> None:
        self.readings = 0
        self.series_sums: list[SeriesSums] = []
        self.late = [0] * len(WINDOW_KINDS)
        self.devices: dict[str, int] = {}
        self.first_offset = -1
        self.last_offset = -1
        self.chain = b""

    def record_messages(
        self, records: Sequence[RawRecord], device_serials: Sequence[str | None]
    ) -> None:
        """Count accepted readings, one at least, and chain their messages into the evidence."""
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

    def sums_for(self, period_s: int, layout: SeriesLayout) -> SeriesSums:
        """Return the sums of a period (s) and layout, made if need be."""
        for piece in self.series_sums:
            if piece.layout is layout and piece.period_s == period_s:
                return piece
        piece = SeriesSums(period_s, layout)
        self.series_sums.append(piece)
        return piece


class Hour:
    """Groups one local hour of one source: its slots by start (ms), and what was published.

    ``digests`` holds, by period (s), the content digests of the accepted readings in the order of
    their intervals, zeros where there is none; ``run_windows`` the starts of windows whose VALID
    mean reached the limit of a run rule, by rule and parameter; ``published`` the last revision of
    the violations of its windows, by id; ``counted`` what was counted of it for the mass of a year,
    by parameter.
    """

    __slots__ = ("counted", "digests", "published", "run_windows", "slots")

    def __init__(self) -> None:
        self.slots: dict[int, Slot] = {}
        self.digests: dict[int, bytearray] = {}
        self.run_windows: dict[str, list[int]] = {}
        self.published: dict[str, PublishedRevision] = {}
        self.counted: dict[str, Mass] = {}

    def digest_at(self, period_s: int, number: int) -> bytes | None:
        """Return the digest of the accepted reading of an interval, numbered within the hour."""
        seen = self.digests.get(period_s)
        if seen is None:
            return None
        found = bytes(seen[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES])
        return found if any(found) else None

    def has_readings(self, period_s: int, first: int, last: int) -> bool:
        """Tell whether a reading of any interval from ``first`` to ``last`` was accepted."""
        seen = self.digests.get(period_s)
        return seen is not None and any(seen[first * DIGEST_BYTES : (last + 1) * DIGEST_BYTES])

    def add_digests(self, period_s: int, number: int, digests: bytes) -> None:
        """Store the digests of the accepted readings of intervals from ``number`` on."""
        seen = self.digests.get(period_s)
        if seen is None:
            seen = self.digests[period_s] = bytearray()
        at = number * DIGEST_BYTES
        if len(seen) < at:
            seen.extend(bytes(at - len(seen)))
        seen[at : at + len(digests)] = digests
