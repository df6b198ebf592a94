"""A valid raw value in the reference conditions of a limit (section 6), exact, rounded once."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle import quality
from tests.oracle.input_reading import Row
from tests.oracle.registry_reading import Channel, Limit, Source

R = Fraction(8.314462618)
ZERO_CELSIUS = Fraction(273.15)
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
    value = quality.measured(row, source, parameter)
    temperature, pressure = _temperature(row, source), _pressure(row, source)
    water, flow = _water(row, source), _flow(row, source)
    if value is None or temperature is None or pressure is None or water is None or flow is None:
        return None
    reference_k, reference_kpa = Fraction(300), Fraction(100)  # any: they cancel
    dry_share = 1 - water / 100
    result = _standard(row, source, channel, Fraction(value), reference_k, reference_kpa)
    if result is None:
        return None
    if not channel.dry:
        result = result / dry_share
    dry_flow = flow * (reference_k / temperature) * (pressure / reference_kpa) * dry_share
    return _double(result * dry_flow / 1000)


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
    value = _auxiliary(row, source, "PRESSURE")
    if value is None:
        return None
    value *= KPA[source.channels["PRESSURE"].unit]
    return value if value > 0 else None


def _water(row: Row, source: Source) -> Fraction | None:
    value = _auxiliary(row, source, "H2O")
    return None if value is None or value >= 100 else value


def _oxygen(row: Row, source: Source) -> Fraction | None:
    """Oxygen in dry gas."""
    value = _auxiliary(row, source, "O2")
    if value is None or source.channels["O2"].dry:
        return value
    water = _water(row, source)
    return None if water is None else value / (1 - water / 100)


def _flow(row: Row, source: Source) -> Fraction | None:
    """Wet actual flow, m3/s; FLOW goes before velocity times area wherever there is a channel."""
    channel = source.channels.get("FLOW")
    if channel is not None:
        value = _auxiliary(row, source, "FLOW")
        return value / 3600 if value is not None and channel.unit == "m3/h" else value
    velocity = _auxiliary(row, source, "VELOCITY")
    return None if velocity is None or source.area is None else velocity * source.area


def _double(value: Fraction) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None  # not finite
