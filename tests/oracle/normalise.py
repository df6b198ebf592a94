"""A valid raw value in the reference conditions of a limit (section 6), exact, rounded once."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tests.oracle import quality
from tests.oracle.input_reading import Row
from tests.oracle.registry_reading import Channel, Limit, Source

R = Fraction(8.314462618)
ZERO_CELSIUS = Fraction(273.15)
NORMAL_K, NORMAL_KPA = Fraction(293.15), Fraction(101.3)
WATER = Fraction(18.015)
"""g/mol."""
MOLAR = {
    "SO2": Fraction(64.066),
    "NO": Fraction(30.006),
    "NO2": Fraction(46.006),
    "NOX": Fraction(46.006),
    "CO": Fraction(28.010),
    "H2S": Fraction(34.081),
    "NH3": Fraction(17.031),
    "HCL": Fraction(36.461),
    "HF": Fraction(20.006),
    "CH4": Fraction(16.043),
}
KPA = {"kPa": Fraction(1), "hPa": Fraction(1, 10), "mbar": Fraction(1, 10), "Pa": Fraction(1, 1000)}


def concentration(row: Row, source: Source, limit: Limit) -> float | None:
    """mg/m3 in the limit's reference; None if the value or an auxiliary is not valid."""
    channel = source.channels[limit.parameter]
    value = quality.measured(row, source, limit.parameter)
    reference = limit.reference
    assert reference.temperature_k is not None
    assert reference.pressure_kpa is not None
    if value is None:
        return None
    result = _standard(
        row, source, channel, Fraction(value), reference.temperature_k, reference.pressure_kpa
    )
    if result is None:
        return None
    if channel.dry != reference.dry:
        water = _water(row, source)
        if water is None:
            return None
        dry_share = 1 - water / 100
        result = result * dry_share if channel.dry else result / dry_share
    if reference.o2_pct is not None:
        oxygen = channel.conditions.o2_pct
        if oxygen is None:
            oxygen = _oxygen(row, source)
        if oxygen is None or oxygen >= 20:
            return None
        result = result * (21 - reference.o2_pct) / (21 - oxygen)
    return _double(result)


def mass_flow(row: Row, source: Source, parameter: str) -> float | None:
    """g/s: dry concentration times dry volume flow in the same reference, no O2 correction."""
    channel = source.channels[parameter]
    if channel.conditions.o2_pct is not None or channel.reports is not None:
        return None  # not the concentration of the gas that flows
    value, flow = quality.measured(row, source, parameter), _dry_flow(row, source)
    if value is None or flow is None:
        return None
    result = _standard(row, source, channel, Fraction(value), NORMAL_K, NORMAL_KPA)
    if result is None:
        return None
    if not channel.dry:
        water = _water(row, source)
        if water is None:
            return None
        result = result / (1 - water / 100)
    return _double(result * flow / 1000)


def mass_flows(rows: list[Row], source: Source, parameter: str) -> Iterator[tuple[Row, float]]:
    """The readings whose mass flow of a parameter is valid, with it in g/s; the reported one
    where none can be computed."""
    reporter = source.reporter(parameter)
    for row in rows:
        flow = None
        if reporter is not None:
            flow = quality.measured(row, source, reporter.parameter)
        elif parameter in source.channels:
            flow = mass_flow(row, source, parameter)
        if flow is not None:
            yield row, flow


def _standard(
    row: Row, source: Source, channel: Channel, value: Fraction, to_k: Fraction, to_kpa: Fraction
) -> Fraction | None:
    """mg/m3 at a temperature and a pressure, in the channel's own basis and oxygen."""
    if channel.unit == "ppm":
        mass = channel.molar_mass if channel.molar_mass is not None else MOLAR[channel.parameter]
        return value * mass / (R * to_k / to_kpa)
    temperature = channel.conditions.temperature_k
    if temperature is None:
        temperature = _temperature(row, source)
    pressure = channel.conditions.pressure_kpa
    if pressure is None:
        pressure = _pressure(row, source)
    if temperature is None or pressure is None:
        return None
    return value * (temperature / to_k) * (to_kpa / pressure)


def _auxiliary(row: Row, source: Source, parameter: str) -> Fraction | None:
    value = quality.measured(row, source, parameter)
    return None if value is None else Fraction(value)


def _temperature(row: Row, source: Source) -> Fraction | None:
    value = _auxiliary(row, source, "TEMPERATURE")
    if value is None:
        return None
    if source.channels["TEMPERATURE"].unit == "degC":
        value += ZERO_CELSIUS
    return value if value > 0 else None


def _pressure(row: Row, source: Source) -> Fraction | None:
    """Absolute, kPa; a gauge stands on the barometer of the source, or on its given pressure."""
    value = _kilopascals(row, source, "PRESSURE")
    if value is not None and source.channels["PRESSURE"].gauge:
        outside: Fraction | None = source.barometric_kpa
        if "BAROMETRIC_PRESSURE" in source.channels:
            outside = _kilopascals(row, source, "BAROMETRIC_PRESSURE")
        value = None if outside is None else value + outside
    return value if value is not None and value > 0 else None


def _kilopascals(row: Row, source: Source, parameter: str) -> Fraction | None:
    value = _auxiliary(row, source, parameter)
    return None if value is None else value * KPA[source.channels[parameter].unit]


def _water(row: Row, source: Source) -> Fraction | None:
    """Percent of wet gas, below 100."""
    value = _auxiliary(row, source, "H2O")
    if value is not None and source.channels["H2O"].unit == "mg/m3":
        value = 100 * value * (R * NORMAL_K / NORMAL_KPA) / (WATER * 10**6)
    return None if value is None or value >= 100 else value


def _oxygen(row: Row, source: Source) -> Fraction | None:
    """Oxygen in dry gas; by the excess of air where no oxygen is measured."""
    if "O2" not in source.channels:
        alpha = _auxiliary(row, source, "ALPHA")
        return None if alpha is None else 21 * (1 - 1 / alpha)
    value = _auxiliary(row, source, "O2")
    if value is None or source.channels["O2"].dry:
        return value
    water = _water(row, source)
    return None if water is None else value / (1 - water / 100)


def _dry_flow(row: Row, source: Source) -> Fraction | None:
    """Dry m3/s at 293.15 K and 101.3 kPa.

    FLOW goes before velocity times area wherever there is a channel; where it is in Nm3 it is dry
    and normal already, everything else is wet and actual.
    """
    channel = source.channels.get("FLOW")
    flow = _auxiliary(row, source, "VELOCITY" if channel is None else "FLOW")
    if flow is None:
        return None
    if channel is None:
        if source.area is None:
            return None
        flow *= source.area
    elif channel.unit.endswith("/h"):
        flow /= 3600
    if channel is not None and channel.unit.startswith("Nm3"):
        return flow
    temperature, pressure = _temperature(row, source), _pressure(row, source)
    water = _water(row, source)
    if temperature is None or pressure is None or water is None:
        return None
    return flow * (NORMAL_K / temperature) * (pressure / NORMAL_KPA) * (1 - water / 100)


def _double(value: Fraction) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None  # not finite
