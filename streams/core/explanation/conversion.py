"""Shows a normalisation as the product of its parts, each with what was measured.

No formula stands here: each part is the quotient of two factors of the engine, with the measured
value of one auxiliary and with the value at which it changes nothing. The parts are exact, and
their product is the factor that the value was multiplied by.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from streams.core.normalisation.formulas import OXYGEN_MEASURED, MassFlow, Normalisation
from streams.core.normalisation.gas import Gas, Ratio
from streams.core.registry.enterprise import Conditions

_NEUTRAL = Conditions(temperature_k=293.15, pressure_kpa=101.3, dry=True)
"""At which the parts of a mass flow are shown; they cancel (F5)."""


class Part(NamedTuple):
    """One part of a conversion: its exact factor, and the measured and the reference number.

    ``name``: unit, temperature, pressure, moisture, oxygen or flow; ``measured`` K, kPa, % of
    water, % of oxygen in dry gas, or m3/s.
    """

    name: str
    factor: Ratio
    measured: float | None = None
    reference: float | None = None


def parts_of(normalise: Normalisation, gas: Gas, reference: Conditions | None) -> list[Part]:
    """List the parts of a normalisation that succeeded, in the order F6, F1, F2, F3, F4.

    An auxiliary that the formula does not take is left out; so is a part of exactly 1 without one.
    """
    flows = isinstance(normalise, MassFlow)
    target = _NEUTRAL if flows or reference is None else reference
    oxygen = None if flows else target.o2_pct
    temperature, pressure = target.temperature_k or 1.0, target.pressure_kpa or 1.0
    state: list[Ratio | None] = [
        temperature.as_integer_ratio(),
        pressure.as_integer_ratio(),
        (100, 1),
        None if oxygen is None else oxygen.as_integer_ratio(),
        (1, 1),
    ]
    number, part = _factor(normalise, Gas(*state))
    found = [] if number == part else [Part("unit", _reduced(number, part))]
    shape = normalise.shape
    steps = (
        ("temperature", shape.temperature, temperature),
        ("pressure", shape.pressure, pressure),
        ("moisture", bool(shape.drying), 0.0),
        ("oxygen", shape.oxygen == OXYGEN_MEASURED, oxygen),
        ("flow", flows, None),
    )
    for at, (name, taken, wanted) in enumerate(steps):
        measured: Ratio | None = gas[at]
        if measured is None:
            continue
        state[at] = measured
        above, below = _factor(normalise, Gas(*state))
        top, bottom = above * part, below * number
        number, part = above, below
        if top == bottom and not taken:
            continue
        shown = measured[0] / measured[1]
        if name == "moisture":
            shown = (100 * measured[1] - measured[0]) / measured[1]
        found.append(Part(name, _reduced(top, bottom), shown, wanted))
    return found


def _factor(normalise: Normalisation, gas: Gas) -> Ratio:
    factor = normalise.factor(gas)
    if isinstance(factor, str):
        raise ValueError(f"there is no factor: {factor}")  # noqa: TRY004 - a code, no type
    return factor


def _reduced(number: int, part: int) -> Ratio:
    common = gcd(number, part)
    return number // common, part // common
