"""Findings for inspectors: numbered, told once, withdrawn aloud, forgotten when they are final."""

from __future__ import annotations

from typing import Any

from streams.core.engine.retention import evict
from streams.core.judging.context import Context
from streams.core.judging.finding import FindingPublisher, Observation
from streams.core.judging.runs import RunJudge
from streams.core.judging.violation import Subject
from streams.core.law.policy import Policy
from streams.core.records.findings import finding_id
from streams.core.sources.source import compile_sources
from streams.core.state.hours import Hours
from streams.core.state.source_state import PublishedFinding, SourceState
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.interval import DAY, HOUR
from streams.core.windows.pending_sums import PendingSums
from tests.core.examples import BIN, RULES, TOPIC, enterprise, local

BEGIN = local("2026-04-01")
PLANT = enterprise()
SOURCE = compile_sources(PLANT)[0]
SUBJECT = Subject(PLANT, SOURCE)


class Story:
    """What was published of a source, an observation after the other."""

    def __init__(self) -> None:
        self.publisher = FindingPublisher("1")
        self.standing: dict[str, PublishedFinding] = {}

    def tell(self, value: float, end: int | None = BEGIN + HOUR, at: int = 0) -> list[Any]:
        """State a value; returns number and status of what was published."""
        seen = Observation("FLATLINE", BEGIN, end, "SO2", "hours", value, 1.0, "h", "Look.")
        told = self.publisher.update(self.standing, SUBJECT, seen, at=at)
        return self.drained(told)

    def drained(self, told: bool) -> list[Any]:
        found = self.publisher.drain()
        assert told == bool(found)
        return [(each.revision, each.status) for each in found]


def test_the_same_observation_is_no_news_whenever_it_is_made() -> None:
    story = Story()
    assert story.tell(2.0) == [(1, "CLOSED")]
    assert story.tell(2.0, at=77) == []
    assert story.tell(3.0) == [(2, "CLOSED")]


def test_an_open_interval_is_an_open_finding() -> None:
    story = Story()
    assert story.tell(2.0, end=None) == [(1, "OPEN")]
    assert story.tell(2.0) == [(2, "CLOSED")]


def test_what_is_not_seen_again_is_withdrawn_once_and_may_come_back() -> None:
    story = Story()
    story.tell(2.0)
    seen = [Observation("FLATLINE", BEGIN + DAY, BEGIN + 2 * DAY, "SO2")]
    for expected in ([(1, "CLOSED"), (2, "WITHDRAWN")], []):
        told = story.publisher.settle(
            story.standing, SUBJECT, {"FLATLINE"}, BEGIN, BEGIN + 2 * DAY, seen, at=5
        )
        assert story.drained(told) == expected
    assert story.tell(2.0) == [(3, "CLOSED")]


def test_settling_an_interval_leaves_other_kinds_and_other_intervals() -> None:
    story = Story()
    story.tell(2.0)
    for kinds, start in (({"CLIPPING"}, BEGIN), ({"FLATLINE"}, BEGIN + 1)):
        assert not story.publisher.settle(
            story.standing, SUBJECT, kinds, start, start + DAY, [], at=5
        )


def test_a_finding_names_its_subject() -> None:
    story = Story()
    seen = Observation("YEAR-80", BEGIN, None, track="INSPECTION", basis="Order 208, point 1")
    story.publisher.update(story.standing, SUBJECT, seen, at=9)
    story.publisher.update(story.standing, Subject(PLANT), seen, at=9)
    first, second = story.publisher.drain()
    assert (first.id, second.id) == (
        finding_id("YEAR-80", "A", None, BEGIN), finding_id("YEAR-80", BIN, None, BEGIN)
    )  # fmt: skip
    assert (first.source_id, second.source_id, second.bin) == ("A", None, BIN)
    assert (first.track, first.basis, first.detected_at) == ("INSPECTION", "Order 208, point 1", 9)


def test_the_memory_of_a_finding_is_dropped_once_it_is_final() -> None:
    story, state = Story(), SourceState(first_reading=BEGIN)
    state.published_findings = story.standing
    story.tell(2.0)
    hours = Hours("0/hour/A/", UncommittedState({}), [], PendingSums())
    context = Context(TOPIC, 0, RULES, Policy())
    runs = RunJudge(context, state, hours)
    for passed, kept in ((2 * HOUR + DAY, 1), (4 * HOUR + DAY, 0)):
        evict(SOURCE, state, hours, runs, BEGIN + passed, BEGIN + passed)
        assert len(state.published_findings) == kept
