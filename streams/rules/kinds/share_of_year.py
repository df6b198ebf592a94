"""``share_of_year_over``: too many of the VALID means of a calendar year are above the limit.

2010/75/EU, annex V, part 4, point 1 (d): 95 % of the validated hourly means of a year do not exceed
200 % of the limit; annex VI, part 8, point 1.1 (b): 97 % of the half-hourly means.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from msgspec.structs import force_setattr

from streams.core.judging.day_tally import PERCENT, DayTallyEvaluator, Excess, Period, year_of
from streams.core.judging.evaluator import Scene, evaluates
from streams.core.judging.parts import Part
from streams.core.law.rule import Condition, Factor, Rule, positive
from streams.core.numeric.threshold import Threshold
from streams.core.registry.enterprise import Limit
from streams.core.state.day_tallies import DayTallies
from streams.core.windows.mean import validated


class ShareOfYearOver(Condition, frozen=True, tag="share_of_year_over"):
    """More than ``most_pct`` percent of the VALID means of ``of`` in a year are above the limit.

    Above ``factor`` times the limit of their day, in mg/m3; ``validated``: less the confidence
    interval of the limit, not below 0.
    """

    of: Literal["20min", "30min", "1h"]
    most_pct: Factor
    factor: Factor = 1
    validated: bool = False

    def __post_init__(self) -> None:
        """Refuse factors and percentages that are not above zero."""
        force_setattr(self, "factor", positive(self.factor))
        force_setattr(self, "most_pct", positive(self.most_pct))


@evaluates(ShareOfYearOver)
class ShareOfYearEvaluator(DayTallyEvaluator[ShareOfYearOver]):
    """Judges a year when its last day has closed."""

    def __init__(self, rule: Rule, condition: ShareOfYearOver) -> None:
        super().__init__(rule, condition)
        self._threshold = Threshold(condition.factor, above=True)

    @property
    def of(self) -> str:
        """The windows that the rule names."""
        return self.condition.of

    def over(self, part: Part, limit: Limit) -> bool:
        """Compare a mean with the limit, less the confidence interval if the rule says so."""
        value = part.value
        if self.condition.validated:
            less = validated(value, limit)
            value = value if less is None else less
        return value is not None and self._threshold.met(value, limit.value)

    def period(self, day: int) -> Period:
        """Return the year."""
        return year_of(day)

    def excess(self, scene: Scene, tallies: DayTallies, period: Period) -> Excess | None:  # noqa: ARG002
        """Compare the share of the means above the limit with the share that may be."""
        days = [tally for day, tally in tallies.days.items() if period.start <= day < period.end]
        valid, over = sum(day.valid for day in days), sum(day.over for day in days)
        most = Fraction(self.condition.most_pct)
        if 100 * over <= most * valid:
            return None
        return Excess(PERCENT, 100 * over / valid, float(most))

    def never(self) -> str | None:
        """Say that no share is above 100 %."""
        return None if self.condition.most_pct < 100 else "no more than 100 % can be above a limit"
