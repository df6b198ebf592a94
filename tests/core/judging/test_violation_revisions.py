"""Revisions: what is new gets a number, what is not stays unsaid, nothing vanishes silently."""

from __future__ import annotations

from typing import Any

from streams.core.judging.violation import Claim, Measure, Subject, ViolationPublisher
from streams.core.records.findings import DataGap, Violation, violation_id
from streams.core.records.revision import PublishedRevision
from streams.core.registry.enterprise import Device, Verification
from streams.core.sources.source import compile_sources
from streams.core.time.interval import HOUR, MINUTE
from tests.core.examples import (
    RULES,
    Log,
    enterprise,
    fold,
    local,
    one_by_one,
    quiet,
    reading,
    source,
)

BEGIN = local("2026-04-01")
IDENTITY = violation_id("KZ-30", "A", "SO2", BEGIN)


class Story:
    """What one violation came to be, a claim after the other."""

    def __init__(self) -> None:
        plant = enterprise()
        self.publisher = ViolationPublisher("readings", 0, RULES.version)
        self.subject = Subject(plant, compile_sources(plant)[0])
        self.known: PublishedRevision | None = None

    def tell(self, value: float = 1200.0, at: int = 0, **more: Any) -> tuple[int, str] | None:
        """State a value; returns the number and status of what was published, None for nothing."""
        measure = Measure("mg/m3", value, 500.0)
        claim = Claim(BEGIN, BEGIN + 30 * MINUTE, "SO2", measure, reasons=())
        rule = RULES.rules[0]
        found = self.publisher.publish(rule, self.subject, claim, self.known, at=at, **more)
        self.known = found or self.known
        published = self.publisher.drain()
        assert (found is None) == (not published)
        return (published[0].revision, published[0].status) if published else None


def test_the_same_content_is_no_news_whenever_it_is_found() -> None:
    story = Story()
    assert story.tell() == (1, "CLOSED")
    assert story.tell(at=77) is None


def test_other_content_or_another_status_is_the_next_revision() -> None:
    story = Story()
    assert story.tell(over=False) == (1, "OPEN")
    assert story.tell(1300.0, over=False) == (2, "AMENDED")
    assert story.tell(1300.0) == (3, "CLOSED")
    assert story.tell(1300.0, withdrawn=True) == (4, "WITHDRAWN")
    assert story.tell(1300.0, withdrawn=True) is None


def test_fields_that_are_no_news_alone_are_published_with_other_news() -> None:
    story = Story()
    assert story.tell(over=False, no_news=("value", "ratio")) == (1, "OPEN")
    assert story.tell(1300.0, over=False, no_news=("value", "ratio")) is None
    assert story.tell(1400.0, no_news=("value", "ratio")) == (2, "CLOSED")


def test_an_id_is_its_rule_subject_parameter_and_start() -> None:
    names = [
        ("KZ-30", "A", "SO2", BEGIN),
        ("KZ-DAY", "A", "SO2", BEGIN),
        ("KZ-30", "B", "SO2", BEGIN),
        ("KZ-30", "A", "NO2", BEGIN),
        ("KZ-30", "A", "SO2", BEGIN + 1),
        ("KZ-30", "A", None, BEGIN),
    ]
    assert len({violation_id(*name) for name in names}) == len(names)
    assert violation_id(*names[0]) == "c60b8e3b-adeb-5b77-9390-b310f4525def"


def test_late_readings_make_a_window_valid_and_then_withdraw_it() -> None:
    """One of three readings is not enough, two are, and the third is too low."""
    log = Log().series(BEGIN, [1200.0, None, None]).tick(BEGIN + HOUR)
    log.add(reading(BEGIN + 10 * MINUTE, values={"SO2": 1000.0}), BEGIN + 2 * HOUR)
    log.add(reading(BEGIN + 20 * MINUTE, values={"SO2": 10.0}), BEGIN + 3 * HOUR)
    found = one_by_one(log)
    assert found.story(IDENTITY) == [(1, "CLOSED"), (2, "WITHDRAWN")]
    values = [each.value for each in found.violations if each.id == IDENTITY]
    assert values == [1100.0, 2210.0 / 3]
    assert found.standing("KZ-30") == []


def test_a_withdrawn_window_may_come_back_under_its_id() -> None:
    """Two-minute readings: low ones take the mean below twice the limit, high ones back."""
    plant = enterprise(source(cadence_s=120))
    log = Log().series(BEGIN, [1100.0] * 10, period_s=120).tick(BEGIN + HOUR)
    for index, value in ((10, 0.0), (11, 2900.0), (12, 1000.0)):
        at = BEGIN + index * 2 * MINUTE
        log.add(reading(at, period_s=120, values={"SO2": value}), BEGIN + (index - 8) * HOUR)
    found = fold(log, plant, range(len(log.records)), rebuilt=True)
    assert found.story(IDENTITY) == [
        (1, "CLOSED"),
        (2, "CLOSED"),
        (3, "CLOSED"),
        (4, "CLOSED"),
    ]
    log = Log().series(BEGIN, [1010.0] * 10, period_s=120).tick(BEGIN + HOUR)
    for index, value in ((10, 0.0), (11, 2900.0), (12, 1000.0)):
        at = BEGIN + index * 2 * MINUTE
        log.add(reading(at, period_s=120, values={"SO2": value}), BEGIN + (index - 8) * HOUR)
    found = fold(log, plant, range(len(log.records)), rebuilt=True)
    assert found.story(IDENTITY) == [
        (1, "CLOSED"),
        (2, "WITHDRAWN"),
        (3, "CLOSED"),
        (4, "CLOSED"),
    ]


