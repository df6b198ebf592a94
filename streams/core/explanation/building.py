"""What the explainers of one subject share: the facts, what was judged again, the trace so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from streams.core.explanation.facts import Facts
from streams.core.explanation.node import Trace
from streams.core.explanation.readings import ReadingExplainer, Tally
from streams.core.explanation.rerun import Rerun
from streams.core.explanation.words import Words
from streams.core.judging.evaluator import Evaluator
from streams.core.law.rule import Rule
from streams.core.records.findings import Violation, WindowMean
from streams.core.sources.source import SourceEntry


class Difference(msgspec.Struct, frozen=True):
    """Where what was published is not what is computed again; both as text."""

    where: str
    published: str
    computed: str


@dataclass
class Building:
    """An explanation in the making."""

    facts: Facts
    rerun: Rerun
    trace: Trace
    words: Words
    readings: ReadingExplainer
    entry: SourceEntry | None
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    insufficient: int = 0
    compared: bool = True
    windows: list[WindowMean] = field(default_factory=list)

    def mean(self, parameter: str, unit: str, window: str, start: int) -> WindowMean | None:
        """Return the last revision of a mean as it was computed again."""
        found = None
        for each in self.rerun.means:
            if (each.parameter, each.unit, each.window, each.start) == (
                parameter, unit, window, start,
            ):  # fmt: skip
                found = each
        return found

    def codes(self) -> Counter[str]:
        """Count the readings that were not used, by reason."""
        return self.tally.codes


class Judged(NamedTuple):
    """A violation that is explained: its last published revision, and that computed again."""

    building: Building
    root: str
    published: Violation
    again: Violation | None
    rule: Rule | None
    evaluator: Evaluator[Any] | None

    @property
    def shown(self) -> Violation:
        """The revision that is explained: as computed again, or as published if it was not."""
        return self.again or self.published
