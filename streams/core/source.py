"""A registered source made ready for judging: plans of its channels, instants of its dates.

``compile_sources`` turns an enterprise of the registry into entries that know, for any
``measured_at``, which series a channel feeds and how its value is normalised.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from math import isfinite
from typing import Final, NamedTuple

from streams.core.calendar import DAY, HOUR, MINUTE, LocalClock, clock, midnight, moment
from streams.core.names import is_parameter
from streams.core.normalisation import Concentration, GasPlan, MassFlow, Normalisation
from streams.core.reading import AUXILIARIES
from streams.core.registration import Channel, Enterprise, Limit, Source

BEGINNING = -(1 << 62)
FOREVER = 1 << 62
"""Open ends of a validity, milliseconds."""

CONCENTRATION = "mg/m3"
MASS_FLOW = "g/s"

RAW = -1
"""Basis of a series that needs no normalisation."""

LARGEST = sys.float_info.max
"""Bounds of a channel without a range: every finite value."""

Interval = tuple[int, int]

NEVER: Interval = (0, 0)


class Kind(NamedTuple):
    """A kind of window: its name, nominal length (ms) and smallest valid share of due time."""

    name: str
    length: int
    share: tuple[int, int]


KINDS = (
    Kind("20min", 20 * MINUTE, (2, 3)),
    Kind("30min", 30 * MINUTE, (2, 3)),
    Kind("1h", HOUR, (3, 4)),
    Kind("day", DAY, (3, 4)),
)
"""Specification, Means; the shares follow EN 17255-1 and the Code's calendar day."""

TWENTY, THIRTY, ONE_HOUR, WHOLE_DAY = range(4)


class Series(NamedTuple):
    """One series that a channel feeds: its unit, its normalisation, its limit.

    ``key`` names it in a slot. ``normalise`` is None for a raw series, whose values are used as
    measured; ``basis`` numbers it among the source's, and series of one number share a factor.
    """

    key: str
    parameter: str
    unit: str
    normalise: Normalisation | None
    basis: int
    limit: Limit | None


class ChannelPlan(NamedTuple):
    """How one channel is judged while one set of limits is in force.

    ``floor`` is the value below which a negative value is no longer zero drift (2 % of span; None
    where the range does not contain 0, or its span is beyond the doubles).
    """

    parameter: str
    low: float
    high: float
    floor: float | None
    pollutant: bool
    series: tuple[Series, ...]


class Plans(dict[str, ChannelPlan]):
    """The plans of a source's channels by parameter, under the limits of one time.

    ``normalisations`` by the ``basis`` of a series; ``limits`` by parameter and unit; ``series``
    all of them in the order of the channels, ``layout`` how slots keep them.
    """

    def __init__(
        self,
        channels: dict[str, Channel],
        limits: dict[tuple[str, str], Limit],
        *,
        measures_flow: bool,
    ) -> None:
        self.limits = limits
        self._measures_flow = measures_flow
        self.normalisations: list[Normalisation] = []
        super().__init__({name: self._plan(channel) for name, channel in channels.items()})
        self.series = tuple(series for plan in self.values() for series in plan.series)
        self.layout = layout_of(
            tuple(series.key for series in self.series),
            tuple(at for at, series in enumerate(self.series) if series.basis >= 0),
        )

    def _plan(self, channel: Channel) -> ChannelPlan:
        low, high = channel.range or (-LARGEST, LARGEST)
        floor = _floor(low, high) if channel.range is not None else None
        name = channel.parameter
        series = []
        concentration = self.limits.get((name, CONCENTRATION))
        if concentration is not None and concentration.reference is not None:
            normalise = Concentration(channel, concentration.reference)
            series.append(self._series(name, CONCENTRATION, normalise, concentration))
        mass_flow = self.limits.get((name, MASS_FLOW))
        # The mass above a concentration's limit needs the flow, whether that has a limit or not.
        corrected = channel.conditions is not None and channel.conditions.o2_pct is not None
        if mass_flow is not None or (series and self._measures_flow and not corrected):
            series.append(self._series(name, MASS_FLOW, MassFlow(channel), mass_flow))
        if not series:
            key = f"{name}|{channel.unit}"
            series.append(Series(key, name, channel.unit, None, RAW, None))
        return ChannelPlan(name, low, high, floor, name not in AUXILIARIES, tuple(series))

    def _series(
        self, parameter: str, unit: str, normalise: Normalisation, limit: Limit | None
    ) -> Series:
        bases = [known.basis for known in self.normalisations]
        if normalise.basis not in bases:
            bases.append(normalise.basis)
            self.normalisations.append(normalise)
        basis = bases.index(normalise.basis)
        return Series(f"{parameter}|{unit}", parameter, unit, normalise, basis, limit)


_DRIFT: Final = 0.02 * (1 + 1e-9)
"""Of the span; with room for the roundings of a station that sends exactly 2 % (spec 5)."""


def _floor(low: float, high: float) -> float | None:
    span = high - low
    return -(span * _DRIFT) if low <= 0 <= high and isfinite(span) else None


