"""What a source's channels may say: parameter, unit, basis, conditions, range, molar mass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from streams.core.normalisation import MOLAR_MASS, PASCALS
from streams.core.reading import AUXILIARIES
from streams.core.registration import Channel, Conditions
from streams.registry.errors import Problem
from streams.registry.quantities import check_finite, check_positive

AUXILIARY_UNITS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "O2": ("%",),
        "H2O": ("%",),
        "TEMPERATURE": ("degC", "K"),
        "PRESSURE": tuple(PASCALS),
        "VELOCITY": ("m/s",),
        "FLOW": ("m3/s", "m3/h"),
    }
)
"""Units of the parameters that describe the gas."""

CONCENTRATION_UNITS = ("mg/m3", "ppm")
"""Units of a pollutant that a limit can be compared with; another one has raw means only."""

OXYGEN_OF_AIR = 21


def check_channels(channels: Sequence[Channel], path: str) -> None:
    """Refuse a channel that could not be judged, or two of one parameter."""
    seen: dict[str, int] = {}
    for number, channel in enumerate(channels):
        here = f"{path}[{number}]"
        if not channel.parameter:
            raise Problem(f"{here}.parameter", "is empty")
        if channel.parameter in seen:
            raise Problem(
                f"{here}.parameter",
                f"{channel.parameter} has a channel already, {path}[{seen[channel.parameter]}]",
            )
        seen[channel.parameter] = number
        _check_unit(channel, here)
        _check_basis(channel, here)
        if channel.conditions is not None:
            check_conditions(channel.conditions, f"{here}.conditions")
        if channel.range is not None:
            for place, bound in enumerate(channel.range):
                check_finite(bound, f"{here}.range[{place}]")
            if channel.range[0] > channel.range[1]:
                raise Problem(f"{here}.range", f"{list(channel.range)} is not in ascending order")


def check_conditions(conditions: Conditions, path: str) -> None:
    """Refuse conditions that no gas can have."""
    for name in ("temperature_k", "pressure_kpa"):
        check_positive(getattr(conditions, name), f"{path}.{name}")
    oxygen = conditions.o2_pct
    if oxygen is not None and not 0 <= oxygen < OXYGEN_OF_AIR:
        raise Problem(
            f"{path}.o2_pct", f"{oxygen:g} is not in [0, {OXYGEN_OF_AIR}), the oxygen of air"
        )


def _check_unit(channel: Channel, path: str) -> None:
    units = AUXILIARY_UNITS.get(channel.parameter)
    if units is not None and channel.unit not in units:
        raise Problem(
            f"{path}.unit",
            f"{channel.unit!r} is not a unit of {channel.parameter}, which has {_either(units)}",
        )
    if not channel.unit:
        raise Problem(f"{path}.unit", "is empty")
    check_positive(channel.molar_mass, f"{path}.molar_mass")
    if channel.unit == "ppm" and channel.molar_mass is None and channel.parameter not in MOLAR_MASS:
        raise Problem(
            path,
            f"molar_mass is missing, and {channel.parameter} in ppm is no gas with a known one",
        )


def _check_basis(channel: Channel, path: str) -> None:
    if channel.basis is None:
        if channel.parameter == "O2" or channel.parameter not in AUXILIARIES:
            raise Problem(path, f"basis is missing, {channel.parameter} needs wet or dry")
    elif channel.basis not in ("wet", "dry"):
        raise Problem(f"{path}.basis", f"{channel.basis!r} is neither wet nor dry")
    if channel.parameter in ("VELOCITY", "FLOW"):
        if channel.basis == "dry":
            raise Problem(f"{path}.basis", f"{channel.parameter} is wet, not dry")
        if channel.conditions not in (None, Conditions()):
            raise Problem(f"{path}.conditions", f"{channel.parameter} is actual, not converted")


def _either(names: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in names)
