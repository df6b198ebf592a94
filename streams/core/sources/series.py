"""Plans how a channel is judged: its series, their normalisation and limits, their layout."""

from __future__ import annotations

import sys
from collections.abc import Collection
from functools import cache
from math import isfinite
from typing import Final, NamedTuple

from schemas.reading import is_auxiliary
from streams.core.normalisation.formulas import Concentration, MassFlow, Normalisation
from streams.core.normalisation.gas import NO_FLOW
from streams.core.registry.enterprise import Channel, Limit
from streams.core.sources.reported import CONCENTRATION_UNITS, is_reported, reporters, stands_in
from streams.core.sources.reported import MASS_FLOW as MASS_FLOW

CONCENTRATION = "mg/m3"

ANNUAL_MASS = "t/a"
"""Unit of the limits on the mass of a calendar year."""

MASS_ONLY = ""
"""In place of the unit in the key of a mass flow (g/s) that is kept for a year's mass, and of which
no mean is made: the specification names none where no limit in mg/m3 or g/s is in force. No channel
has an empty unit."""

RAW_BASIS = -1
"""Basis of a series that needs no normalisation."""

MAX_DOUBLE = sys.float_info.max
"""Bounds of a channel without a range: every finite value."""


class Series(NamedTuple):
    """One series that a channel feeds: its unit, its normalisation, its limit.

    ``key`` names it in a slot. ``normalise`` is None for a raw series, whose values are used as
    measured; ``basis`` numbers the normalisations of a source: series of one basis share a factor.
    """

    key: str
    parameter: str
    unit: str
    normalise: Normalisation | None
    basis: int
    limit: Limit | None


class ChannelPlan(NamedTuple):
    """Plans how one channel is judged while one set of limits is in force.

    ``floor`` is the value below which a negative value is no longer zero drift (2 % of span; None
    where the range does not contain 0, or its span is beyond the doubles).
    """

    parameter: str
    low: float
    high: float
    floor: float | None
    pollutant: bool
    series: tuple[Series, ...]


