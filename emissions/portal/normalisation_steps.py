"""Says by which formulas a mean was normalised, from what the registration says of its channel.

The formulas are those of `streams.core.normalisation.formulas`; the readings they were applied to
are not public, so only the constants of the registration are named.
"""

from __future__ import annotations

from typing import NamedTuple

from emissions.portal.registration import Channel, Limit, Reference


class Step(NamedTuple):
    """A conversion: the key of its words and the constants that stand in them."""

    key: str
    values: dict[str, float]


def steps_of(channel: Channel | None, limit: Limit | None, unit: str) -> list[Step]:
    """Return the conversions of a mean in ``unit``, in their order; none: it is as measured."""
    if unit == "g/s":
        reported = channel is not None and channel.unit == "g/s"
        return [Step("reported" if reported else "mass_flow", {})]
    reference = None if limit is None else limit.reference
    if channel is None or reference is None or unit != "mg/m3":
        return []
    there = channel.conditions if isinstance(channel.conditions, Reference) else Reference()
    found = []
    if channel.unit == "ppm":
        found.append(Step("ppm", {}))
    if reference.temperature_k is not None and reference.pressure_kpa is not None:
        values = {"temperature": reference.temperature_k, "pressure": reference.pressure_kpa}
        same = (there.temperature_k, there.pressure_kpa) == (
            reference.temperature_k, reference.pressure_kpa,
        )  # fmt: skip
        if channel.unit != "ppm" and not same:
            found.append(Step("conditions", values))
    wet = channel.basis == "wet" if there.dry is None else not there.dry
    if reference.dry and wet:
        found.append(Step("dry", {}))
    if reference.o2_pct is not None and there.o2_pct != reference.o2_pct:
        found.append(Step("oxygen", {"oxygen": reference.o2_pct}))
    return found
