"""Normalisation of one value of one reading to a limit's reference conditions (F1 to F6).

Every formula is a product of ratios, so it is kept as one exact fraction of integers and rounded
once, by the final division, to a double: rules compare what was published, and nothing but the
measured doubles and the constants below decides on which side of a limit a value falls.

F1 temperature and pressure ``C * (T/T_ref) * (P_ref/P)``; F2 dry basis ``C / (1 - H2O/100)``;
F3 oxygen ``C * (21 - O2_ref)/(21 - O2_dry)``;
F4 flow ``Q * (T_ref/T) * (P/P_ref) * (1 - H2O/100)``;
F5 mass flow ``C_dry * Q_dry / 1000``; F6 ``mg/m3 = ppm * M / V_m``, ``V_m = R * T_ref / P_ref``.
One file, although a long one: the exact form and what columns take from it must not drift apart.
Sources: EC art. 202 p. 5 (dry gas, 293.15 K, 101.3 kPa), HJ 212-2017 (18), EN 14181 practice.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from streams.core.registration import Channel, Conditions

Ratio = tuple[int, int]
"""An exact fraction: numerator, positive denominator."""

KELVIN = 273.15
GAS_CONSTANT = 8.314462618  # J/(mol K), which is L kPa/(mol K)
OXYGEN_OF_AIR = 21
OXYGEN_TOO_HIGH_PCT = 20

MOLAR_MASS: Mapping[str, float] = {
    "SO2": 64.066,
    "NO": 30.006,
    "NO2": 46.006,
    "NOX": 46.006,
    "CO": 28.010,
    "H2S": 34.081,
    "NH3": 17.031,
    "HCL": 36.461,
    "HF": 20.006,
    "CH4": 16.043,
}
"""g/mol; another gas needs ``molar_mass`` in its channel."""

PASCALS: Mapping[str, int] = {"kPa": 1000, "hPa": 100, "mbar": 100, "Pa": 1}

AUXILIARY_MISSING = "AUXILIARY_MISSING"
OXYGEN_TOO_HIGH = "OXYGEN_TOO_HIGH"
NOT_FINITE = "NOT_FINITE"


def ratio(value: float) -> Ratio:
    """The exact fraction of a finite double."""
    return float(value).as_integer_ratio()


def _add(value: Ratio, other: Ratio) -> Ratio:
    return value[0] * other[1] + other[0] * value[1], value[1] * other[1]


_KELVIN = ratio(KELVIN)


class Gas(NamedTuple):
    """The state of the gas in one reading; None where the channel is absent or not usable.

    ``temperature`` K, ``pressure`` kPa absolute, ``dryness`` = 100 - H2O in percent,
    ``oxygen`` percent of dry gas, ``flow`` m3/s wet and actual. All exact.
    """

    temperature: Ratio | None
    pressure: Ratio | None
    dryness: Ratio | None
    oxygen: Ratio | None
    flow: Ratio | None


class Shape(NamedTuple):
    """What a normalisation takes from the gas; with a constant it is the whole of it.

    ``drying`` 1: wet to dry, -1: dry to wet; ``oxygen`` one of the words below; ``flow``: to g/s.
    """

    temperature: bool
    pressure: bool
    drying: int
    oxygen: str
    flow: bool


NO_OXYGEN, OXYGEN_MEASURED, ALWAYS_TOO_HIGH = "no oxygen", "measured", "given, and too high"


class GasPlan:
    """How a source's auxiliary channels become the state of the gas.

    ``measures_flow``: by a FLOW channel, or VELOCITY in a stack of known area.
    """

    def __init__(self, channels: Mapping[str, Channel], stack_area_m2: float | None) -> None:
        temperature, pressure = channels.get("TEMPERATURE"), channels.get("PRESSURE")
        self._celsius = temperature is not None and temperature.unit == "degC"
        self._pascals = PASCALS.get(pressure.unit, 1000) if pressure is not None else 1000
        oxygen = channels.get("O2")
        self._oxygen_wet = oxygen is not None and not is_dry(oxygen)
        # A source with a FLOW channel is never measured by velocity: no fallback.
        self._flow_channel = "FLOW" if "FLOW" in channels else "VELOCITY"
        self._flow_factor: Ratio | None = None
        self.measures_flow = self._flow_channel in channels
        if "FLOW" in channels:
            self._flow_factor = (1, 3600) if channels["FLOW"].unit == "m3/h" else (1, 1)
        elif stack_area_m2 is not None:
            self._flow_factor = ratio(stack_area_m2)
        self.measures_flow &= self._flow_factor is not None

    @property
    def reads(self) -> tuple[bool, bool, str]:
        """Whether TEMPERATURE is in degC, whether O2 is of wet gas, and the channel of the flow."""
        return self._celsius, self._oxygen_wet, self._flow_channel

    @property
    def kilopascals(self) -> Ratio:
        """What a value of PRESSURE is multiplied by."""
        return self._pascals, 1000

    @property
    def flow_factor(self) -> Ratio | None:
        """What a value of the flow's channel is multiplied by to m3/s; None: it is not known."""
        return self._flow_factor

    def gas(self, values: Mapping[str, float]) -> Gas:
        """The state of the gas from the valid auxiliary values of one reading."""
        temperature = pressure = dryness = oxygen = flow = None
        if (value := values.get("TEMPERATURE")) is not None:
            kelvin = ratio(value)
            if self._celsius:
                kelvin = _add(kelvin, _KELVIN)
            temperature = kelvin if kelvin[0] > 0 else None
        if (value := values.get("PRESSURE")) is not None and value > 0:
            number, part = ratio(value)
            pressure = (number * self._pascals, part * 1000)
        if (value := values.get("H2O")) is not None and value < 100:
            number, part = ratio(value)
            dryness = (100 * part - number, part)
        if (value := values.get("O2")) is not None:
            oxygen = ratio(value)
            if self._oxygen_wet:
                oxygen = (
                    None
                    if dryness is None
                    else (oxygen[0] * 100 * dryness[1], oxygen[1] * dryness[0])
                )
        value = values.get(self._flow_channel)
        if value is not None and self._flow_factor is not None:
            number, part = ratio(value)
            flow = (number * self._flow_factor[0], part * self._flow_factor[1])
        return Gas(temperature, pressure, dryness, oxygen, flow)


