"""``kill -9`` at a named point of a worker's work, reached for the n-th time."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Self

from tests.crash.crash_points import CRASH_POINTS
from tests.crash.faults.fault import Conditions, SimpleFault, moment
from tests.crash.round_context import RoundContext
from tests.crash.workers import PlannedCrash

_REBALANCE = ("revok", "assign")


@dataclass(frozen=True)
class CrashAtPoint(SimpleFault):
    """One life of the worker that is there from the beginning ends at a point.

    ``company``: at which share another worker comes, so that partitions move; 0: none does.
    """

    point: str
    at_pass: int
    company: float = 0.0
    before: PlannedCrash | None = None
    """How the life before that one ends: without a state there is none to recover."""

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self:  # noqa: ARG003
        """Any point of either worker."""
        return cls.at(rng.choice(list(CRASH_POINTS)), rng)

    @classmethod
    def at(cls, point: str, rng: Random) -> Self:
        """A pass of a point."""
        company = moment(rng) if any(each in point for each in _REBALANCE) else 0.0
        before = PlannedCrash("acknowledged", rng.randint(5, 20)) if "recover" in point else None
        return cls(point, rng.randint(1, CRASH_POINTS[point].passes), company, before)

    def prepare(self, context: RoundContext) -> None:
        """Foretell the death; several of them follow one another."""
        deaths = context.first(CRASH_POINTS[self.point].worker).deaths
        if self.before is not None:
            deaths.append(self.before)
        deaths.append(PlannedCrash(self.point, self.at_pass))

    async def strike(self, context: RoundContext) -> None:
        """Bring the other worker, which stays."""
        if self.company:
            await context.progress.until(self.company)
            context.workers.place(CRASH_POINTS[self.point].worker).start()
