"""Cases counted again from violations as a store keeps them."""

from __future__ import annotations

import msgspec
import pytest

from streams.core.explanation.case_again import compare_case
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Violation
from streams.core.time.interval import DAY, HOUR
from tests.core.cases.facts import Docket, again, violation
from tests.core.examples import local

LATER = local("2026-05-20")


def found_at(one: Violation, at: int) -> Violation:
    return msgspec.structs.replace(one, detected_at=at)


def published(docket: Docket, *violations: Violation) -> AdministrativeCase:
    """The last case of a log in which these were published when they were detected."""
    for each in sorted(violations, key=lambda each: each.detected_at):
        docket.found(each.detected_at, each)
    docket.until(LATER)
    return docket.published[-1]


def test_a_case_is_what_its_violations_give() -> None:
    one = violation("KZ-30", "2026-05-04 12:00")
    one = found_at(one, local("2026-05-04 12:35"))
    case = published(Docket(), one)
    assert compare_case(case, [one], Docket().scene, first={}) == []
    wrong = msgspec.structs.replace(case, state="CLOSED", fine_kzt=1)
    names = [each.where for each in compare_case(wrong, [one], Docket().scene, first={})]
    assert names == ["case.state", "case.fine_kzt"]


@pytest.mark.parametrize("jump", [0, 9 * DAY])
def test_an_outage_counts_from_its_own_moment_also_where_time_jumped(jump: int) -> None:
    start = local("2026-05-04 02:00")
    silence = found_at(violation("KZ-GAP", start), start + 24 * HOUR + jump)
    day = found_at(violation("KZ-DAY", "2026-05-03"), local("2026-05-04 00:20"))
    docket = Docket()
    published(docket, day, silence)
    for case in docket.published:
        assert compare_case(case, [day, silence], docket.scene, first={}) == []


def test_a_revision_that_the_store_merged_away_counts_by_when_it_was_found() -> None:
    first = found_at(violation("KZ-30", "2026-05-04 12:00"), local("2026-05-04 12:35"))
    last = found_at(again(first, excess_mass_t=2.0), local("2026-05-05 09:00"))
    case = published(Docket(), first, last)
    known = {first.id: first.detected_at}
    assert compare_case(case, [last], Docket().scene, first=known) == []
    lacking = compare_case(case, [last], Docket().scene, first={})
    assert "case.detected_at" in {each.where for each in lacking}


def test_a_case_that_its_violations_do_not_give_is_named() -> None:
    one = found_at(violation("KZ-30", "2026-05-04 12:00"), local("2026-05-04 12:35"))
    case = published(Docket(), one)
    withdrawn = msgspec.structs.replace(one, status="WITHDRAWN")
    found = compare_case(case, [withdrawn], Docket().scene, first={})
    assert [(each.where, each.computed) for each in found] == [("case", "null")]
