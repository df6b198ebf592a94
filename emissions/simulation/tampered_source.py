"""Sources that are tampered with: one volunteer enterprise, a stack for each kind of tampering.

It is not obliged to monitor, so the numbers of the obliged stay as they are; the rules bind it all
the same (Order 208, point 3). What is not tampered with is measured as everywhere in the fleet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

import msgspec
import numpy as np

from emissions.simulation.defects import Defect, DefectKind
from emissions.simulation.emission import Emitter, Headers, OddReading, RegularReadings
from emissions.simulation.fake_ids import fake_bin, fake_source_id
from emissions.simulation.fleet import Stack, station_stack
from emissions.simulation.noise import Floats, Ints, Keys, key_of, slow, white
from emissions.simulation.plant_kinds import COAL
from emissions.simulation.signals import Overrides
from emissions.simulation.tampering import (
    constant_of,
    is_marked,
    kinds_within,
    plan_tampering,
)
from streams.core.registry.enterprise import Asm, Channel, Device, Enterprise, Names, Source
from streams.core.time.interval import DAY, MINUTE

K = DefectKind

NUMBER: Final = 2990
"""Number of the enterprise: beyond every fleet, so it does not hang on the size of one."""

TAMPERED_BIN: Final = fake_bin(NUMBER)
HEADER: Final = "software"
PERMITTED, FOREIGN = (hashlib.sha256(name).hexdigest() for name in (b"permitted", b"foreign"))

_SPREAD: Final = 0.1
_JUST_BELOW: Final = 0.985


class Tampered(NamedTuple):
    """A source that is tampered with: as it is registered, as it measures, and the plan."""

    kind: DefectKind
    stack: Stack
    plain: Stack
    defects: tuple[Defect, ...]


def build_tampered(
    seed: int, count: int, first: int, start: date, days: int, *, with_bytes: bool
) -> list[Tampered]:
    """Generate ``count`` sources of each kind that ``days`` are long enough for.

    ``first`` is the start of the first local day, ms.
    """
    kinds = [kind for kind in kinds_within(days, with_bytes=with_bytes) for _ in range(count)]
    return [_tampered(seed, place, kind, first, start, days) for place, kind in enumerate(kinds)]


def enterprise_of(tampered: Sequence[Tampered], start: date) -> Enterprise:
    """Register the sources: no criteria oblige them, and one software is permitted."""
    return Enterprise(
        bin=TAMPERED_BIN,
        name=Names(ru="Добровольный комплекс", kk="Ерікті кешен", en="Voluntary Complex"),
        region="KZ-71",
        category=1,
        business_size="large",
        commissioned_on="2010-01-01",
        sources=tuple(each.stack.source for each in tampered),
        asm=Asm((start - timedelta(days=400)).isoformat(), start.isoformat(), PERMITTED),
    )


def _tampered(
    seed: int, place: int, kind: DefectKind, first: int, start: date, days: int
) -> Tampered:
    plain = station_stack(seed, NUMBER, COAL, TAMPERED_BIN, start, days, place)
    stack = plain._replace(source=_registered(plain.source, kind, plain, start, place))
    return Tampered(kind, stack, plain, tuple(plan_tampering(seed, kind, stack, first, days)))


def _registered(source: Source, kind: DefectKind, stack: Stack, start: date, place: int) -> Source:
    replace = msgspec.structs.replace
    source = replace(source, id=fake_source_id(NUMBER + 1, place + 1), criteria=None)
    if kind is K.CONSTANT:
        constant = Channel(constant_of(stack), "1", range=(0.0, 10.0))
        return replace(source, channels=(*source.channels, constant))
    if kind is K.UNVERIFIED:
        lapsed = tuple(_lapsed(device, start) for device in source.devices)
        return replace(source, devices=lapsed)
    return source


def _lapsed(device: Device, start: date) -> Device:
    verification = device.verification
    if verification is None:
        return device
    ended = msgspec.structs.replace(verification, until=start.isoformat())
    return msgspec.structs.replace(device, verification=ended)


class TamperedEmitter(Emitter):
    """Generate what a source sends that is tampered with."""

    def __init__(self, seed: int, tampered: Tampered) -> None:
        super().__init__(seed, tampered.plain, tampered.defects)
        self.kind, self.stack = tampered.kind, tampered.stack
        self.parameters = tuple(each.parameter for each in tampered.stack.source.channels)
        self._pollutants = len(tampered.plain.kind.pollutants)
        self._near: Keys = np.array([key_of(seed, self.stack.id, "near limit")], dtype=np.uint64)

    def chunk(self, start: int, end: int) -> tuple[RegularReadings, list[OddReading]]:
        """Generate the readings of the intervals that start in ``[start, end)``."""
        regular, odd = super().chunk(start, end)
        if self.kind is not K.MARKS:
            return regular, odd
        marked = np.zeros(regular.measured.shape, dtype=np.bool_)
        for defect in self._defects:
            within = (regular.measured >= defect.start) & (regular.measured < defect.end)
            marked |= within & is_marked(regular.measured)
            for row in np.flatnonzero(within & marked).tolist():
                reading = self.reading(int(regular.measured[row]), regular.values[row])
                flags = {defect.parameter or "": "M"}
                told = msgspec.structs.replace(reading, flags=flags)
                odd.append(OddReading(int(regular.arrived[row]), told))
        rest = ~marked
        kept = (regular.measured[rest], regular.arrived[rest], regular.values[rest])
        return RegularReadings(*kept), odd

    def headers(self, measured: Ints) -> Iterable[Headers]:
        """Return the headers: which software made each reading, where that is told at all."""
        if self.kind is not K.SOFTWARE:
            return super().headers(measured)
        foreign = np.zeros(measured.shape, dtype=np.bool_)
        for defect in self._defects:
            foreign |= (measured >= defect.start) & (measured < defect.end)
        names: tuple[Headers, Headers] = (_software(PERMITTED), _software(FOREIGN))
        return [names[each] for each in foreign.tolist()]

    def _values(self, defects: Sequence[Defect], minutes: Ints) -> Floats:
        values = super()._values(defects, minutes)
        if self.kind is K.CONSTANT:
            values = np.column_stack((values, np.ones(minutes.size)))
            for defect in self._defects:  # it stays changed until the next change
                values[minutes * MINUTE >= defect.start, -1] = defect.level
        for defect in defects:
            rows = (minutes * MINUTE >= defect.start) & (minutes * MINUTE < defect.end)
            column = self._column.get(defect.parameter or "", 0)
            if defect.kind is K.HELD:
                values[rows, column] = self._false_value(defect._replace(kind=K.STUCK))
            elif defect.kind is K.SHIFTED:
                values[rows, column] = np.round(values[rows, column] * defect.level, 2)
            elif defect.kind is K.OXYGEN:
                values[rows, column] = np.round(values[rows, column] + defect.level, 2)
            elif defect.kind is K.REPEATED:
                back = int(defect.detail.partition(" ")[0]) * DAY // MINUTE
                old = self.signals.values(minutes[rows] - back)
                values[rows, : self._pollutants] = old[:, : self._pollutants]
        return values

    def _overrides(self, defects: Sequence[Defect], minutes: Ints) -> Overrides:
        overrides = super()._overrides(defects, minutes)
        for defect in defects:
            if defect.kind is K.CUT and defect.parameter:
                wander, noise = slow(self._near, minutes, 180)[0], white(self._near, minutes)[0]
                share = defect.level + _SPREAD * (wander + 0.5 * noise)
                overrides.share[defect.parameter] = np.minimum(share, _JUST_BELOW + 0.01 * noise)
        return overrides


def _software(checksum: str) -> Headers:
    return ((HEADER, checksum.encode()),)
