"""Normalisation: the worked numbers, what each unit needs, and one rounding at the end."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.law.quality_codes import AUXILIARY_MISSING, NOT_FINITE, OXYGEN_TOO_HIGH
from streams.core.normalisation.formulas import (
    MOLAR_MASS,
    Concentration,
    MassFlow,
    molar_mass,
)
from streams.core.normalisation.gas import GAS_CONSTANT, GasPlan
from streams.core.registry.enterprise import Channel, Conditions

KAZAKHSTAN = Conditions(293.15, 101.3, dry=True)
EUROPE = Conditions(273.15, 101.325, dry=True)
AT_SIX = Conditions(293.15, 101.3, dry=True, o2_pct=6.0)
WET = Channel("SO2", "mg/m3", basis="wet")
STACK_M2 = 28.2743
AUXILIARIES = {
    "TEMPERATURE": Channel("TEMPERATURE", "degC"),
    "PRESSURE": Channel("PRESSURE", "kPa"),
    "H2O": Channel("H2O", "%"),
    "O2": Channel("O2", "%", basis="dry"),
    "VELOCITY": Channel("VELOCITY", "m/s"),
}
FLUE = {"TEMPERATURE": 140.0, "PRESSURE": 98.60, "H2O": 9.8, "O2": 7.4, "VELOCITY": 18.4}
"""The worked example: 310 mg/m3 wet in this gas."""


def concentration(
    value: float,
    reference: Conditions,
    channel: Channel = WET,
    values: Mapping[str, float] = FLUE,
    **others: Channel,
) -> float | str:
    """A value in mg/m3 of the reference, in a gas given by its measured values."""
    gas = GasPlan(AUXILIARIES | others, STACK_M2).gas(values)
    return Concentration(channel, reference)(value, gas)


def mass_flow(
    value: float,
    channel: Channel = WET,
    values: Mapping[str, float] = FLUE,
    area: float | None = STACK_M2,
    **others: Channel,
) -> float | str:
    """A value in g/s."""
    return MassFlow(channel)(value, GasPlan(AUXILIARIES | others, area).gas(values))


def without(*names: str) -> dict[str, float]:
    """The worked gas without some of its channels."""
    return {name: value for name, value in FLUE.items() if name not in names}


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (KAZAKHSTAN, 497.63),
        (AT_SIX, 548.86),
        (EUROPE, 534.20),
        (Conditions(273.15, 101.325, dry=True, o2_pct=6.0), 589.19),
        (Conditions(293.15, 101.3, dry=False), 448.86),
        (Conditions(273.15, 101.325, dry=False), 481.85),
    ],
)
def test_the_worked_example(reference: Conditions, expected: float) -> None:
    assert concentration(310.0, reference) == pytest.approx(expected, abs=0.005)


def test_the_worked_mass_flow_needs_no_reference_and_no_oxygen() -> None:
    assert mass_flow(310.0) == pytest.approx(161.277, abs=0.0005)
    assert mass_flow(310.0, values=without("O2")) == mass_flow(310.0)
    flow = Channel("FLOW", "m3/s")
    assert mass_flow(310.0, values=FLUE | {"FLOW": 520.248}, FLOW=flow) == pytest.approx(
        310 * 520.248 / 1000, rel=1e-12
    )


@pytest.mark.parametrize(
    ("parameter", "ppm", "european", "kazakh"),
    [
        ("SO2", 200.0, 571.66, 532.53),
        ("NO", 150.0, None, 187.06),
        ("NO2", 8.0, None, 15.30),
        ("NOX", 158.0, 324.30, 302.10),
        ("CO", 60.0, 74.98, 69.85),
    ],
)
def test_ppm_becomes_mg_m3_by_molar_mass_and_needs_no_gas(
    parameter: str, ppm: float, european: float | None, kazakh: float
) -> None:
    channel = Channel(parameter, "ppm", basis="dry")
    assert concentration(ppm, KAZAKHSTAN, channel, {}) == pytest.approx(kazakh, abs=0.005)
    if european is not None:
        assert concentration(ppm, EUROPE, channel, {}) == pytest.approx(european, abs=0.005)


def test_a_channel_already_in_the_reference_is_left_exactly_alone() -> None:
    same = Channel("SO2", "mg/m3", basis="wet", conditions=AT_SIX)
    for value in (310.0, 0.1, 5e-324, 1.7e308, 1e-300):
        assert concentration(value, AT_SIX, same, {}) == value
        dry = Channel("SO2", "mg/m3", conditions=KAZAKHSTAN)
        assert concentration(value, KAZAKHSTAN, dry, {}) == value


def test_only_the_difference_is_converted() -> None:
    """Given T, P and dryness, only oxygen is left; given O2 too, only what the limit changes."""
    given_dry = Channel("SO2", "mg/m3", conditions=KAZAKHSTAN)
    assert concentration(400.0, AT_SIX, given_dry, {"O2": 7.4}) == pytest.approx(
        400 * 15 / 13.6, rel=1e-15
    )
    given_o2 = Channel("SO2", "mg/m3", conditions=Conditions(293.15, 101.3, dry=True, o2_pct=11.0))
    assert concentration(400.0, AT_SIX, given_o2, {}) == 600.0
    given_t = Channel("SO2", "mg/m3", basis="dry", conditions=Conditions(temperature_k=273.15))
    value = concentration(400.0, KAZAKHSTAN, given_t, {"PRESSURE": 101.3})
    assert value == pytest.approx(400 * 273.15 / 293.15, rel=1e-15)


def test_dryness_of_the_conditions_goes_before_the_basis_and_dry_can_become_wet() -> None:
    channel = Channel("SO2", "mg/m3", basis="wet", conditions=Conditions(293.15, 101.3, dry=True))
    wet = Conditions(293.15, 101.3, dry=False)
    assert concentration(100.0, wet, channel, {"H2O": 9.8}) == pytest.approx(90.2, rel=1e-15)


@pytest.mark.parametrize("missing", ["TEMPERATURE", "PRESSURE", "H2O", "O2"])
def test_each_auxiliary_that_a_concentration_needs(missing: str) -> None:
    assert concentration(310.0, AT_SIX, values=without(missing)) == AUXILIARY_MISSING
    if missing == "O2":
        assert concentration(310.0, KAZAKHSTAN, values=without(missing)) != AUXILIARY_MISSING


@pytest.mark.parametrize("missing", ["TEMPERATURE", "PRESSURE", "H2O", "VELOCITY"])
def test_mass_flow_needs_its_auxiliaries_even_where_they_cancel(missing: str) -> None:
    assert mass_flow(310.0, values=without(missing)) == AUXILIARY_MISSING
    ppm = Channel("SO2", "ppm", basis="dry")
    assert mass_flow(10.0, ppm, without(missing)) == AUXILIARY_MISSING


def test_flow_goes_before_velocity_without_a_fallback() -> None:
    flow = Channel("FLOW", "m3/h")
    assert mass_flow(310.0, values=FLUE | {"FLOW": 3600.0}, FLOW=flow) == 0.31
    assert mass_flow(310.0, FLOW=flow) == AUXILIARY_MISSING
    assert mass_flow(310.0, area=None) == AUXILIARY_MISSING


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"TEMPERATURE": -273.15}, True),
        ({"TEMPERATURE": -273.14}, False),
        ({"PRESSURE": 0.0}, True),
        ({"PRESSURE": -1.0}, True),
        ({"H2O": 100.0}, True),
        ({"H2O": 99.999}, False),
    ],
)
def test_a_gas_that_cannot_be_is_no_auxiliary(values: dict[str, float], missing: bool) -> None:
    found = concentration(310.0, KAZAKHSTAN, values=FLUE | values)
    assert (found == AUXILIARY_MISSING) is missing


def test_oxygen_is_too_high_from_20_percent_of_dry_gas_on() -> None:
    assert concentration(310.0, AT_SIX, values=FLUE | {"O2": 20.0}) == OXYGEN_TOO_HIGH
    assert concentration(310.0, AT_SIX, values=FLUE | {"O2": 21.0}) == OXYGEN_TOO_HIGH
    below = concentration(310.0, AT_SIX, values=FLUE | {"O2": 19.999})
    assert below == pytest.approx(497.63 * 15 / 1.001, rel=1e-4)
    high = FLUE | {"O2": 20.5}
    assert concentration(310.0, KAZAKHSTAN, values=high) == pytest.approx(497.63, abs=0.005)
    assert mass_flow(310.0, values=high) == mass_flow(310.0)


def test_wet_oxygen_is_dried_before_it_is_compared() -> None:
    wet = Channel("O2", "%", basis="wet")
    dried = concentration(310.0, AT_SIX, values=FLUE | {"O2": 6.6748}, O2=wet)
    assert dried == pytest.approx(548.86, abs=0.005)
    assert concentration(310.0, AT_SIX, values=FLUE | {"O2": 18.05}, O2=wet) == OXYGEN_TOO_HIGH
    assert concentration(310.0, AT_SIX, values=without("H2O"), O2=wet) == AUXILIARY_MISSING


def test_the_oxygen_formula_applies_below_the_reference_too() -> None:
    below = concentration(300.0, AT_SIX, values=FLUE | {"O2": 1.0})
    plain = concentration(300.0, KAZAKHSTAN)
    assert isinstance(below, float)
    assert isinstance(plain, float)
    assert below == pytest.approx(plain * 15 / 20, rel=1e-14)


@pytest.mark.parametrize(
    ("unit", "factor"), [("kPa", 1.0), ("hPa", 10.0), ("mbar", 10.0), ("Pa", 1000.0)]
)
def test_pressure_has_four_units(unit: str, factor: float) -> None:
    pressure = Channel("PRESSURE", unit)
    found = concentration(
        310.0, KAZAKHSTAN, values=FLUE | {"PRESSURE": 98.60 * factor}, PRESSURE=pressure
    )
    assert found == pytest.approx(497.63, abs=0.005)


def test_temperature_may_come_in_kelvin() -> None:
    kelvin = Channel("TEMPERATURE", "K")
    values = FLUE | {"TEMPERATURE": 413.15}
    assert concentration(310.0, EUROPE, values=values, TEMPERATURE=kelvin) == pytest.approx(
        534.20, abs=0.005
    )


def test_a_gas_without_a_molar_mass_names_its_own_or_is_refused() -> None:
    assert molar_mass(Channel("HBR", "ppm", molar_mass=80.912)) == 80.912
    assert molar_mass(Channel("SO2", "ppm")) == MOLAR_MASS["SO2"]
    with pytest.raises(ValueError, match="HBR in ppm needs its molar_mass"):
        molar_mass(Channel("HBR", "ppm"))


def test_a_value_beyond_the_doubles_is_not_finite() -> None:
    assert concentration(1.7e308, KAZAKHSTAN) == NOT_FINITE
    assert mass_flow(1.7e308, values=FLUE | {"VELOCITY": 1e9}) == NOT_FINITE


fractions_of_values = st.fixed_dictionaries(
    {
        "TEMPERATURE": st.floats(-40, 1300),
        "PRESSURE": st.floats(60, 115),
        "H2O": st.floats(0, 60),
        "O2": st.floats(0, 19.9),
        "VELOCITY": st.floats(0, 60),
    }
)


def by_hand(value: float, values: Mapping[str, float], reference: Any, channel: Channel) -> Any:
    """F1, F2, F3 and F6 as they are written, in fractions; also the gas's F4."""
    exact = {name: Fraction(each) for name, each in values.items()}
    kelvin = exact["TEMPERATURE"] + Fraction(273.15)
    t_ref, p_ref = Fraction(reference.temperature_k), Fraction(reference.pressure_kpa)
    c = Fraction(value)
    if channel.unit == "ppm":
        c *= Fraction(MOLAR_MASS[channel.parameter]) / (Fraction(GAS_CONSTANT) * t_ref / p_ref)
    else:
        c *= kelvin / t_ref * p_ref / exact["PRESSURE"]
    if channel.basis == "wet":
        c /= 1 - exact["H2O"] / 100
    if reference.o2_pct is not None:
        c *= (21 - Fraction(reference.o2_pct)) / (21 - exact["O2"])
    flow = exact["VELOCITY"] * Fraction(STACK_M2) * (t_ref / kelvin)
    flow *= exact["PRESSURE"] / p_ref * (1 - exact["H2O"] / 100)
    return c, flow


@given(
    st.floats(-100, 1e6) | st.floats(-1e-300, 1e-300),
    fractions_of_values,
    st.sampled_from([KAZAKHSTAN, EUROPE, AT_SIX]),
    st.sampled_from(["mg/m3", "ppm"]),
    st.sampled_from(["wet", "dry"]),
)
def test_every_value_is_the_exact_one_rounded_once(
    value: float, values: dict[str, float], reference: Conditions, unit: str, basis: str
) -> None:
    channel = Channel("SO2", unit, basis=basis)
    expected, flow = by_hand(value, values, reference, channel)
    assert concentration(value, reference, channel, values) == float(expected)
    if reference.o2_pct is None:
        assert mass_flow(value, channel, values) == float(expected * flow / 1000)