class ChannelPlans(dict[str, ChannelPlan]):
    """Holds the plans of a source's channels by parameter, under the limits of one time.

    ``normalisations`` by the ``basis`` of a series; ``limits`` by parameter and unit; ``series``
    all of them in the order of the channels; ``layout`` is their order in slots. ``flow`` is what
    gas the measured flow is of. ``reported`` are the keys of reported mass flows, which have raw
    means in every window, each with the parameter whose limit its hours are judged by ("": none,
    its mass flow is computed); ``compared`` pairs the key of a reported mass flow with that of the
    computed one. ``annual`` are the parameters whose mass is limited in t/a at any time: it counts
    from 1 January whenever its limit begins.
    """

    def __init__(
        self,
        channels: dict[str, Channel],
        limits: dict[tuple[str, str], Limit],
        *,
        flow: str,
        annual: Collection[str] = (),
    ) -> None:
        self.limits = limits
        self._channels, self._flow, self._annual = channels, flow, annual
        self._reporters = reporters(channels)
        self.reported = {
            f"{name}|{MASS_FLOW}": of if stands_in(of, channels, self._reporters, flow) else ""
            for of, name in self._reporters.items()
        }
        self.compared: list[tuple[str, str]] = []
        self.normalisations: list[Normalisation] = []
        super().__init__({name: self._plan(channel) for name, channel in channels.items()})
        self.series = tuple(series for plan in self.values() for series in plan.series)
        self.layout = layout_of(
            tuple(series.key for series in self.series),
            tuple(at for at, series in enumerate(self.series) if series.basis >= 0),
        )

    def _plan(self, channel: Channel) -> ChannelPlan:
        low, high = channel.range or (-MAX_DOUBLE, MAX_DOUBLE)
        low = max(low, LEAST_RANGE.get(channel.parameter, low))
        floor = _floor(low, high) if channel.range is not None else None
        name = channel.parameter
        series = [] if is_reported(channel) else self._normalised(channel)
        if not series:
            key = f"{name}|{channel.unit}"
            series.append(Series(key, name, channel.unit, None, RAW_BASIS, None))
            if name in self._annual and self._can_be_weighed(channel):
                by_flow = MassFlow(channel, self._flow)
                series.append(self._series(name, MASS_ONLY, by_flow, None))
        return ChannelPlan(name, low, high, floor, not is_auxiliary(name), tuple(series))

    def mass_key(self, parameter: str) -> str:
        """Return the key of the series that is the mass flow of a parameter, if there is one."""
        reporter = self._reporters.get(parameter, parameter)
        key = f"{reporter}|{MASS_FLOW}"
        return key if self.reported.get(key) else f"{parameter}|{MASS_FLOW}"

    def _normalised(self, channel: Channel) -> list[Series]:
        """Plan the series in the units of limits, none without a limit."""
        name, series = channel.parameter, list[Series]()
        concentration = self.limits.get((name, CONCENTRATION))
        mass_flow = self.limits.get((name, MASS_FLOW))
        if concentration is not None and concentration.reference is not None:
            normalise = Concentration(channel, concentration.reference)
            series.append(self._series(name, CONCENTRATION, normalise, concentration))
        if stands_in(name, self._channels, self._reporters, self._flow):
            return series
        # The mass above a concentration's limit needs the flow, whether that has a limit or not.
        if mass_flow is not None or (series and self._can_be_weighed(channel)):
            by_flow = MassFlow(channel, self._flow)
            series.append(self._series(name, MASS_FLOW, by_flow, mass_flow))
            if name in self._reporters:
                self.compared.append((f"{self._reporters[name]}|{MASS_FLOW}", series[-1].key))
        return series

    def _can_be_weighed(self, channel: Channel) -> bool:
        """Tell whether the mass flow of a concentration is computed without a limit on it."""
        name = channel.parameter
        corrected = channel.conditions is not None and channel.conditions.o2_pct is not None
        return (
            self._flow != NO_FLOW
            and channel.unit in CONCENTRATION_UNITS
            and not corrected
            and not stands_in(name, self._channels, self._reporters, self._flow)
        )

    def _series(
        self, parameter: str, unit: str, normalise: Normalisation, limit: Limit | None
    ) -> Series:
        bases = [known.basis for known in self.normalisations]
        if normalise.basis not in bases:
            bases.append(normalise.basis)
            self.normalisations.append(normalise)
        basis = bases.index(normalise.basis)
        return Series(f"{parameter}|{unit}", parameter, unit, normalise, basis, limit)


LEAST_RANGE: Final = {"ALPHA": 1.0}
"""The least that a channel can tell, whatever its range says: no burning takes less air."""

_DRIFT: Final = 0.02 * (1 + 1e-9)
"""Of the span; with room for the roundings of a station that sends exactly 2 % (spec 5)."""


def _floor(low: float, high: float) -> float | None:
    span = high - low
    return -(span * _DRIFT) if low <= 0 <= high and isfinite(span) else None


class SeriesLayout:
    """Orders the series of a plan, so that slots keep them by position.

    ``keys`` names them, ``normalised`` are the positions of those that are not as measured. Made by
    `layout_of` alone, so that equal layouts are one object.
    """

    __slots__ = ("keys", "normalised", "position", "sorted")

    def __init__(self, keys: tuple[str, ...], normalised: tuple[int, ...]) -> None:
        self.keys = keys
        self.normalised = list(normalised)
        self.position = {key: at for at, key in enumerate(keys)}
        self.sorted = sorted(range(len(keys)), key=keys.__getitem__)


@cache
def layout_of(keys: tuple[str, ...], normalised: tuple[int, ...]) -> SeriesLayout:
    """Return the layout of series by their keys and the positions of the normalised ones."""
    return SeriesLayout(keys, normalised)