class Layout:
    """The series of a plan in their order, as slots keep them: by position.

    ``keys`` names them, ``normalised`` are the positions of those that are not as measured.
    Made by `layout_of` alone, so that equal layouts are one object.
    """

    __slots__ = ("keys", "normalised", "position", "sorted")

    def __init__(self, keys: tuple[str, ...], normalised: tuple[int, ...]) -> None:
        self.keys = keys
        self.normalised = list(normalised)
        self.position = {key: at for at, key in enumerate(keys)}
        self.sorted = sorted(range(len(keys)), key=keys.__getitem__)


@cache
def layout_of(keys: tuple[str, ...], normalised: tuple[int, ...]) -> Layout:
    """The layout of series by their keys and the positions of the normalised ones."""
    return Layout(keys, normalised)


class Device(NamedTuple):
    """A device and the validity of its verification (None: it has none)."""

    serial: str
    number: str | None
    valid: Interval | None


class SourceEntry:
    """One source under one registration."""

    def __init__(self, enterprise: Enterprise, source: Source) -> None:
        zone = source.timezone
        self.enterprise = enterprise
        self.source = source
        self.id = source.id
        self.test = enterprise.test
        self.zone = zone
        self.clock: LocalClock = clock(zone)
        self.cadence_s = source.cadence_s
        self.gap_after = max(3 * source.cadence_s * 1000, 20 * MINUTE)
        self.commissioned = moment(zone, enterprise.commissioned_on)
        connected = enterprise.asm.connected_on
        self.connected = None if connected is None else moment(zone, connected)
        self.devices = tuple(
            Device(
                device.serial,
                device.verification.number if device.verification else None,
                _validity(zone, device.verification.on, device.verification.until)
                if device.verification
                else None,
            )
            for device in source.devices
        )
        self.excused = united(_validity(zone, item.start, item.end) for item in source.excused)
        # A name that is none would split keys that are joined of it: such a channel is unknown.
        channels = {
            channel.parameter: channel
            for channel in source.channels
            if is_parameter(channel.parameter)
        }
        self._channels = channels
        self.pollutants = tuple(sorted(name for name in channels if name not in AUXILIARIES))
        self.gas_plan = GasPlan(channels, source.stack_area_m2)
        self._limits = tuple(
            (_validity(zone, limit.valid_from, limit.valid_to), limit) for limit in source.limits
        )
        edges = {edge for validity, _ in self._limits for edge in validity}
        self._starts = sorted({BEGINNING, *edges})
        # Made when first needed: of a nation's registrations most times never are.
        self._plans: list[Plans | None] = [None] * len(self._starts)

    def plan(self, instant: int) -> Plans:
        """The plans of the channels under the limits in force at ``instant``."""
        index = bisect_right(self._starts, instant) - 1
        plan = self._plans[index]
        if plan is None:
            plan = self._plans[index] = self._compile(self._starts[index])
        return plan

    def plan_span(self, instant: int) -> Interval:
        """From when until when `plan` is the one it is at ``instant``."""
        index = bisect_right(self._starts, instant)
        return self._starts[index - 1], self._starts[index] if index < len(
            self._starts
        ) else FOREVER

    def limit(self, parameter: str, unit: str, instant: int) -> Limit | None:
        """The limit on a parameter in a unit in force at ``instant``, or None."""
        return self.plan(instant).limits.get((parameter, unit))

    def window(self, kind: int, instant: int) -> Interval:
        """Start and end of the window of a kind that contains ``instant``."""
        if kind == WHOLE_DAY:
            return self.clock.day(instant)
        start = self.clock.start(instant, KINDS[kind].length)
        return start, self.clock.end(start, KINDS[kind].length)

    def midnight(self, day: date) -> int:
        """Local midnight of a date."""
        return midnight(self.zone, day)

    def verified(self, serial: str | None, instant: int) -> bool:
        """Whether the device of a reading is listed and within its verification."""
        if not self.devices:
            return True
        return any(
            device.serial == serial
            and device.valid is not None
            and device.valid[0] <= instant < device.valid[1]
            for device in self.devices
        )

    def device(self, serial: str | None, instant: int) -> Device | None:
        """The listed device with a serial, the one verified at ``instant`` before others."""
        listed = [device for device in self.devices if device.serial == serial]
        for device in listed:
            if device.valid is not None and device.valid[0] <= instant < device.valid[1]:
                return device
        return listed[0] if listed else None

    def _compile(self, start: int) -> Plans:
        """The plans under the limits in force from ``start`` on, until one begins or ends."""
        in_force = {
            (limit.parameter, limit.unit): limit
            for (begin, end), limit in self._limits
            if begin <= start < end
        }
        return Plans(self._channels, in_force, measures_flow=self.gas_plan.measures_flow)


def _validity(zone: str, start: str | None, end: str | None) -> Interval:
    return (
        BEGINNING if start is None else moment(zone, start),
        FOREVER if end is None else moment(zone, end),
    )


def united(intervals: Iterable[Interval]) -> list[Interval]:
    """The union of half-open intervals as a sorted list that neither touches nor overlaps."""
    result: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def compile_sources(enterprise: Enterprise) -> tuple[SourceEntry, ...]:
    """The entries of all sources of an enterprise."""
    return tuple(SourceEntry(enterprise, source) for source in enterprise.sources)


def next_midnight(entry: SourceEntry, instant: int) -> int:
    """The first local midnight after ``instant``."""
    return entry.midnight(entry.clock.date(instant) + timedelta(days=1))
