"""The gas of a twenty-minute station: gauge pressure, excess of air, water vapour, normal flow."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.law.quality_codes import AUXILIARY_MISSING, OXYGEN_TOO_HIGH
from streams.core.normalisation.formulas import Concentration, MassFlow
from streams.core.normalisation.gas import GasPlan
from streams.core.registry.enterprise import Channel, Conditions

NORMAL = Conditions(293.15, 101.3, dry=True)
AT_SIX = Conditions(293.15, 101.3, dry=True, o2_pct=6.0)
WET, DRY = Channel("SO2", "mg/m3", basis="wet"), Channel("SO2", "mg/m3", basis="dry")
STATION = {
    "TEMPERATURE": Channel("TEMPERATURE", "degC"),
    "PRESSURE": Channel("PRESSURE", "kPa", gauge=True),
    "H2O": Channel("H2O", "mg/m3"),
    "ALPHA": Channel("ALPHA", "1"),
    "FLOW": Channel("FLOW", "Nm3/s"),
}
SENT = {"TEMPERATURE": 140.0, "PRESSURE": -0.85, "H2O": 75000.0, "ALPHA": 1.5, "FLOW": 300.0}


def concentration(
    value: float,
    reference: Conditions = NORMAL,
    channel: Channel = WET,
    values: Mapping[str, float] = SENT,
    barometric_kpa: float | None = None,
    **others: Channel,
) -> float | str:
    """A value in mg/m3 of the reference, in a gas given by what a station sent."""
    gas = GasPlan(STATION | others, None, barometric_kpa).gas(values)
    return Concentration(channel, reference)(value, gas)


def mass_flow(
    value: float,
    channel: Channel = WET,
    values: Mapping[str, float] = SENT,
    **others: Channel,
) -> float | str:
    """A value in g/s."""
    plan = GasPlan(STATION | others, None)
    return MassFlow(channel, plan.flow)(value, plan.gas(values))


def without(*names: str) -> dict[str, float]:
    """What was sent, without some channels."""
    return {name: value for name, value in SENT.items() if name not in names}


def test_a_draught_is_taken_from_the_atmosphere_of_no_other_source() -> None:
    """101.325 - 0.85 = 100.475 kPa; of dry gas, 400 * (413.15/293.15) * (101.3/100.475)."""
    found = concentration(400.0, channel=DRY)
    assert found == pytest.approx(568.367, abs=0.001)
    absolute = Fraction(101.325) - Fraction(0.85)
    kelvin = Fraction(140) + Fraction(273.15)
    expected = 400 * kelvin / Fraction(293.15) * Fraction(101.3) / absolute
    assert found == float(expected)


def test_the_barometric_pressure_of_a_source_goes_with_its_gauge() -> None:
    """In Semey, 200 m up: 98.7 - 0.7 = 98 kPa."""
    values = SENT | {"PRESSURE": -0.7}
    found = concentration(400.0, channel=DRY, values=values, barometric_kpa=98.7)
    assert found == pytest.approx(400 * 413.15 / 293.15 * 101.3 / 98.0, rel=1e-14)


@pytest.mark.parametrize(
    ("unit", "gauge", "barometer", "outside"),
    [
        ("kPa", -0.5, "kPa", 98.5),
        ("kPa", -0.5, "hPa", 985.0),
        ("Pa", -500.0, "mbar", 985.0),
        ("hPa", -5.0, "Pa", 98500.0),
    ],
)
def test_a_barometer_goes_before_the_constant_in_any_unit(
    unit: str, gauge: float, barometer: str, outside: float
) -> None:
    pressure = Channel("PRESSURE", unit, gauge=True)
    channels = {
        "PRESSURE": pressure,
        "BAROMETRIC_PRESSURE": Channel("BAROMETRIC_PRESSURE", barometer),
    }
    values = SENT | {"PRESSURE": gauge, "BAROMETRIC_PRESSURE": outside}
    plan = GasPlan(STATION | channels, None, 101.325)
    gas = plan.gas(values)
    assert gas.pressure is not None
    assert Fraction(*gas.pressure) == 98
    silent = plan.gas(SENT | {"PRESSURE": gauge})
    assert silent.pressure is None, "nothing stands in for a barometer that is silent"
    assert plan.gas(values | {"BAROMETRIC_PRESSURE": 0.0}).pressure is None


def test_less_than_no_pressure_is_none() -> None:
    for gauge in (-101.325, -200.0):
        values = SENT | {"PRESSURE": gauge}
        assert concentration(400.0, channel=DRY, values=values) == AUXILIARY_MISSING
    assert isinstance(concentration(400.0, channel=DRY, values=SENT | {"PRESSURE": -101.0}), float)


def test_a_plain_pressure_asks_no_barometer() -> None:
    channels = {
        "PRESSURE": Channel("PRESSURE", "kPa"),
        "BAROMETRIC_PRESSURE": Channel("BAROMETRIC_PRESSURE", "kPa"),
    }
    gas = GasPlan(STATION | channels, None).gas({"PRESSURE": 98.6})
    assert gas.pressure is not None
    assert float(Fraction(*gas.pressure)) == 98.6


def test_excess_of_air_is_oxygen() -> None:
    """1.5 is 21 * (1 - 1/1.5) = 7 %: 15/14 of the dry value at 6 %; 1.4 is 6 %, which is as is."""
    plain = concentration(310.0)
    assert isinstance(plain, float)
    assert concentration(310.0, AT_SIX) == pytest.approx(plain * 15 / 14, rel=1e-15)
    at_six = concentration(310.0, AT_SIX, values=SENT | {"ALPHA": 1.4})
    assert at_six == pytest.approx(plain, rel=1e-15)
    none_left = concentration(310.0, AT_SIX, values=SENT | {"ALPHA": 1.0})
    assert none_left == pytest.approx(plain * 15 / 21, rel=1e-15)
    assert concentration(310.0, AT_SIX, values=without("ALPHA")) == AUXILIARY_MISSING
    assert concentration(310.0, AT_SIX, values=SENT | {"ALPHA": 0.999}) == AUXILIARY_MISSING


def test_so_much_air_is_too_much_oxygen() -> None:
    """20 % of oxygen is 21 times the air that burns."""
    assert concentration(310.0, AT_SIX, values=SENT | {"ALPHA": 21.0}) == OXYGEN_TOO_HIGH
    assert isinstance(concentration(310.0, AT_SIX, values=SENT | {"ALPHA": 20.999}), float)
    assert isinstance(mass_flow(310.0, values=SENT | {"ALPHA": 30.0}), float)


def test_a_channel_of_oxygen_goes_before_the_excess_of_air() -> None:
    oxygen = Channel("O2", "%", basis="dry")
    silent = concentration(310.0, AT_SIX, O2=oxygen)
    assert silent == AUXILIARY_MISSING, "decided by the registry, not by the reading"
    measured = concentration(310.0, AT_SIX, values=SENT | {"O2": 11.0}, O2=oxygen)
    plain = concentration(310.0)
    assert isinstance(plain, float)
    assert measured == pytest.approx(plain * 1.5, rel=1e-15)


def test_water_vapour_is_a_share_of_the_wet_gas() -> None:
    """V_m = 8.314462618 * 293.15 / 101.3 = 24.06105 L/mol; 75 / 18.015 * V_m = 100.1709 L."""
    gas = GasPlan(STATION, None).gas(SENT)
    assert gas.dryness is not None
    assert 100 - float(Fraction(*gas.dryness)) == pytest.approx(10.01709, abs=1e-5)
    percent = Channel("H2O", "%")
    share = 100 - float(Fraction(*gas.dryness))
    same = concentration(310.0, values=SENT | {"H2O": share}, H2O=percent)
    assert concentration(310.0) == pytest.approx(same, rel=1e-14)
    assert concentration(310.0, values=SENT | {"H2O": 748_800.0}) == AUXILIARY_MISSING


def test_a_normal_flow_needs_no_gas_where_the_concentration_needs_none() -> None:
    """400 mg/m3 of 300 Nm3 a second are 120 g/s."""
    same = Channel("SO2", "mg/m3", conditions=NORMAL)
    assert mass_flow(400.0, same, {"FLOW": 300.0}) == 120.0
    an_hour = Channel("FLOW", "Nm3/h")
    assert mass_flow(400.0, same, {"FLOW": 1_080_000.0}, FLOW=an_hour) == 120.0
    assert mass_flow(400.0, same, {}) == AUXILIARY_MISSING


def test_a_wet_concentration_still_needs_the_gas_beside_a_normal_flow() -> None:
    dry = concentration(310.0)
    assert isinstance(dry, float)
    assert mass_flow(310.0) == pytest.approx(dry * 0.3, rel=1e-15)
    for missing in ("TEMPERATURE", "PRESSURE", "H2O", "FLOW"):
        assert mass_flow(310.0, values=without(missing)) == AUXILIARY_MISSING
    assert mass_flow(310.0, values=without("ALPHA")) == mass_flow(310.0)


def test_ppm_of_dry_gas_beside_a_normal_flow_needs_the_flow_alone() -> None:
    """100 ppm * 64.066 / 24.0611 = 266.264 mg/m3, of 300 Nm3 79.879 g/s."""
    ppm = Channel("SO2", "ppm", basis="dry")
    assert mass_flow(100.0, ppm, {"FLOW": 300.0}) == pytest.approx(79.879, abs=0.001)


@given(
    st.floats(0, 1e5),
    st.fixed_dictionaries(
        {
            "TEMPERATURE": st.floats(-40, 1300),
            "PRESSURE": st.floats(-50, 50),
            "H2O": st.floats(0, 600_000),
            "ALPHA": st.floats(1, 20.9),
            "FLOW": st.floats(0, 1e6),
        }
    ),
    st.sampled_from([None, 98.7]),
)
def test_every_value_is_the_exact_one_rounded_once(
    value: float, values: dict[str, float], barometric_kpa: float | None
) -> None:
    exact = {name: Fraction(each) for name, each in values.items()}
    pressure = exact["PRESSURE"] + Fraction(barometric_kpa or 101.325)
    molar = Fraction(8.314462618) * Fraction(293.15) / Fraction(101.3)
    share = exact["H2O"] * molar / (Fraction(18.015) * 10**6)
    dry = Fraction(value) * (exact["TEMPERATURE"] + Fraction(273.15)) / Fraction(293.15)
    dry = dry * Fraction(101.3) / pressure / (1 - share)
    oxygen = 21 * (1 - 1 / exact["ALPHA"])
    plan = GasPlan(STATION, None, barometric_kpa)
    gas = plan.gas(values)
    assert Concentration(WET, NORMAL)(value, gas) == float(dry)
    assert Concentration(WET, AT_SIX)(value, gas) == float(dry * 15 / (21 - oxygen))
    assert MassFlow(WET, plan.flow)(value, gas) == float(dry * exact["FLOW"] / 1000)
