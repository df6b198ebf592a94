"""KZ-NOASM and KZ-NOLINK: who must monitor since when, what meets the duty, what defers it."""

from __future__ import annotations

from typing import Any

import pytest

from streams.core.records.findings import Violation, violation_id
from streams.core.registry.enterprise import Asm, Criteria, Enterprise, Roadmap
from streams.core.sources.history import RegistryHistory
from streams.core.time.interval import DAY, HOUR
from streams.core.time.local_clock import parse_instant
from streams.rules.country import home
from streams.rules.kinds.obligation import meets_criteria, obliged_from
from tests.core.examples import (
    BIN,
    Log,
    enterprise,
    fold,
    history,
    local,
    obliged,
    one_by_one,
    proof,
    source,
)

TODAY = local("2026-04-01 12:00")
OLD_DUTY = local("2023-01-01")
LAW = local("2026-03-12")


def judged(*ticks: int, of: Enterprise | RegistryHistory) -> list[Violation]:
    """All revisions of the duties published while only time passes."""
    log = Log()
    for at in ticks:
        log.tick(at)
    registry = of if isinstance(of, RegistryHistory) else history(of)
    found, again = (
        [each for each in result.violations if each.source_id is None]
        for result in (
            one_by_one(log, registry),
            fold(log, registry, range(len(ticks)), rebuilt=True),
        )
    )
    assert found == again
    return found


def told(violations: list[Violation]) -> list[tuple[str, str, int, bool]]:
    """Rule, status, revision and automatism of each revision."""
    return [(each.rule, each.status, each.revision, each.automatic) for each in violations]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (None, False),
        (Criteria(), False),
        (Criteria(gross_t_a=500.0), True),
        (Criteria(gross_t_a=499.9), False),
        (Criteria(plant="station", fuel="solid", electric_mw=50.0), True),
        (Criteria(plant="station", fuel="liquid", electric_mw=50.0), True),
        (Criteria(plant="station", fuel="solid", electric_mw=49.9), False),
        (Criteria(plant="station", fuel="gas", electric_mw=500.0), True),
        (Criteria(plant="station", fuel="gas", electric_mw=499.9), False),
        (Criteria(plant="boiler_house", fuel="solid", thermal_mw=116.3), True),
        (Criteria(plant="boiler_house", fuel="liquid", thermal_mw=116.2), False),
        (Criteria(plant="boiler_house", fuel="gas", thermal_mw=1395.6), True),
        (Criteria(plant="boiler_house", fuel="gas", thermal_mw=1395.5), False),
        (Criteria(plant="other", fuel="solid", thermal_mw=9000.0), False),
        (Criteria(plant="other", gross_t_a=500.0), True),
        (Criteria(fuel="solid", thermal_mw=9000.0), False),  # registered before 2026
        (Criteria(plant="station", electric_mw=9000.0), False),  # on nobody knows what
    ],
)
def test_a_source_meets_the_criteria(criteria: Criteria | None, expected: bool) -> None:
    assert meets_criteria(criteria) is expected


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ({}, "2023-01-01"),
        ({"commissioned_on": "2021-06-30"}, "2023-01-01"),
        ({"commissioned_on": "2021-07-01"}, "2021-07-01"),
        ({"commissioned_on": "2025-05-05"}, "2025-05-05"),
        ({"category": 2}, None),
        ({"test": True}, None),
        ({"sources": (source(),)}, None),
    ],
)
def test_the_duty_begins_with_the_law_or_with_the_commissioning(
    changes: dict[str, Any], since: str | None
) -> None:
    day = None if since is None else local(since)
    assert obliged_from(obliged(**changes), home().zone) == day


def test_one_source_that_meets_the_criteria_obliges_the_enterprise_once() -> None:
    big = source("B", criteria=Criteria(gross_t_a=600.0))
    other = source("C", criteria=Criteria(gross_t_a=700.0))
    violations = judged(TODAY, of=obliged(sources=(source(), big, other)))
    assert told(violations) == [("KZ-NOASM", "OPEN", 1, True)]
    duty = violations[0]
    assert duty.id == violation_id("KZ-NOASM", BIN, None, OLD_DUTY)
    assert (duty.bin, duty.source_id, duty.parameter, duty.unit) == (BIN, None, None, None)
    assert (duty.start, duty.end, duty.detected_at) == (OLD_DUTY, None, TODAY)
    assert (duty.value, duty.limit, duty.ratio) == (None, None, None)
    assert duty.evidence == (proof(0),)


def test_installed_but_not_connected_is_the_other_rule() -> None:
    plant = obliged(asm=Asm("2024-02-01", None))
    violations = judged(TODAY, of=plant)
    assert told(violations) == [("KZ-NOLINK", "OPEN", 1, True)]
    assert violations[0].start == parse_instant("Asia/Almaty", "2024-02-01")


