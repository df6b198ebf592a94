"""Generate the readings of one source: regular ones as arrays, those with defects one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import msgspec
import numpy as np

from emissions.simulation.defect_planner import shown_time
from emissions.simulation.defects import (
    OWN_SOURCE,
    SHUTDOWN_MIN,
    STANDSTILL_MIN,
    Defect,
    DefectKind,
)
from emissions.simulation.fleet import CADENCE_S, Stack
from emissions.simulation.noise import Floats, Ints, Keys, key_of, white
from emissions.simulation.signals import Overrides, Signals
from schemas.reading import Reading
from streams.core.time.interval import MINUTE

K = DefectKind

SHORTEST_WAY, LONGEST_WAY = 1_000, 20_000  # ms from the end of an interval to its arrival
DELIVERY_STEP = 50  # ms between the readings of a late delivery
FULL_LOAD = 0.95
HIGH_SHARE = 2.6  # of the limit, while starting up and during excused maintenance
OXYGEN_OF_STANDSTILL, OXYGEN_OF_LEAK = 19.4, 20.6
OVERFLOW = 1e34

_SILENT = frozenset(
    {K.SILENCE, K.LONG_SILENCE, K.LASTING_SILENCE, K.SHORT_SILENCE, K.EXCUSED_SILENCE}
)
_WITHOUT_CHANNEL = frozenset({K.CHANNEL_ABSENT, K.CHANNEL_BREAK, K.AUXILIARY_LOST})
_FLAGS = {K.CHANNEL_FAULT: "D", K.CALIBRATION: "C"}
_EXCEEDANCES = frozenset(
    {K.EXCEEDS_DAY, K.EXCEEDS_HALF, K.EXCEEDS_30, K.EXCEEDS_3H, K.EXCEEDS_MASS}
)

Headers = tuple[tuple[str, bytes], ...]
"""Headers of a message: name and value of each."""


class RegularReadings(NamedTuple):
    """Normal readings of a source, a row each in ``measured``, ``arrived`` (ms) and ``values``."""

    measured: Ints
    arrived: Ints
    values: Floats


class OddReading(NamedTuple):
    """A reading that differs from the regular ones in more than its values."""

    arrived_at: int
    reading: Reading


class Emitter:
    """Generate what one source sends, independent of the chunks."""

    cadence_s = CADENCE_S

    def __init__(self, seed: int, stack: Stack, defects: Sequence[Defect]) -> None:
        self.stack = stack
        self.signals = Signals(seed, stack)
        self.parameters = self.signals.parameters
        self.serial = stack.source.devices[0].serial
        self._defects = defects
        self._way: Keys = np.array([key_of(seed, stack.id, "way")], dtype=np.uint64)
        self._column = {name: index for index, name in enumerate(self.parameters)}
        self._span = {c.parameter: c.range[1] for c in stack.source.channels if c.range}

    def chunk(self, start: int, end: int) -> tuple[RegularReadings, list[OddReading]]:
        """Generate the readings of the intervals that start in ``[start, end)``.

        Both are on the minute.
        """
        minutes = np.arange(start // MINUTE, end // MINUTE, dtype=np.int64)
        defects = [defect for defect in self._defects if defect.start < end and defect.end > start]
        values = self._values(defects, minutes)
        measured = minutes * MINUTE
        span = LONGEST_WAY - SHORTEST_WAY
        way = ((white(self._way, minutes)[0] + 1.0) * 0.5 * span).astype(np.int64)
        arrived = measured + MINUTE + SHORTEST_WAY + way
        regular = np.ones(minutes.size, dtype=np.bool_)
        odd: list[OddReading] = []
        for defect in defects:
            first = max(0, (defect.start - start) // MINUTE)
            rows = range(first, min(minutes.size, (defect.end - start) // MINUTE))
            part = slice(rows.start, rows.stop)
            if defect.kind is K.BACKFILL:
                steps = (measured[part] - defect.start) // MINUTE
                arrived[part] = defect.delivered_at + steps * DELIVERY_STEP
            elif defect.kind in (K.STUCK, K.ABSURD) and defect.parameter:
                values[part, self._column[defect.parameter]] = self._false_value(defect)
            elif defect.kind in _SILENT:
                regular[part] = False
            elif defect.kind in (K.DUPLICATE, K.CONFLICT):
                reading = self.reading(int(measured[rows.start]), values[rows.start])
                odd.append(OddReading(defect.delivered_at, _repeated(reading, defect)))
            elif defect.kind not in _EXCEEDANCES and not _only_values(defect.kind):
                regular[part] = False
                for row in rows:
                    reading = self.reading(int(measured[row]), values[row])
                    odd.append(OddReading(int(arrived[row]), _altered(reading, defect)))
        return RegularReadings(measured[regular], arrived[regular], values[regular]), odd

    def late(self, defect: Defect) -> OddReading:
        """Generate the reading of an old interval that arrives far too late."""
        minutes = np.array([defect.start // MINUTE], dtype=np.int64)
        return OddReading(
            defect.delivered_at, self.reading(defect.start, self.signals.values(minutes)[0])
        )

    def reading(self, measured_at: int, row: Floats) -> Reading:
        """Build a normal reading from one row of values."""
        values = dict(zip(self.parameters, row.tolist(), strict=True))
        return Reading(
            self.stack.id, measured_at, self.cadence_s, "NORMAL", self.serial, values, {}
        )

    def headers(self, measured: Ints) -> Iterable[Headers]:
        """Return the headers of the messages of regular readings, by the start of each (ms)."""
        return repeat((), measured.size)

    def readings(self, regular: RegularReadings) -> Iterator[tuple[int, Reading]]:
        """Yield arrival and reading of every row, for files."""
        rows = zip(regular.arrived.tolist(), regular.measured.tolist(), regular.values, strict=True)
        for arrived_at, measured_at, values in rows:
            yield arrived_at, self.reading(measured_at, values)

    def _values(self, defects: Sequence[Defect], minutes: Ints) -> Floats:
        """Generate the values that are measured, a row a minute."""
        return self.signals.values(minutes, self._overrides(defects, minutes))

    def _overrides(self, defects: Sequence[Defect], minutes: Ints) -> Overrides:
        shares: dict[str, Floats] = {}
        load = np.full(minutes.shape, np.nan)
        oxygen = np.full(minutes.shape, np.nan)

        def dictate(parameter: str, where: slice, share: float) -> None:
            row = shares.setdefault(parameter, np.full(minutes.shape, np.nan))
            # A slow ripple of two percent: a real exceedance is no constant.
            row[where] = share * (1.0 + 0.0005 * ((minutes[where] * 7) % 41))

        def rows(begin: int, until: int) -> slice:
            first, last = minutes[0] * MINUTE, (minutes[-1] + 1) * MINUTE
            low, high = max(begin, int(first)), min(until, int(last))
            return slice((low - int(first)) // MINUTE, max(0, (high - int(first)) // MINUTE))

        everything = [pollutant.parameter for pollutant in self.stack.kind.pollutants]
        for defect in defects:
            where = rows(defect.start, defect.end)
            if defect.kind in _EXCEEDANCES and defect.parameter:
                dictate(defect.parameter, where, defect.level)
                if defect.kind is K.EXCEEDS_MASS:
                    load[where] = FULL_LOAD
            elif defect.kind in (K.EXCUSED_SENDING, K.EMERGENCY):
                for parameter in everything:
                    dictate(parameter, where, HIGH_SHARE)
            elif defect.kind is K.AIR_LEAK:
                oxygen[where] = OXYGEN_OF_LEAK
            elif defect.kind is K.STOPPAGE:
                still = defect.start + SHUTDOWN_MIN * MINUTE
                again = still + STANDSTILL_MIN * MINUTE
                standstill = rows(still, again)
                if standstill.start < standstill.stop:
                    load[standstill] = 0.0
                    oxygen[standstill] = OXYGEN_OF_STANDSTILL
                starting = rows(again, defect.end)
                if starting.start < starting.stop:
                    for parameter in everything:
                        dictate(parameter, starting, HIGH_SHARE)
        return Overrides(shares, load, oxygen)

    def _false_value(self, defect: Defect) -> float:
        parameter = defect.parameter or ""
        if defect.kind is K.STUCK:
            minutes = np.array([defect.start // MINUTE], dtype=np.int64)
            return float(self.signals.values(minutes)[0, self._column[parameter]])
        span = self._span[parameter]
        return {
            "overflow": OVERFLOW,
            "negative": -0.1 * span,
            "nan": float("nan"),
            "infinite": float("inf"),
            "drift": -0.01 * span,
        }[defect.detail]


def _only_values(kind: DefectKind) -> bool:
    return kind in (K.EXCUSED_SENDING, K.AIR_LEAK) or kind in OWN_SOURCE


def _repeated(reading: Reading, defect: Defect) -> Reading:
    """Return the same reading again, or a different one for the same interval."""
    if defect.kind is K.DUPLICATE:
        return reading
    parameter = next(iter(reading.values))
    changed = reading.values | {parameter: round(reading.values[parameter] + 1.0, 2)}
    return msgspec.structs.replace(reading, values=changed)


def _altered(reading: Reading, defect: Defect) -> Reading:
    """Return the reading with the defect applied."""
    replace = msgspec.structs.replace
    kind, parameter = defect.kind, defect.parameter or ""
    if kind in _WITHOUT_CHANNEL:
        rest = {name: value for name, value in reading.values.items() if name != parameter}
        return replace(reading, values=rest)
    if kind in _FLAGS:
        return replace(reading, flags={parameter: _FLAGS[kind]})
    if kind is K.WRONG_CLOCK:
        return replace(reading, measured_at=shown_time(defect.detail, reading.measured_at))
    if kind is K.WRONG_PERIOD:
        return replace(reading, period_s=5 * CADENCE_S)
    if kind is K.EMERGENCY:
        return replace(reading, state="EMERGENCY")
    if kind is K.STOPPAGE:
        return replace(reading, state=state_of_stoppage(reading.measured_at - defect.start))
    raise ValueError(f"a reading is not altered by {kind}")


def state_of_stoppage(elapsed: int) -> str:
    """Return the operating state ``elapsed`` milliseconds after the shut-down started."""
    minutes = elapsed // MINUTE
    if minutes < SHUTDOWN_MIN:
        return "SHUTDOWN"
    return "STOPPED" if minutes < SHUTDOWN_MIN + STANDSTILL_MIN else "STARTUP"
