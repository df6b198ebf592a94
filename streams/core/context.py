"""What the judges of one partition share: where they are, the rules, the policy, the results."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.core.findings import DataGap, DeadLetter, Violation, WindowMean
from streams.core.frame import Frames
from streams.core.policy import Policy
from streams.core.rules import (
    MissingAsm,
    MissingLink,
    Outage,
    Rule,
    RuleSet,
    RunOver,
    WindowMeanOver,
)
from streams.core.source import FOREVER


@dataclass(slots=True)
class Findings:
    """Results of one batch in the order in which they were found."""

    means: list[WindowMean] = field(default_factory=list)
    gaps: list[DataGap] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)


class Context:
    """One partition's surroundings; ``offset`` is that of the record being judged."""

    def __init__(self, topic: str, partition: int, rules: RuleSet, policy: Policy) -> None:
        self.topic = topic
        self.partition = partition
        self.rules = rules
        self.policy = policy
        self.rules_of_window: dict[tuple[str, str], list[Rule]] = {}
        """Rules that look at one window, by its kind and the unit of the mean."""
        for rule in rules.of(WindowMeanOver):
            condition = rule.condition
            assert isinstance(condition, WindowMeanOver)  # noqa: S101 (sorted by kind)
            place = condition.window, condition.unit
            self.rules_of_window.setdefault(place, []).append(rule)
        self.run_rules = rules.of(RunOver)
        self.outage_rules = rules.of(Outage)
        self.obligation_rules = rules.of(MissingAsm, MissingLink)
        self.frames = Frames(self.grace)
        self.offset = -1
        self.observed_from = FOREVER
        """The arrival of the first record of the log: before it silence is no evidence."""
        self.findings = Findings()

    def grace(self, kind: int) -> int:
        """How long a window of a kind stays open after its end, milliseconds."""
        return self.policy.day_grace if kind == 3 else self.policy.grace
