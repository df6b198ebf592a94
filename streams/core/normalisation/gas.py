"""The state of the gas in one reading, from its auxiliary channels, in exact fractions.

What a station may send instead of the plain quantity, each with its formula (Order 208, n. 13):

- PRESSURE as gauge pressure or draught: ``P = P_gauge + P_barometric``;
- ALPHA, the excess of air, where there is no O2: ``O2 = 21 * (1 - 1/alpha)`` of dry gas;
- H2O as water vapour in mg/m3 of wet gas at 293.15 K and 101.3 kPa:
  ``share = c * V_m / (18.015e6)``, ``V_m = R * 293.15 / 101.3`` L/mol;
- FLOW in Nm3: dry gas at 293.15 K and 101.3 kPa already.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from streams.core.registry.enterprise import Channel

Ratio = tuple[int, int]
"""An exact fraction: numerator, positive denominator."""

KELVIN = 273.15
GAS_CONSTANT = 8.314462618  # J/(mol K), which is L kPa/(mol K)
OXYGEN_OF_AIR = 21
OXYGEN_TOO_HIGH_PCT = 20
EXCESS_AIR_TOO_HIGH = OXYGEN_OF_AIR // (OXYGEN_OF_AIR - OXYGEN_TOO_HIGH_PCT)
"""Excess of air with which dry gas has `OXYGEN_TOO_HIGH_PCT` of oxygen."""

NORMAL_TEMPERATURE_K: Final = 293.15
NORMAL_PRESSURE_KPA: Final = 101.3
"""Conditions of a normal cubic metre (Methodology 63), in which Nm3 and water vapour are told."""

ATMOSPHERE_KPA: Final = 101.325
"""Barometric pressure of a source that tells none."""

WATER_MOLAR_MASS: Final = 18.015  # g/mol

PASCALS: Mapping[str, int] = {"kPa": 1000, "hPa": 100, "mbar": 100, "Pa": 1}

FLOW_FACTORS: Mapping[str, Ratio] = {
    "m3/s": (1, 1),
    "m3/h": (1, 3600),
    "Nm3/s": (1, 1),
    "Nm3/h": (1, 3600),
}
"""What a value of FLOW is multiplied by to cubic metres a second."""

NORMAL_FLOW_UNITS: Final = frozenset({"Nm3/s", "Nm3/h"})


def ratio(value: float) -> Ratio:
    """Return the exact fraction of a finite double."""
    return float(value).as_integer_ratio()


def _add(value: Ratio, other: Ratio) -> Ratio:
    return value[0] * other[1] + other[0] * value[1], value[1] * other[1]


_KELVIN = ratio(KELVIN)

VAPOUR_PERCENT: Final = (
    100
    * Fraction(GAS_CONSTANT)
    * Fraction(NORMAL_TEMPERATURE_K)
    / (Fraction(NORMAL_PRESSURE_KPA) * Fraction(WATER_MOLAR_MASS) * 1_000_000)
)
"""Percent by volume of wet gas that 1 mg/m3 of water vapour makes."""

NO_FLOW, ACTUAL_FLOW, NORMAL_FLOW = "", "actual", "normal"
"""What the flow of a source is of: none is measured, of wet gas as it is, of dry normal gas."""

DRY_OXYGEN, WET_OXYGEN, EXCESS_AIR = "dry", "wet", "excess air"
"""What the oxygen of a source is taken from: O2 of dry gas, of wet gas, or ALPHA."""


class Gas(NamedTuple):
    """The state of the gas in one reading; None where the channel is absent or not usable.

    ``temperature`` K, ``pressure`` kPa absolute, ``dryness`` = 100 - H2O in percent,
    ``oxygen`` percent of dry gas, ``flow`` m3/s wet and actual, or dry and normal. All exact.
    """

    temperature: Ratio | None
    pressure: Ratio | None
    dryness: Ratio | None
    oxygen: Ratio | None
    flow: Ratio | None


class Gauge(NamedTuple):
    """How PRESSURE, told against the barometric pressure, becomes absolute.

    Both are multiplied by their ``scale`` to the unit of `GasPlan.kilopascals`, and added.
    ``barometric`` is the channel of the latter; empty: it is a constant of the source.
    """

    scale: int
    barometric: str
    barometric_scale: int


class GasShape(NamedTuple):
    """What two plans of the gas have in common that differ in nothing but constants.

    ``celsius``: TEMPERATURE is in degC; ``oxygen``: one of the words above; ``flow_channel``;
    ``vapour``: H2O is in mg/m3; ``gauge``: None where PRESSURE is absolute.
    """

    celsius: bool
    oxygen: str
    flow_channel: str
    vapour: bool
    gauge: Gauge | None


class GasPlan:
    """How a source's auxiliary channels become the state of the gas.

    ``flow`` says of what gas the flow is that the source measures, by a FLOW channel or VELOCITY in
    a stack of known area; ``barometric_kpa`` (kPa) goes with a gauge pressure where the source has
    no channel BAROMETRIC_PRESSURE, None: `ATMOSPHERE_KPA`.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        stack_area_m2: float | None,
        barometric_kpa: float | None = None,
    ) -> None:
        temperature, pressure = channels.get("TEMPERATURE"), channels.get("PRESSURE")
        barometric, water = channels.get("BAROMETRIC_PRESSURE"), channels.get("H2O")
        self._celsius = temperature is not None and temperature.unit == "degC"
        self._pascals = PASCALS.get(pressure.unit, 1000) if pressure is not None else 1000
        self._gauge: Gauge | None = None
        self._barometric_kpa = ATMOSPHERE_KPA if barometric_kpa is None else barometric_kpa
        if pressure is not None and pressure.gauge:
            own, name, other = self._pascals, "", self._pascals
            if barometric is not None:  # goes before the constant, and nothing replaces it
                name, other = barometric.parameter, PASCALS.get(barometric.unit, 1000)
            self._pascals = min(own, other)  # each unit is a whole multiple of a smaller one
            self._gauge = Gauge(own // self._pascals, name, other // self._pascals)
        self._vapour = water is not None and water.unit == "mg/m3"
        oxygen = channels.get("O2")
        if oxygen is not None:
            self._oxygen = DRY_OXYGEN if is_dry(oxygen) else WET_OXYGEN
        else:
            self._oxygen = EXCESS_AIR if "ALPHA" in channels else DRY_OXYGEN
        # A source with a FLOW channel is never measured by velocity: no fallback.
        self._flow_channel = "FLOW" if "FLOW" in channels else "VELOCITY"
        self._flow_factor: Ratio | None = None
        self.flow = NO_FLOW
        if (measured := channels.get("FLOW")) is not None:
            self._flow_factor = FLOW_FACTORS.get(measured.unit, (1, 1))
            self.flow = NORMAL_FLOW if measured.unit in NORMAL_FLOW_UNITS else ACTUAL_FLOW
        elif stack_area_m2 is not None:
            self._flow_factor = ratio(stack_area_m2)
            self.flow = ACTUAL_FLOW if "VELOCITY" in channels else NO_FLOW

    @property
    def shape(self) -> GasShape:
        """What it reads of which channel, without its constants."""
        return GasShape(self._celsius, self._oxygen, self._flow_channel, self._vapour, self._gauge)

    @property
    def kilopascals(self) -> Ratio:
        """What a pressure in the plan's unit, that of PRESSURE unless it is gauge, is times kPa."""
        return self._pascals, 1000

    @property
    def barometric(self) -> Fraction | None:
        """The barometric pressure in the plan's unit; None where no constant is needed."""
        if self._gauge is None or self._gauge.barometric:
            return None
        return Fraction(self._barometric_kpa) * 1000 / self._pascals

    @property
    def flow_factor(self) -> Ratio | None:
        """What a value of the flow's channel is multiplied by to m3/s; None: it is not known."""
        return self._flow_factor

    def gas(self, values: Mapping[str, float]) -> Gas:
        """Return the state of the gas from the valid auxiliary values of one reading."""
        temperature = flow = None
        if (value := values.get("TEMPERATURE")) is not None:
            kelvin = ratio(value)
            if self._celsius:
                kelvin = _add(kelvin, _KELVIN)
            temperature = kelvin if kelvin[0] > 0 else None
        pressure = self._absolute(values)
        dryness = self._dryness(values)
        oxygen = self._dry_oxygen(values, dryness)
        value = values.get(self._flow_channel)
        if value is not None and self._flow_factor is not None:
            number, part = ratio(value)
            flow = (number * self._flow_factor[0], part * self._flow_factor[1])
        return Gas(temperature, pressure, dryness, oxygen, flow)

    def _absolute(self, values: Mapping[str, float]) -> Ratio | None:
        """Return the absolute pressure, kPa, if it is known and above 0."""
        value = values.get("PRESSURE")
        if value is None:
            return None
        number, part = ratio(value)
        gauge = self._gauge
        if gauge is None:
            return (number * self._pascals, part * 1000) if number > 0 else None
        if gauge.barometric:
            outside = values.get(gauge.barometric)
            if outside is None or outside <= 0:
                return None
            above, below = ratio(outside)
            barometric = above * gauge.barometric_scale * self._pascals, below * 1000
        else:
            barometric = ratio(self._barometric_kpa)
        total = _add((number * gauge.scale * self._pascals, part * 1000), barometric)
        return total if total[0] > 0 else None

    def _dryness(self, values: Mapping[str, float]) -> Ratio | None:
        """Return 100 - H2O in percent, if it is known and above 0."""
        value = values.get("H2O")
        if value is None:
            return None
        number, part = ratio(value)
        if self._vapour:
            number *= VAPOUR_PERCENT.numerator
            part *= VAPOUR_PERCENT.denominator
        dryness = 100 * part - number
        return (dryness, part) if dryness > 0 else None

    def _dry_oxygen(self, values: Mapping[str, float], dryness: Ratio | None) -> Ratio | None:
        """Return the oxygen of dry gas, percent, if it is known."""
        if self._oxygen == EXCESS_AIR:
            alpha = values.get("ALPHA")
            if alpha is None or alpha < 1:
                return None
            number, part = ratio(alpha)
            return OXYGEN_OF_AIR * (number - part), number
        value = values.get("O2")
        if value is None:
            return None
        number, part = ratio(value)
        if self._oxygen == DRY_OXYGEN:
            return number, part
        return None if dryness is None else (number * 100 * dryness[1], part * dryness[0])


def is_dry(channel: Channel) -> bool:
    """Whether a channel reports on dry gas: its conditions go before its basis."""
    if channel.conditions is not None and channel.conditions.dry is not None:
        return channel.conditions.dry
    return channel.basis == "dry"
