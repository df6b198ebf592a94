"""``window_mean_over``: the mean of one window against a multiple of its limit."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from msgspec.structs import force_setattr

from streams.core.judging.evaluator import evaluates
from streams.core.judging.window_violation import WindowViolationEvaluator
from streams.core.law.rule import Condition, Factor, Rule, positive
from streams.core.numeric.threshold import Threshold
from streams.core.records.findings import WindowMean
from streams.core.time.window_kinds import WHOLE_DAY
from streams.core.windows.aggregate import SlotAggregate
from streams.core.windows.mean import VALID, status_of


class WindowMeanOver(Condition, frozen=True, tag="window_mean_over"):
    """A VALID mean of ``window`` in ``unit`` above, or at least, ``factor`` times its limit."""

    window: Literal["20min", "30min", "1h", "day"]
    unit: Literal["mg/m3", "g/s"]
    compare: Literal["above", "at_least"]
    factor: Factor = 1

    def __post_init__(self) -> None:
        """Refuse a factor that is not above zero."""
        force_setattr(self, "factor", positive(self.factor))


@evaluates(WindowMeanOver)
class WindowMeanEvaluator(WindowViolationEvaluator[WindowMeanOver]):
    """Compares the published mean with the limit that is in force at the window's start."""

    def __init__(self, rule: Rule, condition: WindowMeanOver) -> None:
        super().__init__(rule, condition)
        self._threshold = Threshold(condition.factor, above=condition.compare == "above")

    def windows(self) -> Collection[tuple[str, str]]:
        """Return the windows that the rule names."""
        return ((self.condition.window, self.condition.unit),)

    @property
    def floor(self) -> float | None:
        """The factor: below so many limits no mean meets the rule."""
        return self._threshold.floor

    def least(self, limit: float) -> float:
        """Return the smallest mean that meets the rule."""
        return self._threshold.least(limit)

    def met(self, mean: WindowMean) -> bool:
        """Compare the mean with its limit."""
        return (
            mean.value is not None
            and mean.limit is not None
            and self._threshold.met(mean.value, mean.limit)
        )

    def stands_without(self, contested: int, mean: WindowMean, slots: SlotAggregate) -> bool:
        """Return whether a day stands if all that is contested was its peak and in truth 0."""
        if mean.window != "day" or mean.limit is None:
            return False
        least = slots.lowest_mean(contested)
        enough = status_of(WHOLE_DAY, slots.valid_time - contested, mean.due_s * 1000) == VALID
        return least is not None and enough and self._threshold.met(least, mean.limit)
