"""``availability_below``: too few of the last operating hours were measured.

40 CFR 75.32: the percent monitor data availability are the quality-assured hours of the last 8 760
operating hours, or of all since the monitor was certified. Judged at the end of each month; the
look-back is taken in whole days, the day in which the number is reached counts as a whole.
"""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Literal

from msgspec.structs import force_setattr

from streams.core.judging.day_tally import PERCENT, DayTallyEvaluator, Excess, Period, month_of
from streams.core.judging.evaluator import Scene, evaluates
from streams.core.judging.parts import Part
from streams.core.law.rule import Condition, Factor, positive
from streams.core.registry.enterprise import Limit
from streams.core.state.day_tallies import DayTallies


class AvailabilityBelow(Condition, frozen=True, tag="availability_below"):
    """Less than ``least_pct`` percent of the last ``hours`` due means of ``of`` are VALID."""

    of: Literal["1h"]
    hours: int
    least_pct: Factor

    def __post_init__(self) -> None:
        """Refuse a percentage that is not above zero."""
        force_setattr(self, "least_pct", positive(self.least_pct))


@evaluates(AvailabilityBelow)
class AvailabilityEvaluator(DayTallyEvaluator[AvailabilityBelow]):
    """Judges each month when its last day has closed, with what came before it."""

    keeps_days: ClassVar[int] = 3 * 366

    @property
    def of(self) -> str:
        """The windows that the rule names."""
        return self.condition.of

    def over(self, part: Part, limit: Limit) -> bool:  # noqa: ARG002
        """Return that limits do not matter."""
        return False

    def period(self, day: int) -> Period:
        """Return the month."""
        return month_of(day)

    def excess(self, scene: Scene, tallies: DayTallies, period: Period) -> Excess | None:
        """Compare the share of the measured hours with the least that is allowed."""
        due = valid = 0
        first = min(tallies.days)
        for day in range(period.end - 1, first - 1, -1):
            tally = self.tally(scene, tallies, day)
            due, valid = due + tally.due, valid + tally.valid
            if due >= self.condition.hours:
                break
        least = Fraction(self.condition.least_pct)
        if due == 0 or 100 * valid >= least * due:
            return None
        return Excess(PERCENT, 100 * valid / due, float(least))

    def never(self) -> str | None:
        """No share is below one percent of nothing."""
        return "no hours are looked back to" if self.condition.hours < 1 else None
