"""``invalid_days_over``: more days of a calendar year are invalid than the law allows.

2010/75/EU, annex V, part 3, point 11: a day with more than three invalid hourly means is invalid;
more than ten such days a year oblige the authority to demand a more reliable monitoring system.
"""

from __future__ import annotations

from typing import Literal

from streams.core.judging.day_tally import DAYS, DayTallyEvaluator, Excess, Period, year_of
from streams.core.judging.evaluator import Scene, evaluates
from streams.core.judging.parts import Part
from streams.core.law.rule import Condition
from streams.core.registry.enterprise import Limit
from streams.core.state.day_tallies import DayTallies


class InvalidDaysOver(Condition, frozen=True, tag="invalid_days_over"):
    """More than ``days`` of a year have more than ``most_invalid`` means of ``of`` not VALID.

    Only windows in which the source had to measure count. A day of which nothing came counts, from
    the first day of the year that was measured on.
    """

    of: Literal["20min", "30min", "1h"]
    most_invalid: int
    days: int


@evaluates(InvalidDaysOver)
class InvalidDaysEvaluator(DayTallyEvaluator[InvalidDaysOver]):
    """Judges a year when its last day has closed."""

    @property
    def of(self) -> str:
        """The windows that the rule names."""
        return self.condition.of

    def over(self, part: Part, limit: Limit) -> bool:  # noqa: ARG002
        """Return that limits do not matter."""
        return False

    def period(self, day: int) -> Period:
        """Return the year."""
        return year_of(day)

    def excess(self, scene: Scene, tallies: DayTallies, period: Period) -> Excess | None:
        """Compare the number of invalid days with the number that may be."""
        first = max(period.start, min(tallies.days))
        invalid = 0
        for day in range(first, period.end):
            tally = self.tally(scene, tallies, day)
            invalid += tally.due - tally.valid > self.condition.most_invalid
        most = self.condition.days
        return Excess(DAYS, float(invalid), float(most)) if invalid > most else None

    def never(self) -> str | None:
        """Say that a year has no more days."""
        return None if self.condition.days < 366 else "no more than 366 days of a year are invalid"