def test_a_repeated_log_publishes_the_same_revisions() -> None:
    log = Log().series(BEGIN, [1200.0] * 24)
    for index in range(0, 24, 5):
        log.add(reading(BEGIN + 4 * HOUR + index * MINUTE), BEGIN + 9 * HOUR + index)
    first, second = fold(quiet(log)), fold(log, cuts=range(0, len(log.records), 3), rebuilt=True)
    assert second.last_violations == first.last_violations
    said: dict[tuple[str, int], Violation] = {}
    for each in (*first.violations, *second.violations):
        assert said.setdefault((each.id, each.revision), each) == each
    for found in (first, second):
        for identity in found.last_violations:
            numbers = [number for number, _ in found.story(identity)]
            assert numbers == sorted(set(numbers))


def test_of_several_changes_by_one_batch_only_the_last_is_published() -> None:
    """Each late reading moves a violation and splits a silence: one revision each, numbered on."""
    log = Log().series(BEGIN, [1200.0] * 3).add(reading(BEGIN + 50 * HOUR)).tick(BEGIN + 51 * HOUR)
    many = len(log.records)
    for index in range(1, 60):
        item = reading(BEGIN + index * 45 * MINUTE, values={"SO2": 2000.0 + index})
        log.add(item, BEGIN + 51 * HOUR)
    singly, at_once = one_by_one(log), fold(log, cuts=[many])
    every: list[DataGap | Violation] = [*singly.violations, *singly.gaps]
    said = {(each.id, each.revision): each for each in every}
    assert len(every) > 100
    published: list[DataGap | Violation] = [*at_once.violations, *at_once.gaps]
    late = [each.id for each in published if each.detected_at == BEGIN + 51 * HOUR]
    assert len(set(late)) == len(late) > 60
    assert all(said[each.id, each.revision] == each for each in published)
    assert at_once.last_violations == singly.last_violations
    assert at_once.last_gaps == singly.last_gaps


def test_the_evidence_follows_the_messages_used() -> None:
    """The same content in other bytes is other evidence; a reading of no window is none."""
    log = Log().series(BEGIN, [1000.0] * 3)
    evidence = fold(quiet(log)).standing("KZ-30")[0].evidence[0]
    other = Log().series(BEGIN, [1000.0, 1000.0, 1001.0])
    changed = fold(quiet(other)).standing("KZ-30")[0].evidence[0]
    assert (evidence.first_offset, evidence.last_offset) == (0, 2)
    assert changed.sha256 != evidence.sha256
    longer = Log().series(BEGIN, [1000.0] * 3 + [1.0] * 3)
    assert fold(quiet(longer)).standing("KZ-30")[0].evidence[0] == evidence


def test_a_window_names_the_device_of_most_readings_and_its_verification() -> None:
    devices = (
        Device("a", "SN-1", Verification("BA-1", "2026-01-01", "2027-01-01")),
        Device("b", "SN-2", Verification("BA-2", "2026-01-01")),
    )
    plant = enterprise(source(devices=devices))
    log = Log()
    for index, serial in enumerate(("SN-2", "SN-2", "SN-1")):
        at = BEGIN + index * 10 * MINUTE
        log.add(reading(at, values={"SO2": 1000.0}, device_serial=serial))
    violation = fold(quiet(log), plant).standing("KZ-30")[0]
    assert (violation.device_serial, violation.verification) == ("SN-2", "BA-2")
    assert violation.verification_until is None
    assert violation.automatic
    unlisted = Log().series(BEGIN, [1000.0] * 3, device_serial="SN-9")
    violation = fold(quiet(unlisted), plant).standing("KZ-30")[0]
    assert (violation.device_serial, violation.verification) == ("SN-9", None)
    assert not violation.automatic


def test_an_unverified_reading_that_does_not_count_leaves_the_automatism() -> None:
    plant = enterprise(source(devices=(Device("a", "SN-1", Verification("BA-1")),)))
    log = Log().series(BEGIN, [1000.0] * 2, device_serial="SN-1")
    log.add(reading(BEGIN + 20 * MINUTE, values={"SO2": 1e9}, device_serial="SN-9"))
    assert fold(quiet(log), plant).standing("KZ-30")[0].automatic
