"""``plain_mean_over``: the plain mean of the shorter means of a day against a multiple of a limit.

Order 208, point 26 (1): the sum of the 20-minute values of a calendar day, divided by their
number. No least number of them and no valid share of the day is asked for, so it may be met on a
day whose own mean is not VALID, or is below the limit. Other laws ask for a number of valid hours,
or subtract the confidence interval first (2010/75/EU, annex V, part 3, points 10 and 11).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar, Literal

from msgspec.structs import force_setattr, replace

from streams.core.judging.evaluator import Scene, evaluates
from streams.core.judging.parts import KIND_NUMBERS, Part, parts_of
from streams.core.judging.window_violation import Judged, WindowViolationEvaluator
from streams.core.law.rule import Condition, Factor, Rule, positive
from streams.core.numeric.exact_sum import quotient
from streams.core.numeric.threshold import Threshold
from streams.core.records.findings import WindowMean
from streams.core.registry.enterprise import Limit
from streams.core.sources.series import CONCENTRATION
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.core.windows.mean import Window, validated


class PlainMeanOver(Condition, frozen=True, tag="plain_mean_over"):
    """The plain mean of the VALID means of ``of`` that start in ``window`` meets a factor of L.

    In mg/m3; ``compare`` it as above, or at least, ``factor`` times the limit at its start.
    ``validated``: of each mean less the confidence interval of the limit, not below 0. A day with
    fewer than ``least`` VALID means has no mean, nor one in which more than ``most_invalid`` means
    are missing or not VALID in time in which the source had to measure.
    """

    window: Literal["day"]
    of: Literal["20min", "30min", "1h"]
    compare: Literal["above", "at_least"]
    factor: Factor = 1
    validated: bool = False
    least: int = 1
    most_invalid: int | None = None

    def __post_init__(self) -> None:
        """Refuse a factor that is not above zero."""
        force_setattr(self, "factor", positive(self.factor))


@evaluates(PlainMeanOver)
class PlainMeanEvaluator(WindowViolationEvaluator[PlainMeanOver]):
    """Judges a day when it closes, and with each late reading of it."""

    of_peak: ClassVar[bool] = True

    def __init__(self, rule: Rule, condition: PlainMeanOver) -> None:
        super().__init__(rule, condition)
        self._threshold = Threshold(condition.factor, above=condition.compare == "above")
        self._kind = KIND_NUMBERS[condition.of]

    def windows(self) -> Collection[tuple[str, str]]:
        """Return the window over which the means are taken."""
        return ((self.condition.window, CONCENTRATION),)

    @property
    def floor(self) -> float | None:
        """The factor: where no valid reading reaches so many limits, no mean of means does."""
        return self._threshold.floor

    def may_hold(self, mean: WindowMean) -> bool:
        """Whether a valid reading of the day reaches what the mean of its means has to."""
        return (
            mean.max is not None
            and mean.limit is not None
            and self._threshold.met(mean.max, mean.limit)
        )

    def met(self, mean: WindowMean) -> bool:
        """Compare the mean of the means with the limit."""
        value = mean.value
        if self.condition.validated and mean.validated_value is not None:
            value = mean.validated_value
        return (
            value is not None and mean.limit is not None and self._threshold.met(value, mean.limit)
        )

    def judged(self, scene: Scene, window: Window, key: str, mean: WindowMean) -> Judged:
        """Take the plain mean of the VALID means in place of the mean of the day."""
        parts = list(parts_of(scene, window, self._kind, key))
        limit = scene.entry.limit(mean.parameter, CONCENTRATION, mean.start)
        value = _plain([part.value for part in parts if part.value is not None])
        less = validated(value, limit)
        if self.condition.validated and less is not None:
            less = _plain([v for part in parts if (v := validated(part.value, limit)) is not None])
        plain = replace(mean, value=value, validated_value=less)
        counted = [slot for part in parts if part.value is not None for slot in part.slots]
        length_s = WINDOW_KINDS[self._kind].length // 1000
        holds = self._enough(parts) and self.met(plain)
        return Judged(plain, holds, counted, length_s, holds and self._stands(parts, plain, limit))

    def _enough(self, parts: list[Part]) -> bool:
        """Return whether as many means are VALID as the rule asks for."""
        valid = sum(part.value is not None for part in parts)
        most = self.condition.most_invalid
        invalid = sum(part.due and part.value is None for part in parts)
        return valid >= self.condition.least and (most is None or invalid <= most)

    def _stands(self, parts: list[Part], mean: WindowMean, limit: Limit | None) -> bool:
        """Return whether the rule is met if every contested window counted, and were 0 in truth."""
        sure = [part.value for part in parts if part.value is not None and not part.contested]
        if not sure:
            return False
        zeros = [0.0] * sum(part.contested and bool(part.slots) for part in parts)
        less = [v for value in sure if (v := validated(value, limit)) is not None]
        lowest = None if not less else _plain([*less, *zeros])
        return self.met(replace(mean, value=_plain([*sure, *zeros]), validated_value=lowest))


def _plain(values: list[float]) -> float | None:
    return quotient(values, len(values)) if values else None