def test_installed_before_the_duty_must_be_connected_when_it_begins() -> None:
    violations = judged(TODAY, of=obliged(asm=Asm("2020-02-01", None)))
    assert [(each.rule, each.start) for each in violations] == [("KZ-NOLINK", OLD_DUTY)]


def test_a_duty_that_was_met_before_it_was_judged_is_no_violation() -> None:
    assert judged(TODAY, of=obliged(asm=Asm("2025-01-01", "2025-02-01"))) == []
    assert judged(TODAY, of=enterprise()) == []


def test_obligation_is_judged_at_local_midnights_of_stream_time() -> None:
    """Installed and connected on days to come: each begins or ends at its midnight."""
    plant = obliged(asm=Asm("2026-04-02", "2026-04-04"))
    second, fourth = local("2026-04-02"), local("2026-04-04")
    violations = judged(TODAY, second - 1, TODAY + DAY, fourth + HOUR, of=plant)
    assert told(violations) == [
        ("KZ-NOASM", "OPEN", 1, True),
        ("KZ-NOASM", "CLOSED", 2, True),
        ("KZ-NOLINK", "OPEN", 1, True),
        ("KZ-NOLINK", "CLOSED", 2, True),
    ]
    assert [each.detected_at for each in violations] == [TODAY, second, second, fourth]
    assert [each.end for each in violations] == [None, second, None, fourth]


def test_time_that_jumps_over_midnights_judges_each_of_them() -> None:
    plant = obliged(asm=Asm("2026-04-02", "2026-04-04"))
    slow = judged(TODAY, local("2026-04-02"), local("2026-04-04"), of=plant)
    at_once = judged(TODAY, TODAY + 30 * DAY, of=plant)
    assert {each.id: each for each in at_once} == {each.id: each for each in slow}
    assert [each for each in at_once if each not in slow] == []


def test_an_open_obligation_becomes_automatic_when_the_law_does() -> None:
    violations = judged(LAW - DAY, LAW - 1, LAW, LAW + DAY, of=obliged())
    assert told(violations) == [("KZ-NOASM", "OPEN", 1, False), ("KZ-NOASM", "AMENDED", 2, True)]
    assert violations[1].detected_at == LAW


def test_a_road_map_defers_the_installation_until_its_midnight() -> None:
    plant = obliged(roadmap=Roadmap("2026-05-01"))
    until = local("2026-05-01")
    violations = judged(TODAY, until - 1, until, of=plant)
    assert told(violations) == [("KZ-NOASM", "OPEN", 1, False), ("KZ-NOASM", "AMENDED", 2, True)]
    assert [each.deferred_until for each in violations] == [until, None]


def test_a_road_map_does_not_defer_the_connection() -> None:
    plant = obliged(asm=Asm("2024-02-01", None), roadmap=Roadmap("2026-05-01"))
    violations = judged(TODAY, of=plant)
    assert told(violations) == [("KZ-NOLINK", "OPEN", 1, True)]
    assert violations[0].deferred_until is None


def registered(*versions: tuple[int, Enterprise | None]) -> RegistryHistory:
    """Versions of one enterprise, each with its arrival."""
    registry = RegistryHistory()
    for number, (at, each) in enumerate(versions):
        registry.add(at, BIN, each, proof(number))
    return registry


def test_obligation_is_judged_when_a_registration_changes() -> None:
    done = obliged(asm=Asm("2026-04-01", "2026-04-01"))
    versions = registered((TODAY - HOUR, obliged()), (TODAY + HOUR, done))
    violations = judged(TODAY, TODAY + 2 * HOUR, of=versions)
    assert told(violations) == [("KZ-NOASM", "OPEN", 1, True), ("KZ-NOASM", "CLOSED", 2, True)]
    assert violations[1].end == local("2026-04-01")
    assert violations[1].evidence == (proof(1),)


def test_a_repeated_registration_is_no_news() -> None:
    versions = registered((TODAY - HOUR, obliged()), (TODAY + HOUR, obliged()))
    assert len(judged(TODAY, TODAY + 2 * HOUR, of=versions)) == 1


def test_a_duty_that_falls_away_is_withdrawn_and_may_come_back() -> None:
    versions = registered(
        (TODAY - HOUR, obliged()),
        (TODAY + HOUR, obliged(category=2)),
        (TODAY + 3 * HOUR, obliged()),
    )
    violations = judged(TODAY, TODAY + 2 * HOUR, TODAY + 4 * HOUR, of=versions)
    assert [(each.status, each.revision) for each in violations] == [
        ("OPEN", 1),
        ("WITHDRAWN", 2),
        ("AMENDED", 3),
    ]
    assert len({each.id for each in violations}) == 1


def test_a_registration_before_the_first_record_is_judged_at_that_record() -> None:
    assert judged(TODAY, of=registered((TODAY + HOUR, obliged()))) == []
    assert len(judged(TODAY, of=registered((TODAY, obliged())))) == 1
