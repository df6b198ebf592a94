"""One violation a window: what most kinds of rules on means publish."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple, TypeVar

from streams.core.judging.evaluator import Scene, WindowEvaluator
from streams.core.judging.violation import Claim, Measure, reasons_of
from streams.core.law.rule import Condition
from streams.core.quality.conflict import contested_time
from streams.core.records.findings import WindowMean, violation_id
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.core.windows.aggregate import SlotAggregate, aggregate
from streams.core.windows.mean import VALID, Window
from streams.core.windows.slot import Slot

C = TypeVar("C", bound=Condition)


class Judged(NamedTuple):
    """What a rule compares in a window, and whether it is met.

    ``mean`` with the value that the rule takes; ``counted`` are the slots, in windows of
    ``length_s`` seconds, whose readings are in it; ``stands``: without what is contested too.
    """

    mean: WindowMean
    holds: bool
    counted: list[Slot]
    length_s: int
    stands: bool = False


class WindowViolationEvaluator(WindowEvaluator[C]):
    """Publishes a violation for each window whose mean meets the rule, and withdraws it again.

    A kind says `windows`, `floor` and `met`. With a floor only a VALID mean that has a limit is
    put to `met`; without one every mean is, so `met` looks at its status too. A kind that compares
    another value than that mean says `may_hold` and `judged`.
    """

    @abstractmethod
    def met(self, mean: WindowMean) -> bool:
        """Whether a mean meets the rule."""

    def stands_without(self, contested: int, mean: WindowMean, slots: SlotAggregate) -> bool:  # noqa: ARG002
        """Return whether the rule is met without ``contested`` ms of contradicted readings.

        If so, the contradiction does not make the violation less automatic.
        """
        return False

    def may_hold(self, mean: WindowMean) -> bool:
        """Whether the rule can be met in a window with this mean."""
        if self.floor is not None and (mean.status != VALID or mean.limit is None):
            return False
        return self.met(mean)

    def judged(self, scene: Scene, window: Window, key: str, mean: WindowMean) -> Judged:  # noqa: ARG002
        """Return what the rule compares: the mean as it is."""
        length_s = WINDOW_KINDS[window.kind].length // 1000
        return Judged(mean, self.may_hold(mean), window.slots, length_s)

    def judge(self, scene: Scene, window: Window, key: str, mean: WindowMean) -> bool:
        """Publish or withdraw the violation of a window; it is no part of a run."""
        entry, hours, rule = scene.entry, scene.hours, self.rule
        if not self.owns(mean.start, entry.zone):
            return False
        may_hold = self.may_hold(mean) and rule.in_force(mean.start, entry.zone)
        hour_start = hours.start_of(entry.clock, mean.start)
        hour = hours.get(hour_start)
        if not may_hold and (hour is None or not hour.published):
            return False
        identity = violation_id(rule.code, entry.id, mean.parameter, mean.start)
        before = hour.published.get(identity) if hour is not None else None
        if not may_hold and before is None:
            return False
        judged = self.judged(scene, window, key, mean)
        mean, holds = judged.mean, may_hold and judged.holds
        if not holds and before is None:
            return False
        length_s = WINDOW_KINDS[window.kind].length // 1000
        flow_key = entry.plan(mean.start).mass_key(mean.parameter)
        slots = aggregate(SlotAggregate(), window.slots, key, length_s, flow_key)
        unverified = slots.unverified
        if unverified and judged.counted is not window.slots:
            counted = SlotAggregate()
            aggregate(counted, judged.counted, key, judged.length_s, flow_key)
            unverified = counted.unverified
        value, limit = mean.value, mean.limit
        excess = None
        if value is not None and limit is not None:
            excess = slots.excess_tonnes(value, limit)
        contested = contested_time(scene.state.conflicts, mean.start, mean.end)
        reasons = None
        if holds:
            reasons = reasons_of(
                automatic=rule.automatic_at(mean.start, entry.zone),
                unverified=bool(unverified),
                contested=contested > 0,
            )
        stands = holds and contested > 0
        if stands and not judged.stands:
            stands = self.stands_without(contested, mean, slots)
        claim = Claim(
            mean.start,
            mean.end,
            mean.parameter,
            Measure(mean.unit, value, limit, mean.validated_value, excess),
            (scene.publisher.proof(slots),),
            reasons,
            stands,
            slots.serial,
        )
        published = scene.publisher.publish(
            rule, scene.subject, claim, before, at=scene.stream_time, withdrawn=not holds
        )
        if published is not None:
            hours.for_update(hour_start).published[identity] = published
        return False
