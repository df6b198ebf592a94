"""What the judges of one partition share: where they are, the rules, the policy, the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from streams.core.detection.detector import AnyDetector
from streams.core.judging.evaluator import Scene
from streams.core.judging.finding import FindingPublisher
from streams.core.judging.index import RuleIndex
from streams.core.judging.violation import ViolationPublisher
from streams.core.law.policy import Policy
from streams.core.law.rule import RuleSet
from streams.core.records.advice import Advice
from streams.core.records.findings import DataGap, DeadLetter, WindowMean
from streams.core.records.notice_verdict import NoticeVerdict
from streams.core.records.root import SourceDayRoot
from streams.core.sources.source import SourceEntry
from streams.core.state.hours import Hours
from streams.core.state.source_state import SourceState
from streams.core.time.interval import FOREVER
from streams.core.windows.assigner import WindowAssigner


@dataclass(slots=True)
class Findings:
    """Results of one batch that no publisher keeps, in the order in which they were found."""

    means: list[WindowMean] = field(default_factory=list)
    gaps: list[DataGap] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    duplicate_offsets: list[int] = field(default_factory=list)
    notices: list[NoticeVerdict] = field(default_factory=list)
    roots: list[SourceDayRoot] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)


_NONE: Final[Mapping[str, AnyDetector]] = {}


class Context:
    """Shares what the judges of one partition need: topic, rules, policy and results."""

    def __init__(
        self,
        topic: str,
        partition: int,
        rules: RuleSet,
        policy: Policy,
        detectors: Mapping[str, AnyDetector] = _NONE,
        *,
        advises: bool = False,
    ) -> None:
        """``advises``: operators are told of what they can still avert."""
        self.advises = advises
        self.topic = topic
        self.partition = partition
        self.rule_set = rules.version
        self.zone = rules.country.zone
        """Zone of dates without a source."""
        self.station = rules.country.station
        """What a monitoring system must measure and prove; None: nothing is asked of it."""
        self.software_basis = rules.country.software_basis
        """By which act software has a permitted checksum; empty: by none, and none is looked at."""
        self.policy = policy
        self.detectors = detectors
        self.index = RuleIndex(rules)
        self.publisher = ViolationPublisher(topic, partition, rules.version)
        self.finding_publisher = FindingPublisher(rules.version)
        self.assigner = WindowAssigner(policy.grace_of)
        self.observed_from = FOREVER
        """The arrival of the first record of the log: before it silence is no evidence."""
        self.findings = Findings()

    def drain_findings(self) -> Findings:
        """Return the results since the last call, and begin an empty collection."""
        findings, self.findings = self.findings, Findings()
        return findings

    def scene(
        self, entry: SourceEntry, state: SourceState, hours: Hours, stream_time: int
    ) -> Scene:
        """Return a source at a stream time (ms), as evaluators are asked about it."""
        return Scene(
            self.publisher, self.policy, entry, state, hours, stream_time, self.finding_publisher
        )
