"""The norms of a permit: units, reference conditions, validity, no two in force at once."""

from __future__ import annotations

from collections.abc import Sequence

from streams.core.registration import Channel, Limit
from streams.registry.channels import CONCENTRATION_UNITS, check_conditions
from streams.registry.errors import Problem
from streams.registry.moments import check_midnight, check_period
from streams.registry.nearest import no_channel
from streams.registry.quantities import check_positive

UNITS = ("mg/m3", "g/s", "t/a")


def check_limits(
    limits: Sequence[Limit],
    channels: Sequence[Channel],
    zone: str,
    path: str,
    *,
    earlier: bool = False,
) -> None:
    """Refuse a limit that could not be compared, or that would be in force beside another.

    A limit whose parameter no channel measures is never judged: refused, but for what an earlier
    version has let through.
    """
    by_parameter = {channel.parameter: channel for channel in channels}
    in_force: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for number, limit in enumerate(limits):
        here = f"{path}[{number}]"
        _check_value(limit, here)
        _check_reference(limit, here)
        channel = by_parameter.get(limit.parameter)
        if channel is not None:
            _check_channel(limit, channel, here)
        elif not earlier:
            raise Problem(f"{here}.parameter", no_channel(limit.parameter, by_parameter))
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