def is_dry(channel: Channel) -> bool:
    """Whether a channel reports on dry gas: its conditions go before its basis."""
    if channel.conditions is not None and channel.conditions.dry is not None:
        return channel.conditions.dry
    return channel.basis == "dry"


def molar_mass(channel: Channel) -> float:
    """g/mol of a ppm channel's gas; ValueError if neither the list nor the channel knows it."""
    mass = channel.molar_mass or MOLAR_MASS.get(channel.parameter)
    if mass is None:
        raise ValueError(f"{channel.parameter} in ppm needs its molar_mass")
    return mass


class Concentration:
    """One channel's value (mg/m3 or ppm) to mg/m3 in the reference of one limit."""

    def __init__(self, channel: Channel, reference: Conditions) -> None:
        given = channel.conditions or Conditions()
        number, part = 1, 1
        self._needs_temperature = self._needs_pressure = False
        t_ref = ratio(reference.temperature_k or 0.0)
        p_ref = ratio(reference.pressure_kpa or 0.0)
        if channel.unit == "ppm":
            mass, constant = ratio(molar_mass(channel)), ratio(GAS_CONSTANT)
            number = mass[0] * p_ref[0] * constant[1] * t_ref[1]
            part = mass[1] * p_ref[1] * constant[0] * t_ref[0]
        else:
            number, part = t_ref[1] * p_ref[0], t_ref[0] * p_ref[1]
            self._needs_temperature = given.temperature_k is None
            self._needs_pressure = given.pressure_kpa is None
            if given.temperature_k is not None:
                kelvin = ratio(given.temperature_k)
                number, part = number * kelvin[0], part * kelvin[1]
            if given.pressure_kpa is not None:
                kilopascal = ratio(given.pressure_kpa)
                number, part = number * kilopascal[1], part * kilopascal[0]
        self._drying = bool(reference.dry) - is_dry(channel)  # 1: wet to dry, -1: dry to wet
        self._oxygen_given = None if given.o2_pct is None else ratio(given.o2_pct)
        self._oxygen_reference: Ratio | None = None
        if reference.o2_pct is not None:
            o2, whole = ratio(reference.o2_pct)
            self._oxygen_reference = (OXYGEN_OF_AIR * whole - o2, whole)
            number, part = number * self._oxygen_reference[0], part * whole
        self._number, self._part = number, part

    def __call__(self, value: float, gas: Gas) -> float | str:
        """mg/m3 in the reference, or the quality code that makes the value invalid."""
        factor = self.factor(gas)
        return factor if isinstance(factor, str) else scaled(value, factor)

    @property
    def basis(self) -> tuple[object, ...]:
        """Equal for channels of one source whose values are scaled by the same factor."""
        return (
            self._number,
            self._part,
            self._needs_temperature,
            self._needs_pressure,
            self._drying,
            self._oxygen_given,
            self._oxygen_reference,
        )

    @property
    def shape(self) -> Shape:
        """What it takes from the gas."""
        oxygen = NO_OXYGEN
        if self._oxygen_reference is not None:
            given = self._oxygen_given
            if given is None:
                oxygen = OXYGEN_MEASURED
            elif given[0] >= OXYGEN_TOO_HIGH_PCT * given[1]:
                oxygen = ALWAYS_TOO_HIGH
        return Shape(self._needs_temperature, self._needs_pressure, self._drying, oxygen, False)

    @property
    def constant(self) -> Fraction:
        """What is left where every part of the gas that it takes is 1 (pressure in kPa)."""
        constant = Fraction(self._number, self._part)
        if self._drying:
            constant *= Fraction(100) ** self._drying
        if self._oxygen_reference is not None and self._oxygen_given is not None:
            constant /= OXYGEN_OF_AIR - Fraction(*self._oxygen_given)
        return constant

    def factor(self, gas: Gas) -> Ratio | str:
        """What a value is multiplied by, exact, or the code that makes it invalid."""
        number, part = self._number, self._part
        if self._needs_temperature:
            if gas.temperature is None:
                return AUXILIARY_MISSING
            number *= gas.temperature[0]
            part *= gas.temperature[1]
        if self._needs_pressure:
            if gas.pressure is None:
                return AUXILIARY_MISSING
            number *= gas.pressure[1]
            part *= gas.pressure[0]
        if self._drying:
            if gas.dryness is None:
                return AUXILIARY_MISSING
            if self._drying > 0:
                number *= 100 * gas.dryness[1]
                part *= gas.dryness[0]
            else:
                number *= gas.dryness[0]
                part *= 100 * gas.dryness[1]
        if self._oxygen_reference is not None:
            oxygen = self._oxygen_given or gas.oxygen
            if oxygen is None:
                return AUXILIARY_MISSING
            if oxygen[0] >= OXYGEN_TOO_HIGH_PCT * oxygen[1]:
                return OXYGEN_TOO_HIGH
            number *= oxygen[1]
            part *= OXYGEN_OF_AIR * oxygen[1] - oxygen[0]
        return number, part


