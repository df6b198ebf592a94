"""Plan labelled tampering, a kind a source, and what needs a source of its own beside it.

Each detector learns what is usual before it tells what is not, and some compare days. So a kind is
planned only in a simulation that is long enough for it to be found, from the first day on which it
can be, and again after a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from emissions.simulation.defects import Defect, DefectKind
from emissions.simulation.fleet import Stack
from emissions.simulation.noise import Draw, Ints
from schemas.columns import Truths
from streams.core.time.interval import DAY, HOUR, MINUTE

K = DefectKind

MARK: Final = 20 * MINUTE
"""Length of a mark: not longer than what may be missing without a gap, so no gap follows."""


_LOCAL: Final = 5 * HOUR  # the whole country keeps UTC+5
_HOURS_OF_MARKS: Final = (9, 10, 17, 18, 19)
"""Local hours in which the load is highest."""


class Occasion(NamedTuple):
    """When a kind is planned, in local days of the simulation and hours of the day.

    The first is on ``first_day``, from ``hours[0]`` at the earliest to ``hours[1]`` at the latest,
    for ``length`` ms, and needs ``after`` more days; the next is ``every`` days later. ``length`` 0
    is all of the simulation.
    """

    code: str  # of the detector, or of the rule
    first_day: int
    hours: tuple[int, int]
    length: int
    after: int
    every: int

    @property
    def least_days(self) -> int:
        """Days that a simulation must have so that it is found."""
        return self.first_day + max(1, -(-(self.hours[1] * HOUR + self.length) // DAY)) + self.after


OCCASIONS: Final = {
    K.EXCEEDS_HALF: Occasion("KZ-15", 0, (0, 0), DAY, 0, 3),
    K.UNVERIFIED: Occasion("KZ-VERIF", 0, (0, 0), 0, 0, 1),
    K.CONSTANT: Occasion("CONSTANT-CHANGED", 0, (8, 16), HOUR, 0, 2),
    K.SOFTWARE: Occasion("SOFTWARE-CHANGED", 0, (6, 12), 5 * HOUR, 0, 3),
    K.REPEATED: Occasion("REPEATED-DAY", 1, (0, 0), DAY, 0, 4),
    K.CUT: Occasion("CLIPPING", 0, (0, 0), 0, 3, 1),
    K.MARKS: Occasion("MARKED-AT-LOAD", 0, (0, 0), 6 * DAY, 0, 24),
    K.HELD: Occasion("FLATLINE", 7, (2, 15), 6 * HOUR, 0, 3),
    K.SHIFTED: Occasion("JUMP", 10, (9, 11), 2 * DAY, 1, 9),
    K.OXYGEN: Occasion("OXYGEN-BIAS", 12, (0, 0), 4 * DAY, 0, 24),
}
"""Kinds with a source of their own, in the order of their sources."""


def needed_days(days: int) -> dict[str, int]:
    """Return the codes of what a simulation of ``days`` is too short for, and what they need."""
    return {each.code: each.least_days for each in OCCASIONS.values() if each.least_days > days}


def kinds_within(days: int, *, with_bytes: bool) -> list[DefectKind]:
    """Return the kinds that ``days`` are long enough for; headers exist on a topic only."""
    return [
        kind
        for kind, each in OCCASIONS.items()
        if each.least_days <= days and (with_bytes or kind is not K.SOFTWARE)
    ]


def plan_tampering(
    seed: int, kind: DefectKind, stack: Stack, start: int, days: int
) -> Iterator[Defect]:
    """Yield every occasion of a kind in the ``days`` from ``start`` (ms), in order."""
    each, draw = OCCASIONS[kind], Draw(seed, stack.id, "tampering", kind.value)
    if not each.length:
        yield _shaped(kind, stack, draw, start, start + days * DAY, 0)
        return
    day = each.first_day
    while day + each.least_days - each.first_day <= days:
        first, last = (hour * 60 for hour in each.hours)
        begin = start + day * DAY + draw.between(first, last) * MINUTE
        yield _shaped(kind, stack, draw, begin, begin + each.length, day)
        day += each.every


def _shaped(kind: DefectKind, stack: Stack, draw: Draw, start: int, end: int, day: int) -> Defect:
    """Return the defect with the details of its kind; ``day`` is the local day, from 0."""
    defect = Defect(kind, stack.id, start, end)
    alone = draw.pick([p.parameter for p in stack.kind.pollutants if not p.by_mass])
    match kind:
        case K.EXCEEDS_HALF:
            return defect._replace(parameter=alone, level=draw.real(1.6, 1.7))
        case K.CUT:
            return defect._replace(parameter=alone, level=draw.real(0.98, 1.02))
        case K.MARKS | K.HELD:
            return defect._replace(parameter=alone)
        case K.SHIFTED:
            return defect._replace(parameter=alone, level=draw.pick((0.4, 0.45)))
        case K.OXYGEN:
            return defect._replace(parameter="O2", level=draw.real(1.0, 2.0))
        case K.CONSTANT:
            name = constant_of(stack)
            return defect._replace(
                parameter=name, level=1.01 + 0.01 * (day % 9) + draw.real(0.0, 0.005)
            )
        case K.REPEATED:
            return defect._replace(detail=f"{draw.between(1, min(3, day))} days before")
    return defect


def constant_of(stack: Stack) -> str:
    """Name the channel in which a source sends a constant of its first analyser."""
    return f"{stack.kind.pollutants[0].parameter}.SLOPE"


def is_marked(measured: Ints) -> Truths:
    """Tell which intervals are marked where a plant marks at high load, by their start (ms)."""
    local = (measured + _LOCAL) % DAY
    every_second: Truths = local // MARK % 2 == 0
    return every_second & np.isin(local // HOUR, _HOURS_OF_MARKS)
