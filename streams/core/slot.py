"""What is remembered of accepted readings: slots of ten minutes, kept by the hour.

An hour is the unit of the saved state: it is written when a reading fell into it and deleted
when no reading may reach it any more. All of it is commutative: sums, counts, extremes and
sets, so the order of arrival leaves no trace in a result (the evidence chain aside, which
follows the offsets of the log).
"""

from __future__ import annotations

from hashlib import blake2b, sha256

import msgspec

from streams.core.exact import compact
from streams.core.names import NAME_CHARACTERS, count_name, shortened
from streams.core.quality import STATUS_OTHER, UNVERIFIED, ZEROED, Assessment, made_up_status
from streams.core.reading import Reading

_encoder = msgspec.msgpack.Encoder()


class Tally(msgspec.Struct, array_like=True, gc=False):
    """One series of one period in one slot.

    ``count`` readings carry the parameter, ``valid`` of them count; ``parts`` holds the exact
    sum of their values and ``raw`` that of the values as measured (empty for a raw series).
    ``codes`` counts readings by quality code; ``fresh`` are valid values not yet added up.
    """

    count: int = 0
    valid: int = 0
    parts: list[float] = msgspec.field(default_factory=list)
    raw: list[float] = msgspec.field(default_factory=list)
    low: float = float("inf")
    high: float = float("-inf")
    codes: dict[str, int] = msgspec.field(default_factory=dict)
    fresh: list[float] = msgspec.field(default_factory=list)

    def mark(self, code: str) -> None:
        """Count a reading under a quality code; made-up flags only up to a number of them."""
        count_name(self.codes, code, rest=STATUS_OTHER, may_go=made_up_status)

    def add_up(self) -> Tally:
        """Take the fresh values into the sums; the tally itself."""
        fresh = self.fresh
        if fresh:
            self.count += len(fresh)
            self.valid += len(fresh)
            self.low = min(self.low, min(fresh) + 0.0)
            self.high = max(self.high, max(fresh) + 0.0)
            self.parts += fresh
            self.fresh = []
        return self


class Slot(msgspec.Struct, array_like=True, gc=False):
    """Ten minutes of one source.

    ``tallies`` by period (s) and series key; ``late`` counts, by kind of window, the readings
    that arrived when that window was already closed; ``chain`` is the evidence hash over the
    raw messages in offset order; ``devices`` counts readings by device serial.
    """

    readings: int = 0
    tallies: dict[int, dict[str, Tally]] = msgspec.field(default_factory=dict)
    late: list[int] = msgspec.field(default_factory=lambda: [0, 0, 0, 0])
    devices: dict[str, int] = msgspec.field(default_factory=dict)
    first_offset: int = -1
    last_offset: int = -1
    chain: bytes = b""


class Hour(msgspec.Struct, array_like=True, gc=False):
    """One local hour of one source: its slots by start, and what was published for it.

    ``seen`` maps a period (s) and an interval index to the digest of the accepted reading;
    ``peaks`` the windows (by start) whose VALID mean reached the limit of a run rule, by
    rule and parameter; ``published`` the state of the violations of its windows by id.
    """

    slots: dict[int, Slot] = msgspec.field(default_factory=dict)
    seen: dict[int, dict[int, bytes]] = msgspec.field(default_factory=dict)
    peaks: dict[str, list[int]] = msgspec.field(default_factory=dict)
    published: dict[str, Published] = msgspec.field(default_factory=dict)


class Published(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The last revision of something published, and a digest of what it said."""

    revision: int
    status: str
    digest: bytes


def digest(reading: Reading) -> bytes:
    """Content of a reading, arrival apart: equal for duplicates, NaN equal to NaN."""
    values = [
        (name, None if value != value else value + 0.0)
        for name, value in sorted(reading.values.items())
    ]
    flags = sorted(item for item in reading.flags.items() if item[1] != "N")
    content = (
        reading.measured_at,
        reading.period_s,
        reading.state,
        reading.device_serial,
        values,
        flags,
    )
    return blake2b(_encoder.encode(content), digest_size=8).digest()


def take(slot: Slot, reading: Reading, assessment: Assessment, offset: int, raw: bytes) -> None:
    """Add an accepted reading to its slot."""
    slot.readings += 1
    slot.first_offset = offset if slot.first_offset < 0 else slot.first_offset
    slot.last_offset = offset
    slot.chain = sha256(slot.chain + raw).digest()
    if reading.device_serial is not None:
        serial = reading.device_serial
        count_name(slot.devices, shortened(serial, NAME_CHARACTERS))
    tallies = slot.tallies.get(reading.period_s)
    if tallies is None:
        tallies = slot.tallies[reading.period_s] = {}
    verified = assessment.verified
    for series, measured, value, code, zeroed in assessment.judged:
        tally = tallies.get(series.key)
        if tally is None:
            tally = tallies[series.key] = Tally()
        if code is not None:
            tally.count += 1
            tally.mark(code)
            continue
        tally.fresh.append(value)
        if series.basis >= 0:
            tally.raw.append(measured)
        if zeroed:
            tally.mark(ZEROED)
        if not verified:
            tally.mark(UNVERIFIED)


def settle(hour: Hour) -> None:
    """Bring the sums of an hour into their short form before it is saved."""
    for slot in hour.slots.values():
        for tallies in slot.tallies.values():
            for tally in tallies.values():
                tally.add_up()
                tally.parts = compact(tally.parts)
                tally.raw = compact(tally.raw)
