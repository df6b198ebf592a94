"""Checks the limits of a permit: units, reference conditions, validity, no two in force."""

from __future__ import annotations

from collections.abc import Mapping

from streams.core.normalisation.gas import GasPlan
from streams.core.registry.enterprise import Channel, Limit, Source
from streams.core.sources.reported import (
    CONCENTRATION_UNITS,
    MASS_FLOW,
    is_reported,
    reporters,
    stands_in,
)
from streams.registry.channels import check_conditions
from streams.registry.errors import Problem
from streams.registry.moments import check_midnight, check_period
from streams.registry.nearest import no_channel
from streams.registry.quantities import check_positive

UNITS = ("mg/m3", "g/s", "t/a")


def check_limits(source: Source, path: str, *, earlier: bool = False) -> None:
    """Refuse a limit that cannot be compared, or that is in force beside another.

    A limit whose parameter no channel measures is never judged: refused, but for what an earlier
    version has let through.
    """
    channels = {channel.parameter: channel for channel in source.channels}
    flow = GasPlan(channels, source.stack_area_m2).flow
    reported = reporters(channels)
    zone, in_force = source.timezone, dict[tuple[str, str], list[tuple[int, int, int]]]()
    for number, limit in enumerate(source.limits):
        here = f"{path}[{number}]"
        _check_value(limit, here)
        _check_reference(limit, here)
        by_report = limit.unit != "mg/m3" and stands_in(limit.parameter, channels, reported, flow)
        if not by_report:
            _check_measured(limit, channels, reported, here, earlier=earlier)
        start, end = check_period(
            zone, limit.valid_from, limit.valid_to, here, ("valid_from", "valid_to")
        )
        check_midnight(zone, limit.valid_from, f"{here}.valid_from")
        check_midnight(zone, limit.valid_to, f"{here}.valid_to")
        others = in_force.setdefault((limit.parameter, limit.unit), [])
        for other, other_start, other_end in others:
            if start < other_end and other_start < end:
                raise Problem(
                    here,
                    f"overlaps {path}[{other}], and only one limit on {limit.parameter} "
                    f"in {limit.unit} is in force at a time",
                )
        others.append((number, start, end))


def _check_value(limit: Limit, path: str) -> None:
    if not limit.parameter:
        raise Problem(f"{path}.parameter", "is empty")
    if limit.unit not in UNITS:
        raise Problem(f"{path}.unit", f"{limit.unit!r} is none of the units {', '.join(UNITS)}")
    check_positive(limit.value, f"{path}.value")
    share = limit.confidence_interval_pct
    if share is not None and not 0 <= share <= 100:
        raise Problem(
            f"{path}.confidence_interval_pct", f"{share:g} is not a percentage from 0 to 100"
        )


def _check_reference(limit: Limit, path: str) -> None:
    if limit.reference is not None:
        check_conditions(limit.reference, f"{path}.reference")
    if limit.unit != "mg/m3":
        return
    if limit.reference is None:
        raise Problem(
            path, "reference is missing, a limit in mg/m3 needs temperature_k, pressure_kpa and dry"
        )
    for name in ("temperature_k", "pressure_kpa", "dry"):
        if getattr(limit.reference, name) is None:
            raise Problem(f"{path}.reference", f"{name} is missing, a limit in mg/m3 needs it")


def _check_measured(
    limit: Limit,
    channels: Mapping[str, Channel],
    reported: Mapping[str, str],
    path: str,
    *,
    earlier: bool,
) -> None:
    """Refuse a limit that no channel's concentration can be compared with."""
    name = limit.parameter
    channel = channels.get(name)
    if channel is not None:
        if is_reported(channel) and channel.reports not in (None, name):
            raise Problem(
                f"{path}.parameter",
                f"the channel {name} reports the mass flow of {channel.reports}: a limit is on "
                f"{channel.reports}",
            )
        _check_channel(limit, channel, path)
    elif not earlier:
        if name in reported:
            raise Problem(
                path,
                f"{reported[name]} reports {name} in {MASS_FLOW} alone, and a limit in "
                f"{limit.unit} needs a channel of {name} in mg/m3 or ppm",
            )
        raise Problem(f"{path}.parameter", no_channel(name, channels))


def _check_channel(limit: Limit, channel: Channel, path: str) -> None:
    if channel.unit not in CONCENTRATION_UNITS:
        raise Problem(
            path,
            f"the channel of {limit.parameter} is in {channel.unit!r}, and a limit needs "
            "mg/m3 or ppm to compare with",
        )
    if channel.conditions is None or channel.conditions.o2_pct is None:
        return
    if limit.unit != "mg/m3" or limit.reference is None or limit.reference.o2_pct is None:
        raise Problem(
            path,
            f"the channel of {limit.parameter} is already corrected to an oxygen content, so its "
            "limits can only be in mg/m3 with o2_pct in their reference",
        )
