"""Simulate a year of a source with what an honest plant does, and with labelled tampering.

Honest are seasons and weekends, stoppages, faults, calibrations and maintenance, gaps, exceedances
of hours, coarse analysers, values below the detection limit, moisture that is a fixed number, and
plants that run near their limit. A detector that reports any of these is wrong. Each pattern of
`Pattern` is put into the data with its interval, which is what a detector must find; those of
`TOO_SHORT` are put in to say how little of them is found. One class makes a year, step by step:
hence the length of this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec
import numpy as np

from emissions.simulation.fleet import Stack, build_fleet
from emissions.simulation.noise import Draw, Floats, Ints, key_of, slow, white
from emissions.simulation.signals import Overrides, Signals, daily_load
from schemas.reading import Reading
from streams.core.registry.enterprise import Channel, Enterprise
from streams.core.time.interval import MINUTE
from streams.core.time.local_clock import midnight

FIRST_DAY: Final = date(2026, 1, 1)
STEP: Final = 20
"""Minutes of a reading: stations send 20-minute means."""

_A_DAY: Final = 24 * 60 // STEP
_LEARNING: Final = 40
"""Days without tampering at the beginning: what is usual must be known."""

_CONSTANTS: Final = ("SLOPE", "INTERCEPT")


class Pattern(StrEnum):
    """What is put into the data, by the code of the detector that must find it."""

    FLATLINE = "FLATLINE"
    JUMP = "JUMP"
    CLIPPING = "CLIPPING"
    MARKED_AT_LOAD = "MARKED-AT-LOAD"
    OXYGEN_BIAS = "OXYGEN-BIAS"
    REPEATED_DAY = "REPEATED-DAY"
    CONSTANT_CHANGED = "CONSTANT-CHANGED"
    JUMP_OF_HOURS = "JUMP of hours"
    OXYGEN_OF_HOURS = "OXYGEN-BIAS of hours"

    @property
    def kind(self) -> str:
        """The code of the detector."""
        return self.value.partition(" ")[0]


TOO_SHORT: Final = frozenset({Pattern.JUMP_OF_HOURS, Pattern.OXYGEN_OF_HOURS})
"""Patterns of a few hours that detectors of days are not made for."""


class Label(NamedTuple):
    """One pattern in the data over ``[start, end)`` (ms); ``parameter`` None: several channels."""

    pattern: Pattern
    source_id: str
    parameter: str | None
    start: int
    end: int


class SourceYear(NamedTuple):
    """The registration of a source, its readings in order, and what was put into them."""

    enterprise: Enterprise
    source_id: str
    readings: list[Reading]
    labels: list[Label]


def simulate_years(
    seed: int, sources: int, days: int = 365, *, minutely: bool = False
) -> Iterator[SourceYear]:
    """Yield the years of ``sources`` sources; each depends on the seed and its number alone.

    ``minutely``: the same years as stations tell them that send a reading a minute.
    """
    fleet = build_fleet(seed, max(2, sources), FIRST_DAY, days)
    stacks = [stack for stack in fleet.stacks if not stack.test][:sources]
    by_bin = {enterprise.bin: enterprise for enterprise in fleet.enterprises}
    for number, stack in enumerate(stacks):
        yield _Year(seed, number, stack, by_bin[stack.bin], days, minutely).make()


class _Year:
    """Builds one year: arrays first, readings last."""

    def __init__(
        self,
        seed: int,
        number: int,
        stack: Stack,
        enterprise: Enterprise,
        days: int,
        minutely: bool,
    ) -> None:
        self._draw = Draw(seed, "suspicious", stack.id)
        self._stack = stack
        self._days = days
        self._minutely = minutely
        self._start = midnight(stack.source.timezone, FIRST_DAY)
        first = self._start // MINUTE
        self._minutes: Ints = first + STEP * np.arange(days * _A_DAY, dtype=np.int64)
        self._keys = np.array(
            [key_of(seed, stack.id, "year", name) for name in ("load", "near", "noise")], np.uint64
        )
        self._signals = Signals(seed, stack)
        self._fine = np.array(
            [key_of(seed, stack.id, "minute", name) for name in self._signals.parameters],
            np.uint64,
        )
        self._steady = np.zeros(len(self._signals.parameters), dtype=np.bool_)
        self._pollutants = [each.parameter for each in stack.kind.pollutants]
        self._names = list(self._signals.parameters)
        self._busy = np.zeros(days, dtype=np.bool_)
        self._busy[:_LEARNING] = True
        self._labels: list[Label] = []
        self._enterprise = enterprise
        self._near = self._draw.pick(self._pollutants)
        """A pollutant that runs near its limit all year: above it at times in every second source,
        and in the others controlled so well that it stays just below."""
        self._exceeds = number % 2 == 0
        with_constants = number % 3 != 2
        self._constants = (
            [f"{name}.{kind}" for name in self._pollutants[:2] for kind in _CONSTANTS]
            if with_constants
            else []
        )

    def make(self) -> SourceYear:
        """Build the year."""
        rows = self._minutes.size
        load = self._load()
        share = {self._near: self._near_limit(load)}
        clipped = self._clip(share)
        values = self._values(load, share | clipped)
        flags: dict[int, dict[str, str]] = {}
        states = np.zeros(rows, dtype=np.int64)  # 1 stopped, 2 starting, 3 silent
        self._honest(values, flags, states)
        constants = np.tile(
            [1.0 if name.endswith("SLOPE") else 0.0 for name in self._constants], (rows, 1)
        )
        self._still = np.zeros(values.shape, dtype=np.bool_)
        self._tamper(values, load, flags, states, constants)
        return SourceYear(
            self._registered(),
            self._stack.id,
            list(self._readings(values, constants, flags, states)),
            sorted(self._labels, key=lambda label: (label.start, label.pattern)),
        )

    # What an honest plant does

    def _load(self) -> Floats:
        """Build the load: the day's course, weekends, a season and slow wander."""
        day = (self._minutes - self._minutes[0]) // 1440
        season = 1.0 - self._draw.real(0.0, 0.35) * np.abs(((day % 365) - 182.0) / 182.0)
        weekend = np.where((day + 3) % 7 >= 5, 1.0 - self._draw.real(0.0, 0.2), 1.0)
        wander = slow(self._keys[:1], self._minutes, 360)[0]
        base = daily_load(self._minutes) * season * weekend * self._draw.real(0.85, 1.0)
        load: Floats = np.clip(base + 0.06 * wander, 0.2, 1.0)
        return load

    def _near_limit(self, load: Floats) -> Floats:
        """Build a share of the limit of a plant near it."""
        level, spread = self._draw.real(0.96, 1.04), self._draw.real(0.08, 0.14)
        if not self._exceeds:
            level, spread = self._draw.real(0.91, 0.95), self._draw.real(0.01, 0.025)
        wander = slow(self._keys[1:2], self._minutes, 180)[0]
        noise = white(self._keys[1:2], self._minutes)[0]
        share: Floats = level * (0.97 + 0.03 * load) + spread * (wander + 0.5 * noise)
        return np.maximum(share, 0.1)

    def _values(self, load: Floats, share: dict[str, Floats]) -> Floats:
        """Average four samples of the signals a step, as a station does; analysers round."""
        total = np.zeros((self._minutes.size, len(self._names)))
        for part in range(4):
            total += self._signals.values(self._minutes + 5 * part, Overrides(share, load, None))
        values: Floats = np.round(total / 4, 2)
        for name in self._pollutants:
            column = values[:, self._names.index(name)]
            variety = self._draw.below(6)
            if name == self._near:
                continue
            if variety == 0:  # a coarse analyser
                self._steady[self._names.index(name)] = True
                quantum = float(np.median(column)) / self._draw.between(6, 14)
                column[:] = np.round(np.round(column / quantum) * quantum, 3)
            elif variety == 1:  # often below the detection limit
                column[:] = np.maximum(column - float(np.quantile(column, 0.35)), 0.0).round(2)
        if self._draw.below(3) == 0:
            self._steady[self._names.index("H2O")] = True
            values[:, self._names.index("H2O")] = self._stack.kind.moisture
        return values

    def _honest(self, values: Floats, flags: dict[int, dict[str, str]], states: Ints) -> None:
        """Put in what happens to every station; none of it is suspicious."""
        draw, rows = self._draw, self._minutes.size
        flow = self._names.index("VELOCITY")
        for _ in range(draw.between(4, 8)):  # stoppages
            at, length = draw.below(rows - 300), draw.between(12, 180)
            states[at : at + length] = 1
            states[at + length : at + length + 6] = 2
            values[at : at + length, flow] *= 0.1
        for _ in range(draw.between(4, 9)):  # faults of one channel
            at, length = draw.below(rows - 100), draw.between(3, 60)
            self._flag(flags, at, at + length, [draw.pick(self._pollutants)], "D")
        hour = draw.between(24, 45)
        every = draw.between(1, 3)
        for day in range(0, self._days, every):  # calibrations at an hour of the day
            at = day * _A_DAY + hour
            self._flag(flags, at, at + 1, self._pollutants, "C")
        weekday = draw.below(7)
        for day in range(weekday, self._days, draw.pick((14, 28))):  # maintenance, working hours
            at = day * _A_DAY + draw.between(27, 33)
            self._flag(flags, at, at + draw.between(6, 24), self._pollutants, "M")
        for _ in range(draw.between(6, 12)):  # silence
            at = draw.below(rows - 200)
            states[at : at + draw.between(1, 90)] = 3
        for _ in range(draw.between(2, 5)):  # an exceedance of hours, at once or rising
            at, length = draw.below(rows - 100), draw.between(3, 12)
            column = values[:, self._names.index(draw.pick(self._pollutants))]
            rise = np.full(length, draw.real(1.8, 2.6))
            if draw.below(2):
                rise = 1.0 + (rise - 1.0) * np.sin(np.linspace(0.2, 2.9, length))
            column[at : at + length] = np.round(column[at : at + length] * rise, 2)
        for _ in range(draw.between(1, 3)):  # another fuel: everything shifts at once
            at, length = draw.below(rows - 2000), draw.between(200, 1500)
            for name in self._pollutants:
                if name == self._near:
                    continue
                column = values[:, self._names.index(name)]
                change = draw.real(0.7, 1.4)
                column[at : at + length] = np.round(column[at : at + length] * change, 2)

    def _flag(
        self, flags: dict[int, dict[str, str]], first: int, last: int, names: list[str], flag: str
    ) -> None:
        for row in range(first, min(last, self._minutes.size)):
            flags.setdefault(row, {}).update(dict.fromkeys(names, flag))

    # Tampering

    def _days_free(self, length: int, pad: int = 3) -> int | None:
        """Find ``length`` days without another pattern near; None if there are none."""
        for _ in range(200):
            first = self._draw.between(_LEARNING, self._days - length - pad - 1)
            if not self._busy[first - pad : first + length + pad].any():
                self._busy[first : first + length] = True
                return first
        return None

    def _label(self, pattern: Pattern, parameter: str | None, first: int, last: int) -> None:
        start, end = (self._start + row * STEP * MINUTE for row in (first, last))
        self._labels.append(Label(pattern, self._stack.id, parameter, start, end))

    def _clip(self, share: dict[str, Floats]) -> dict[str, Floats]:
        """Cut a channel that runs near its limit: what is above lies just under it."""
        if not self._exceeds:
            return {}
        column, draw = share[self._near].copy(), self._draw
        noise = white(self._keys[2:3], self._minutes)[0]
        for _ in range(2):
            length = draw.between(10, 25)
            first = self._days_free(length, pad=8)
            if first is None:
                continue
            rows = slice(first * _A_DAY, (first + length) * _A_DAY)
            own = column[rows]
            if draw.below(2):
                cut = np.minimum(own, 0.985 + 0.01 * noise[rows])
            else:
                cut = np.where(own >= 0.995, 0.975 + 0.018 * noise[rows], own)
            column[rows] = cut
            self._label(Pattern.CLIPPING, self._near, rows.start, rows.stop)
        return {self._near: column}

    def _tamper(
        self,
        values: Floats,
        load: Floats,
        flags: dict[int, dict[str, str]],
        states: Ints,
        constants: Floats,
    ) -> None:
        for _ in range(3):
            self._repeat_day(values, flags, states)
        for _ in range(2):
            self._bias_oxygen(values)
        for _ in range(2):
            self._mark_load(load, flags, states)
        for _ in range(3):
            self._shift(values, flags, states)
        for _ in range(4):
            self._hold(values, flags, states)
        for column, name in enumerate(self._constants):
            for _ in range(self._draw.between(1, 2)):
                at = self._draw.between(_LEARNING * _A_DAY, self._minutes.size - 200)
                while states[at - 80 : at + 80].any():
                    at = self._draw.between(_LEARNING * _A_DAY, self._minutes.size - 200)
                constants[at:, column] = np.round(constants[at:, column] + 0.037, 4)
                self._label(Pattern.CONSTANT_CHANGED, name, at, at + 1)
        for _ in range(2):
            self._shift_for_hours(values, flags, states)
            self._bias_oxygen_for_hours(values)

    def _clear(self, first: int, last: int, flags: dict[int, dict[str, str]], states: Ints) -> None:
        """Take honest disturbances out of an interval, so that the pattern is there whole."""
        states[first:last] = 0
        for row in range(first, last):
            flags.pop(row, None)

    def _repeat_day(self, values: Floats, flags: dict[int, dict[str, str]], states: Ints) -> None:
        day = self._days_free(1)
        if day is None:
            return
        draw, back = self._draw, self._draw.between(1, 28)
        rows = slice(day * _A_DAY, (day + 1) * _A_DAY)
        old = slice((day - back) * _A_DAY, (day - back + 1) * _A_DAY)
        self._clear(rows.start, rows.stop, flags, states)
        self._clear(old.start, old.stop, flags, states)
        noise = white(self._keys, self._minutes[rows])[0]
        scale = draw.pick((1.0, 1.0, 0.9))
        for name in self._pollutants:
            column = values[:, self._names.index(name)]
            ripple = 1.0 + draw.pick((0.0, 0.0, 0.002)) * noise
            column[rows] = np.round(column[old] * scale * ripple, 2)
        self._label(Pattern.REPEATED_DAY, None, rows.start, rows.stop)

    def _bias_oxygen(self, values: Floats) -> None:
        length = self._draw.between(5, 20)
        first = self._days_free(length)
        if first is None:
            return
        rows = slice(first * _A_DAY, (first + length) * _A_DAY)
        column = values[:, self._names.index("O2")]
        size = self._draw.real(0.8, 2.5) * self._draw.pick((1.0, 1.0, -1.0))
        column[rows] = np.round(np.clip(column[rows] + size, 0.1, 19.5), 2)
        self._label(Pattern.OXYGEN_BIAS, "O2", rows.start, rows.stop)

    def _bias_oxygen_for_hours(self, values: Floats) -> None:
        day = self._days_free(2)
        if day is None:
            return
        begin = day * _A_DAY + self._draw.between(6, 60)
        end = begin + self._draw.between(9, 72)
        column = values[:, self._names.index("O2")]
        size = self._draw.real(0.8, 2.5)
        column[begin:end] = np.round(np.clip(column[begin:end] + size, 0.1, 19.5), 2)
        self._label(Pattern.OXYGEN_OF_HOURS, "O2", begin, end)

    def _mark_load(self, load: Floats, flags: dict[int, dict[str, str]], states: Ints) -> None:
        length = self._draw.between(10, 20)
        first = self._days_free(length)
        if first is None:
            return
        flag, names = self._draw.pick(("M", "D", "S")), self._pollutants
        if self._draw.below(2):
            names = [self._draw.pick(names)]
        for day in range(first, first + length):
            rows = np.arange(day * _A_DAY, (day + 1) * _A_DAY)
            states[rows] = 0
            own = load[rows]
            for row in rows[own >= np.quantile(own, 0.75)].tolist():
                if self._draw.below(10) < 8:
                    self._flag(flags, row, row + 1, names, flag)
        self._label(Pattern.MARKED_AT_LOAD, None, first * _A_DAY, (first + length) * _A_DAY)

    def _shift(self, values: Floats, flags: dict[int, dict[str, str]], states: Ints) -> None:
        length = self._draw.between(2, 6)
        first = self._days_free(length)
        names = self._shiftable(values)
        if first is None or not names:
            return
        name = self._draw.pick(names)
        begin = first * _A_DAY + self._draw.between(6, 60)
        end = begin + length * _A_DAY - 60
        self._clear(begin - 12, begin + 40, flags, states)
        self._scale(values, name, begin, end)
        self._label(Pattern.JUMP, name, begin, end)

    def _shift_for_hours(
        self, values: Floats, flags: dict[int, dict[str, str]], states: Ints
    ) -> None:
        day, names = self._days_free(2), self._shiftable(values)
        if day is None or not names:
            return
        name = self._draw.pick(names)
        begin = day * _A_DAY + self._draw.between(6, 60)
        end = begin + self._draw.between(9, 36)
        self._clear(begin - 12, end + 12, flags, states)
        self._scale(values, name, begin, end)
        self._label(Pattern.JUMP_OF_HOURS, name, begin, end)

    def _shiftable(self, values: Floats) -> list[str]:
        """List the pollutants that are not mostly below the detection limit."""
        return [
            name
            for name in self._pollutants
            if name != self._near and np.quantile(values[:, self._names.index(name)], 0.1) > 0
        ]

    def _scale(self, values: Floats, name: str, begin: int, end: int) -> None:
        column = values[:, self._names.index(name)]
        factor = self._draw.pick((0.45, 0.5, 0.55, 1.9))
        column[begin:end] = np.round(column[begin:end] * factor, 2)

    def _hold(self, values: Floats, flags: dict[int, dict[str, str]], states: Ints) -> None:
        first = self._days_free(4, pad=1)
        if first is None:
            return
        begin = first * _A_DAY + self._draw.between(3, 40)
        length = self._draw.between(8, 30)
        if self._draw.below(4) == 0:  # a logger that repeats its last message
            end = begin + length
            self._clear(begin, end, flags, states)
            values[begin:end] = values[begin]
            self._still[begin:end] = True
            self._label(Pattern.FLATLINE, None, begin, end)
            return
        name = self._draw.pick(self._pollutants)
        column = values[:, self._names.index(name)]
        repeats = float((column[1:] == column[:-1]).mean())
        if repeats > 0.15:  # it stands still for hours by itself: only days can be told from that
            length += self._draw.between(100, 170)
        end = begin + length
        self._clear(begin, end, flags, states)
        if column[begin] == 0.0:
            column[begin] = max(float(np.median(column)), 0.5)
        column[begin:end] = column[begin]
        self._still[begin:end, self._names.index(name)] = True
        self._label(Pattern.FLATLINE, name, begin, end)

    # The registration and the readings

    def _registered(self) -> Enterprise:
        source = self._stack.source
        channels = (*source.channels, *(Channel(name, "1") for name in self._constants))
        own = msgspec.structs.replace(
            source, cadence_s=60 if self._minutely else STEP * 60, channels=channels
        )
        return msgspec.structs.replace(self._enterprise, sources=(own,))

    def _readings(
        self,
        values: Floats,
        constants: Floats,
        flags: dict[int, dict[str, str]],
        states: Ints,
    ) -> Iterator[Reading]:
        names = [*self._names, *self._constants]
        serial = self._stack.source.devices[0].serial
        length = 1 if self._minutely else STEP
        said = ("NORMAL", "STOPPED", "STARTUP")
        for row, minute in enumerate(self._minutes.tolist()):
            state = int(states[row])
            if state == 3:
                continue
            told = self._within(row, minute, values[row])
            for number, measured in enumerate(told.tolist()):
                yield Reading(
                    self._stack.id,
                    (minute + number * length) * MINUTE,
                    length * 60,
                    said[state],
                    serial,
                    dict(zip(names, [*measured, *constants[row].tolist()], strict=True)),
                    flags.get(row, {}),
                )

    def _within(self, row: int, minute: int, means: Floats) -> Floats:
        """Return the readings of a step: its means, or minutes that vary about them.

        What stands still, is coarse or below the detection limit does so in every minute.
        """
        if not self._minutely:
            return means[np.newaxis]
        minutes = minute + np.arange(STEP, dtype=np.int64)
        noise = white(self._fine, minutes).T
        moves = ~(self._still[row] | self._steady) & (means > 0)
        varied: Floats = np.where(moves, np.round(means * (1.0 + 0.01 * noise), 2), means)
        return varied
