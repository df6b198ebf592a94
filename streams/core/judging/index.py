"""The rules of a rule set by what they are asked for, made once for a partition."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from math import inf
from typing import Any, NamedTuple

from streams.core.judging.evaluator import (
    DeviceEvaluator,
    Evaluator,
    LastingEvaluator,
    MassEvaluator,
    RegistrationEvaluator,
    SilenceEvaluator,
    WindowEvaluator,
    evaluator_of,
)
from streams.core.law.rule import RuleSet
from streams.core.time.window_kinds import WINDOW_KINDS


class WindowRules(NamedTuple):
    """The evaluators of one kind of window, in the order of their rules' codes.

    ``every``: one is asked for every mean, whatever its limit. All the others cannot be met by a
    mean below ``floor`` times its limit whose greatest valid reading is below ``peak`` times its
    limit (``inf``: no evaluator looks at that).
    """

    every: bool
    floor: float
    peak: float
    by_unit: dict[str, tuple[WindowEvaluator[Any], ...]]


class RuleIndex:
    """Evaluators by trigger; ``windows`` by the number of the kind of window."""

    def __init__(self, rules: RuleSet) -> None:
        evaluators = _evaluators(rules)
        of_windows = [each for each in evaluators if isinstance(each, WindowEvaluator)]
        self.windows = tuple(_of_window(kind.name, of_windows) for kind in WINDOW_KINDS)
        self.foreseen = tuple(_foreseen(rules) for rules in self.windows)
        """By kind of window and unit, the evaluators that its mean alone decides."""
        self.masses = tuple(each for each in evaluators if isinstance(each, MassEvaluator))
        self.lasting = tuple(each for each in evaluators if isinstance(each, LastingEvaluator))
        self.silences = tuple(each for each in evaluators if isinstance(each, SilenceEvaluator))
        self.devices = tuple(each for each in evaluators if isinstance(each, DeviceEvaluator))
        self.registrations = tuple(
            each for each in evaluators if isinstance(each, RegistrationEvaluator)
        )

    def levels(self, kinds: Iterable[int]) -> dict[str, float]:
        """Return, by unit, the factor of the limit below which no mean of these windows meets one.

        Of those rules that the mean alone decides; a unit without one is left out.
        """
        found: dict[str, float] = {}
        for kind in kinds:
            for unit, evaluators in self.foreseen[kind].items():
                floors = [0.0 if each.floor is None else each.floor for each in evaluators]
                found[unit] = min(found.get(unit, inf), *floors)
        return found


def _evaluators(rules: RuleSet) -> list[Evaluator[Any]]:
    """Make the evaluators in the order of codes; versions of one code know of each other."""
    found: list[Evaluator[Any]] = []
    ordered = sorted(rules.rules, key=lambda rule: (rule.code, rule.valid_from))
    for _, versions in groupby(ordered, key=lambda rule: rule.code):
        before: Evaluator[Any] | None = None
        for rule in versions:
            each = evaluator_of(rule)
            if before is not None:
                before.precede()
                each.succeed(before.rule)
            found.append(each)
            before = each
    return found


def _of_window(name: str, evaluators: list[WindowEvaluator[Any]]) -> WindowRules:
    by_unit: dict[str, tuple[WindowEvaluator[Any], ...]] = {}
    for each in evaluators:
        for unit in sorted({unit for window, unit in each.windows() if window == name}):
            by_unit[unit] = (*by_unit.get(unit, ()), each)
    asked = [each for of_unit in by_unit.values() for each in of_unit]
    floors = [each.floor for each in asked if not each.of_peak and each.floor is not None]
    peaks = [each.floor for each in asked if each.of_peak and each.floor is not None]
    every = len(floors) + len(peaks) < len(asked)
    return WindowRules(every, min(floors, default=inf), min(peaks, default=inf), by_unit)


def _foreseen(rules: WindowRules) -> dict[str, tuple[WindowEvaluator[Any], ...]]:
    found = {
        unit: tuple(each for each in evaluators if each.least(1.0) is not None)
        for unit, evaluators in rules.by_unit.items()
    }
    return {unit: evaluators for unit, evaluators in found.items() if evaluators}
