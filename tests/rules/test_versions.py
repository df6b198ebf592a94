"""A change of law: two files of one code, of which the second is in force from the first one's end.

What began before the change is judged by the law of its start, also where it outlasts it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

import streams.rules
from streams.core.law.rule import RuleSet
from streams.core.records.findings import Violation
from streams.core.registry.enterprise import Device, Verification
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.errors import RuleError
from streams.rules.load import parse_rules
from tests.core.examples import (
    Found,
    Log,
    connected,
    enterprise,
    fold,
    local,
    obliged,
    one_by_one,
    quiet,
    reading,
    source,
)

KZ = Path(streams.rules.__file__).parent / "kz"
CHANGE = "2026-04-02"
MIDNIGHT = local(CHANGE)


def changed(code: str, changes: Mapping[str, str] | None = None) -> RuleSet:
    """A shipped rule until the change, and from it on another version of it."""
    text = (KZ / f"{code}.yaml").read_text(encoding="utf-8")
    later = re.sub(r"valid_from: .*", f"valid_from: {CHANGE}", text)
    for old, new in (changes or {}).items():
        assert old in later
        later = later.replace(old, new)
    earlier = f"{text}valid_to: {CHANGE}\n"
    return parse_rules([(f"{code}.yaml", earlier), (f"{code}.2026.yaml", later)])


def told(found: Found) -> list[tuple[int, str, str]]:
    """Every violation that stands: start, track, status."""
    kept = [each for each in found.last_violations.values() if each.status != "WITHDRAWN"]
    return sorted((each.start, each.track, each.status) for each in kept)


def same_however_cut(log: Log, plant: object, rules: RuleSet) -> Found:
    """The results of a log record by record, which are those of one batch and of restarts."""
    singly = one_by_one(log, plant, rules=rules)  # type: ignore[arg-type]
    whole = fold(log, plant, rules=rules)  # type: ignore[arg-type]
    again = fold(log, plant, range(1, len(log.records)), rebuilt=True, rules=rules)  # type: ignore[arg-type]
    assert told(whole) == told(singly) == told(again)
    return singly


def test_versions_are_in_the_order_of_their_dates() -> None:
    rules = changed("KZ-DAY")
    assert [(each.code, each.valid_from) for each in rules.rules] == [
        ("KZ-DAY", date(2021, 7, 1)),
        ("KZ-DAY", date(2026, 4, 2)),
    ]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("", "valid_from: 2027-01-01"),
        ("valid_to: 2027-01-01", "valid_from: 2026-12-31"),
        ("valid_to: 2027-01-01", "valid_from: 2020-01-01"),
    ],
)
def test_two_of_one_code_never_overlap(earlier: str, later: str) -> None:
    text = (KZ / "KZ-DAY.yaml").read_text(encoding="utf-8")
    other = re.sub(r"valid_from: .*", later, text)
    with pytest.raises(RuleError, match="the rule KZ-DAY is defined twice from 20"):
        parse_rules([("a.yaml", f"{text}{earlier}\n"), ("b.yaml", other)])


def test_a_window_is_judged_by_the_law_of_its_start() -> None:
    rules = changed("KZ-30", {"factor: 2": "factor: 4", "PRESCRIPTION": "COURT"})
    sent = [1500.0, None, *[1500.0] * 4, *[1500.0] * 3, *[2500.0] * 3]
    late = reading(MIDNIGHT - 50 * MINUTE, values={"SO2": 1400.0})
    log = quiet(Log().series(MIDNIGHT - HOUR, sent)).add(late, MIDNIGHT + 5 * HOUR)
    found = same_however_cut(log, enterprise(), rules)
    assert told(found) == [
        (MIDNIGHT - HOUR, "PRESCRIPTION", "CLOSED"),
        (MIDNIGHT - HOUR // 2, "PRESCRIPTION", "CLOSED"),
        (MIDNIGHT + HOUR // 2, "COURT", "CLOSED"),
    ]


def test_a_run_is_judged_by_the_law_of_its_start_to_its_end() -> None:
    """Seven half hours at 2 L, four of them after the change to 4 L; then one that begins later."""
    rules = changed("KZ-3H", {"factor: 2": "factor: 4", "COURT": "PRESCRIPTION"})
    values = [1500.0] * 21 + [100.0] * 3 + [1500.0] * 24 + [100.0] * 3 + [2500.0] * 24
    found = same_however_cut(
        quiet(Log().series(MIDNIGHT - HOUR, values), 4 * DAY), enterprise(), rules
    )
    assert told(found) == [
        (MIDNIGHT - HOUR, "COURT", "CLOSED"),
        (MIDNIGHT - HOUR + 51 * 10 * MINUTE, "PRESCRIPTION", "CLOSED"),
    ]


def test_an_outage_is_judged_by_the_law_of_its_start() -> None:
    rules = changed("KZ-GAP", {"INSPECTION": "PRESCRIPTION"})
    log = Log().series(MIDNIGHT - 10 * HOUR, [100.0])
    log.add(reading(MIDNIGHT + 30 * HOUR))
    log.add(reading(MIDNIGHT + 60 * HOUR))
    found = same_however_cut(quiet(log), connected(), rules)
    assert [track for _, track, _ in told(found)] == ["INSPECTION", "PRESCRIPTION"]
    assert all(each.status in ("OPEN", "CLOSED") for each in found.violations)


def test_a_duty_that_began_before_goes_on_under_the_later_law() -> None:
    rules = changed("KZ-NOASM", {"PRESCRIPTION": "COURT"})
    before = same_however_cut(Log().tick(MIDNIGHT - DAY).tick(MIDNIGHT + DAY), obliged(), rules)
    assert told(before) == [(local("2023-01-01"), "PRESCRIPTION", "OPEN")]
    first_seen = same_however_cut(Log().tick(MIDNIGHT + DAY), obliged(), rules)
    assert told(first_seen) == told(before)
    later = obliged(commissioned_on=CHANGE)
    assert told(same_however_cut(Log().tick(MIDNIGHT + DAY), later, rules)) == [
        (MIDNIGHT, "COURT", "OPEN")
    ]


def test_a_lapse_of_verification_is_one_violation_across_the_change() -> None:
    rules = changed("KZ-VERIF", {"PRESCRIPTION": "COURT"})
    lapsed = Device("analyser", "SN-1", Verification("BA-1", "2025-01-01", "2026-01-01"))
    plant = enterprise(source(devices=(lapsed,)))
    log = Log().series(MIDNIGHT - HOUR, [100.0] * 12, device_serial="SN-1")
    found = same_however_cut(quiet(log), plant, rules)
    assert told(found) == [(MIDNIGHT - HOUR, "PRESCRIPTION", "AMENDED")]
    after = Log().series(MIDNIGHT, [100.0] * 6, device_serial="SN-1")
    assert told(same_however_cut(quiet(after), plant, rules)) == [(MIDNIGHT, "COURT", "AMENDED")]
    late = reading(MIDNIGHT - HOUR, device_serial="SN-1")
    moved = same_however_cut(quiet(after.add(late, MIDNIGHT + 3 * HOUR)), plant, rules)
    assert told(moved) == [(MIDNIGHT - HOUR, "PRESCRIPTION", "OPEN")]
    first: Violation = moved.violations[0]
    story = moved.story(first.id)
    assert (story[0], story[-1][1]) == ((1, "OPEN"), "WITHDRAWN")
