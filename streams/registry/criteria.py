"""Checks the criteria of mandatory monitoring: mass, or the plant with its fuel and power."""

from __future__ import annotations

from streams.core.registry.enterprise import Criteria
from streams.registry.errors import Problem
from streams.registry.quantities import check_not_negative

PLANTS = ("station", "boiler_house", "other")
FUELS = ("solid", "liquid", "gas")


def check_criteria(criteria: Criteria, path: str, *, earlier: bool = False) -> None:
    """Refuse criteria to which Order 208, point 11, cannot be applied.

    ``earlier``: of an earlier version, which knew no kinds of plants, only the numbers are checked.
    """
    for name in ("electric_mw", "thermal_mw", "gross_t_a"):
        check_not_negative(getattr(criteria, name), f"{path}.{name}")
    if earlier and criteria.plant is None and criteria.electric_mw is None:
        return
    for name, known in (("plant", PLANTS), ("fuel", FUELS)):
        value = getattr(criteria, name)
        if value is not None and value not in known:
            raise Problem(f"{path}.{name}", f"{value!r} is none of {', '.join(known)}")
    for power in ("electric_mw", "thermal_mw"):
        if getattr(criteria, power) is None:
            continue
        for name, known in (("plant", PLANTS), ("fuel", FUELS)):
            if getattr(criteria, name) is None:
                raise Problem(path, f"{name} is missing, {power} counts by it ({', '.join(known)})")
    if criteria.thermal_mw is not None and criteria.plant == "station":
        raise Problem(
            f"{path}.thermal_mw",
            "a station counts by the electric power of the whole station, electric_mw",
        )
    if criteria.electric_mw is not None and criteria.plant != "station":
        raise Problem(
            f"{path}.electric_mw",
            f"only a station counts by its electric power, and plant is {criteria.plant}",
        )
