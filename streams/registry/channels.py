"""Checks a source's channels: parameter, unit, basis, conditions, range, molar mass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from schemas.reading import AUXILIARIES, is_auxiliary
from streams.core.normalisation.formulas import MOLAR_MASS
from streams.core.normalisation.gas import FLOW_FACTORS, NORMAL_FLOW_UNITS, OXYGEN_OF_AIR, PASCALS
from streams.core.records.bounded_names import is_parameter
from streams.core.registry.enterprise import Channel, Conditions
from streams.core.sources.reported import MASS_FLOW, is_reported
from streams.core.sources.series import LEAST_RANGE
from streams.registry.errors import Problem
from streams.registry.names import no_parameter
from streams.registry.quantities import check_finite, check_positive

AUXILIARY_UNITS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "O2": ("%",),
        "ALPHA": ("1",),
        "H2O": ("%", "mg/m3"),
        "TEMPERATURE": ("degC", "K"),
        "PRESSURE": tuple(PASCALS),
        "BAROMETRIC_PRESSURE": tuple(PASCALS),
        "VELOCITY": ("m/s",),
        "FLOW": tuple(FLOW_FACTORS),
    }
)
"""Units of the parameters that describe the gas."""


def check_channels(channels: Sequence[Channel], path: str, *, earlier: bool = False) -> None:
    """Refuse a channel that could not be judged, or two of one parameter.

    ``earlier``: but for what an earlier version has let through and nothing is computed by.
    """
    seen: dict[str, int] = {}
    reported: dict[str, int] = {}
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
        _check_gauge(channel, here)
        _check_reports(channel, here, earlier=earlier)
        if is_reported(channel):
            of = channel.reports or channel.parameter
            if of in reported:
                raise Problem(
                    here,
                    f"the mass flow of {of} is reported already, by {path}[{reported[of]}]",
                )
            reported[of] = number
        if channel.conditions is not None:
            check_conditions(channel.conditions, f"{here}.conditions")
        if channel.range is not None:
            for place, bound in enumerate(channel.range):
                check_finite(bound, f"{here}.range[{place}]")
            if channel.range[0] > channel.range[1]:
                raise Problem(f"{here}.range", f"{list(channel.range)} is not in ascending order")
            least = LEAST_RANGE.get(channel.parameter)
            if least is not None and channel.range[1] < least:
                raise Problem(
                    f"{here}.range[1]",
                    f"{channel.range[1]:g} is below {least:g}, the least that "
                    f"{channel.parameter} can be",
                )


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
        pollutant = not is_auxiliary(channel.parameter) and not is_reported(channel)
        if channel.parameter == "O2" or pollutant:
            raise Problem(path, f"basis is missing, {channel.parameter} needs wet or dry")
    elif channel.basis not in ("wet", "dry"):
        raise Problem(f"{path}.basis", f"{channel.basis!r} is neither wet nor dry")
    if channel.parameter in ("VELOCITY", "FLOW"):
        normal = channel.unit in NORMAL_FLOW_UNITS
        if channel.basis == ("wet" if normal else "dry"):
            what = (
                "FLOW in Nm3 is dry, not wet" if normal else f"{channel.parameter} is wet, not dry"
            )
            raise Problem(f"{path}.basis", what)
        if channel.conditions not in (None, Conditions()):
            taken = "in normal conditions" if normal else "actual"
            raise Problem(f"{path}.conditions", f"{channel.parameter} is {taken}, not converted")


def _check_gauge(channel: Channel, path: str) -> None:
    if channel.gauge and channel.parameter != "PRESSURE":
        raise Problem(
            f"{path}.gauge", f"only PRESSURE is told against the barometer, not {channel.parameter}"
        )


def _check_reports(channel: Channel, path: str, *, earlier: bool) -> None:
    of = channel.reports
    if of is not None:
        if channel.unit != MASS_FLOW:
            raise Problem(
                f"{path}.reports",
                f"only a channel in {MASS_FLOW} reports a mass flow, {channel.parameter} is in "
                f"{channel.unit!r}",
            )
        if not is_parameter(of):
            raise Problem(f"{path}.reports", no_parameter(of))
        if of in AUXILIARIES:
            raise Problem(f"{path}.reports", f"{of} is no pollutant, it has no mass flow")
    if is_reported(channel) and channel.conditions not in (None, Conditions()) and not earlier:
        raise Problem(
            f"{path}.conditions", f"a mass flow in {MASS_FLOW} has none, it is not converted"
        )


def _either(names: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in names)