class MassFlow:
    """One channel's value (mg/m3 or ppm) to g/s, without oxygen correction (F5)."""

    def __init__(self, channel: Channel) -> None:
        # The reference of volume and concentration is the same and cancels: 1 K, 1 kPa.
        reference = Conditions(temperature_k=1.0, pressure_kpa=1.0, dry=True)
        self._concentration = Concentration(channel, reference)

    def __call__(self, value: float, gas: Gas) -> float | str:
        """g/s, or the quality code that makes the value invalid."""
        factor = self.factor(gas)
        return factor if isinstance(factor, str) else scaled(value, factor)

    @property
    def basis(self) -> tuple[object, ...]:
        """Equal for channels of one source whose values are scaled by the same factor."""
        return "mass flow", *self._concentration.basis

    @property
    def shape(self) -> Shape:
        """What it takes from the gas."""
        return self._concentration.shape._replace(flow=True)

    @property
    def constant(self) -> Fraction:
        """What is left where every part of the gas that it takes is 1 (flow m3/s, kPa)."""
        return self._concentration.constant / 100_000

    def factor(self, gas: Gas) -> Ratio | str:
        """What a value is multiplied by, exact, or the code that makes it invalid."""
        if gas.temperature is None or gas.pressure is None or gas.dryness is None:
            return AUXILIARY_MISSING
        if gas.flow is None:
            return AUXILIARY_MISSING
        factor = self._concentration.factor(gas)
        if isinstance(factor, str):
            return factor
        number, part = factor
        number *= gas.flow[0] * gas.temperature[1] * gas.pressure[0] * gas.dryness[0]
        part *= gas.flow[1] * gas.temperature[0] * gas.pressure[1] * gas.dryness[1] * 100_000
        return number, part


Normalisation = Concentration | MassFlow


def scaled(value: float, factor: Ratio) -> float | str:
    """``value * factor`` rounded once, or NOT_FINITE beyond the doubles."""
    number, part = value.as_integer_ratio()
    try:
        return number * factor[0] / (part * factor[1])
    except OverflowError:
        return NOT_FINITE
