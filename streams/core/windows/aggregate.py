"""Aggregates slots for a finding: the value, the mass and the evidence of one parameter.

A window's violation aggregates the slots of its window, a run's those of all its windows. The
evicted beginning of a very long run is carried in the state in the same form.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from hashlib import sha256

import msgspec

from streams.core.law.quality_codes import UNVERIFIED
from streams.core.numeric.exact_sum import compact, exact_total, weighted_mean
from streams.core.records.bounded_names import count_name
from streams.core.records.findings import Proof
from streams.core.windows.slot import Slot
from streams.core.windows.slot_sums import CARRIED_ROW, HIGH_ROW, VALID_ROW


class SlotAggregate(msgspec.Struct, array_like=True):
    """Holds the sums of slots: by period (s) the exact parts and count of the valid values.

    ``mass`` holds the exact parts of the g/s series by period, if the source has one.
    """

    sums: dict[int, tuple[list[float], int]] = msgspec.field(default_factory=dict)
    mass: dict[int, list[float]] = msgspec.field(default_factory=dict)
    unverified: int = 0
    devices: dict[str, int] = msgspec.field(default_factory=dict)
    readings: int = 0
    first_offset: int = -1
    last_offset: int = -1
    chain: bytes = b""
    contested: bool = False  # a conflicting reading lies in what was evicted
    high: float = 0.0  # the highest valid value, at least 0

    @property
    def value(self) -> float | None:
        """The mean of the valid values by their time, rounded once."""
        return weighted_mean(
            [(period, parts, count) for period, (parts, count) in sorted(self.sums.items())]
        )

    @property
    def valid_time(self) -> int:
        """Time of the valid readings, ms."""
        return sum(period * count for period, (_, count) in self.sums.items()) * 1000

    def lowest_mean(self, contested: int) -> float | None:
        """Compute the mean if ``contested`` ms of the highest value had been 0; None: undefined."""
        value, valid = self.value, self.valid_time
        if value is None or contested >= valid:
            return None
        return value - self.high * contested / valid

    @property
    def serial(self) -> str | None:
        """The device of most readings; of several alike the first by name."""
        if not self.devices:
            return None
        return min(self.devices, key=lambda serial: (-self.devices[serial], serial))

    def proof(self, topic: str, partition: int) -> Proof:
        """Return the evidence: the offset range and the hash chain of the messages used."""
        return Proof(
            topic=topic,
            partition=partition,
            first_offset=self.first_offset,
            last_offset=self.last_offset,
            readings=self.readings,
            sha256=self.chain.hex(),
        )

    def excess_tonnes(self, value: float, limit: float) -> float | None:
        """Compute the mass above the limit, t: the share ``(value - L) / value`` of the total.

        None where no reading has a valid mass flow, so the mass is not measured.
        """
        if not self.mass or value <= 0:
            return None
        grams = sum(period * exact_total(parts) for period, parts in self.mass.items())
        return float(grams * (Fraction(value) - Fraction(limit)) / (1_000_000 * Fraction(value)))


def aggregate(
    stretch: SlotAggregate, slots: Iterable[Slot], key: str, length_s: int, flow_key: str
) -> SlotAggregate:
    """Add slots, in the order of time, of a series with windows of ``length_s`` seconds.

    ``flow_key`` names the series of its mass flow (`ChannelPlans.mass_key`).
    """
    for slot in slots:
        for piece in slot.series_sums:
            period, position = piece.period_s, piece.layout.position
            if length_s % period:
                continue
            at = position.get(key)
            if at is not None and piece.sums[CARRIED_ROW, at]:
                parts, count = stretch.sums.get(period, ([], 0))
                valid = int(piece.sums[VALID_ROW, at])
                stretch.sums[period] = (compact([*parts, *piece.partials(at)]), count + valid)
                if valid:
                    stretch.high = max(stretch.high, float(piece.sums[HIGH_ROW, at]))
                stretch.unverified += piece.codes.get(at, {}).get(UNVERIFIED, 0)
            at = position.get(flow_key)
            if at is not None and piece.sums[VALID_ROW, at]:
                known = stretch.mass.get(period, [])
                stretch.mass[period] = compact([*known, *piece.partials(at)])
        for serial, count in slot.devices.items():
            count_name(stretch.devices, serial, count)
        if slot.readings:
            stretch.readings += slot.readings
            begun = stretch.first_offset >= 0
            stretch.first_offset = (
                min(stretch.first_offset, slot.first_offset) if begun else slot.first_offset
            )
            stretch.last_offset = max(stretch.last_offset, slot.last_offset)
            stretch.chain = sha256(stretch.chain + slot.chain).digest()
    return stretch
