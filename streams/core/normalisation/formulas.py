"""Normalisation of one value of one reading to a limit's reference conditions (F1 to F6).

Every formula is a product of ratios, so it is kept as one exact fraction of integers and rounded
once, by the final division, to a double: rules compare what was published, and nothing but the
measured doubles and the constants below decides on which side of a limit a value falls.

F1 temperature and pressure ``C * (T/T_ref) * (P_ref/P)``; F2 dry basis ``C / (1 - H2O/100)``;
F3 oxygen ``C * (21 - O2_ref)/(21 - O2_dry)``;
F4 flow ``Q * (T_ref/T) * (P/P_ref) * (1 - H2O/100)``;
F5 mass flow ``C_dry * Q_dry / 1000``, where a flow in Nm3 is Q_dry already;
F6 ``mg/m3 = ppm * M / V_m``, ``V_m = R * T_ref / P_ref``.
The state of the gas is made in `streams.core.normalisation.gas`; the exact form of a formula and
what columns take from it stand side by side here, so that they do not drift apart.
Sources: EC art. 202 p. 5 (dry gas, 293.15 K, 101.3 kPa), HJ 212-2017 (18), EN 14181 practice.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from streams.core.law.quality_codes import AUXILIARY_MISSING, NOT_FINITE, OXYGEN_TOO_HIGH
from streams.core.normalisation.gas import (
    ACTUAL_FLOW,
    GAS_CONSTANT,
    NO_FLOW,
    NORMAL_FLOW,
    NORMAL_PRESSURE_KPA,
    NORMAL_TEMPERATURE_K,
    OXYGEN_OF_AIR,
    OXYGEN_TOO_HIGH_PCT,
    Gas,
    Ratio,
    is_dry,
    ratio,
)
from streams.core.registry.enterprise import Channel, Conditions

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


class FormulaShape(NamedTuple):
    """What a normalisation takes from the gas; with a constant it is the whole of it.

    ``drying`` 1: wet to dry, -1: dry to wet; ``oxygen`` one of the words below; ``flow``: what
    gas the flow is of that makes it g/s (`streams.core.normalisation.gas`).
    """

    temperature: bool
    pressure: bool
    drying: int
    oxygen: str
    flow: str


NO_OXYGEN, OXYGEN_MEASURED, ALWAYS_TOO_HIGH = "no oxygen", "measured", "given, and too high"


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
    def shape(self) -> FormulaShape:
        """What it takes from the gas."""
        oxygen = NO_OXYGEN
        if self._oxygen_reference is not None:
            given = self._oxygen_given
            if given is None:
                oxygen = OXYGEN_MEASURED
            elif given[0] >= OXYGEN_TOO_HIGH_PCT * given[1]:
                oxygen = ALWAYS_TOO_HIGH
        return FormulaShape(
            self._needs_temperature, self._needs_pressure, self._drying, oxygen, NO_FLOW
        )

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
        """Return the exact factor of a value, or the code that makes it invalid."""
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
    """One channel's value (mg/m3 or ppm) to g/s, without oxygen correction (F5).

    ``flow`` says of what gas the volume flow is: `NORMAL_FLOW` is in the reference of the
    concentration already, so that nothing but the concentration needs T, P and H2O.
    """

    def __init__(self, channel: Channel, flow: str = ACTUAL_FLOW) -> None:
        self._normal = flow == NORMAL_FLOW
        # Of actual flow the reference is that of the volume too and cancels: 1 K, 1 kPa.
        reference = Conditions(temperature_k=1.0, pressure_kpa=1.0, dry=True)
        if self._normal:
            reference = Conditions(NORMAL_TEMPERATURE_K, NORMAL_PRESSURE_KPA, dry=True)
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
    def shape(self) -> FormulaShape:
        """What it takes from the gas."""
        flow = NORMAL_FLOW if self._normal else ACTUAL_FLOW
        return self._concentration.shape._replace(flow=flow)

    @property
    def constant(self) -> Fraction:
        """What is left where every part of the gas that it takes is 1 (flow m3/s, kPa)."""
        return self._concentration.constant / (1000 if self._normal else 100_000)

    def factor(self, gas: Gas) -> Ratio | str:
        """Return the exact factor of a value, or the code that makes it invalid."""
        if gas.flow is None:
            return AUXILIARY_MISSING
        if self._normal:
            factor = self._concentration.factor(gas)
            if isinstance(factor, str):
                return factor
            return factor[0] * gas.flow[0], factor[1] * gas.flow[1] * 1000
        if gas.temperature is None or gas.pressure is None or gas.dryness is None:
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
