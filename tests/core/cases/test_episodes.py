"""Episodes, ripeness, opening, absorption: each sentence of the specification by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.core.records.case import case_id
from streams.core.records.findings import Violation
from streams.core.time.interval import DAY, HOUR, MINUTE
from tests.core.cases.facts import DUTIES, LATE, Docket, again, violation, withdrawn
from tests.core.examples import local

MONDAY = local("2026-05-04")
HALF = 30 * MINUTE


def half_hour(day: int, hour: float = 10, **changes: Any) -> Violation:
    return violation("KZ-30", MONDAY + day * DAY + int(hour * HOUR), **changes)


def grouped(docket: Docket) -> list[list[str]]:
    return sorted([list(each.violations) for each in docket.last.values()])


def ids(*groups: list[Violation]) -> list[list[str]]:
    return sorted([[each.id for each in group] for group in groups])


def test_a_case_opens_when_all_is_ripe_and_nothing_can_join() -> None:
    docket, one = Docket(), half_hour(0)
    docket.found(one.end + 5 * MINUTE, one)  # type: ignore[operator]
    opens = MONDAY + 2 * DAY + LATE  # 10:30 and 24 h lie in Tuesday, which ends so
    docket.until(opens - 1)
    assert docket.published == []
    docket.until(opens)
    case = docket.one()
    assert case.opened_at == opens
    assert (case.id, case.state, case.revision) == (case_id(one.id), "OPEN", 1)
    assert (case.act, case.article, case.part, case.track) == ("KoAP", "328", "1", "PRESCRIPTION")
    assert case.detected_at == one.end + 5 * MINUTE  # type: ignore[operator]


def test_what_starts_before_the_gap_joins() -> None:
    docket = Docket()
    first, near = half_hour(0, 10), half_hour(1, 10)  # 23.5 h after the first one's end
    apart = half_hour(2, 10.5)  # exactly 24 h after the end of the one before
    docket.detect([first, near, apart])
    docket.until(MONDAY + 10 * DAY)
    assert grouped(docket) == ids([first, near], [apart])


def test_an_episode_ends_at_the_midnight_five_days_after_the_day_of_its_start() -> None:
    docket = Docket()
    days = [half_hour(day, 12) for day in range(8)]
    docket.detect(days)
    docket.until(MONDAY + 20 * DAY)
    assert grouped(docket) == ids(days[:5], days[5:])


def test_the_limit_opens_it_before_the_gap_does() -> None:
    docket = Docket()
    docket.detect([half_hour(day, 12) for day in range(5)])
    docket.until(MONDAY + 20 * DAY)
    assert docket.one().opened_at == MONDAY + 5 * DAY + 4 * HOUR + LATE


def test_parameters_of_a_source_share_an_episode_and_tracks_do_not() -> None:
    docket = Docket()
    dust = half_hour(0, 11, parameter="DUST")
    order = violation("KZ-15", MONDAY)
    docket.detect([half_hour(0), dust, order])
    docket.until(MONDAY + 20 * DAY)
    by_track = {each.track: each for each in docket.last.values()}
    assert len(by_track["PRESCRIPTION"].violations) == 2
    assert by_track["INSPECTION"].violations == (order.id,)
    assert (by_track["INSPECTION"].act, by_track["INSPECTION"].article) == ("ORDER-208", "26 (1)")
    assert by_track["INSPECTION"].part is None


def test_half_hours_and_hours_in_a_run_go_with_it() -> None:
    docket = Docket()
    run = violation("KZ-3H", MONDAY + 8 * HOUR, MONDAY + 12 * HOUR)
    inside = half_hour(0, 8)
    hour = violation("KZ-GS", MONDAY + 9 * HOUR)
    across = violation("KZ-GS", MONDAY + 12 * HOUR - HALF)
    other = half_hour(0, 9, parameter="DUST")
    docket.detect([run, inside, hour, across, other])
    docket.until(MONDAY + 20 * DAY)
    by_track = {each.track: each for each in docket.last.values()}
    court, fine = by_track["COURT"], by_track["PRESCRIPTION"]
    assert court.violations == (run.id,)
    assert court.absorbed == (inside.id, hour.id)
    assert court.part == "3"
    assert set(fine.violations) == {across.id, other.id}
    assert court.related == (fine.id,)
    assert fine.related == (court.id,)


@pytest.mark.parametrize("rule", ["KZ-DAY", "KZ-15", "KZ-30", "KZ-GS"])
def test_a_day_as_the_log_tells_it_late_opens_at_the_same_moment(rule: str) -> None:
    """Stream time jumps over everything: the moments themselves count."""
    step, jump, one = Docket(), Docket(now=MONDAY), violation(rule, MONDAY)
    step.detect([one])
    for hour in range(24 * 12):
        step.until(max(step.now, MONDAY + hour * HOUR))
    jump.found(MONDAY + 30 * DAY, one)
    jump.until(MONDAY + 30 * DAY)
    assert step.one() == jump.one()


def test_a_run_is_detected_by_the_window_that_makes_it_long_enough() -> None:
    docket = Docket(now=MONDAY)
    docket.found(MONDAY + 9 * DAY, violation("KZ-3H", MONDAY, MONDAY + 10 * HOUR))
    docket.until(MONDAY + 9 * DAY)
    assert docket.one().detected_at == MONDAY + 7 * HALF + 5 * MINUTE


def test_a_run_of_twenty_minutes_by_its_tenth_window() -> None:
    docket = Docket(now=MONDAY)
    docket.subject = docket.subject._replace(run_window=20 * MINUTE)
    docket.found(MONDAY + 9 * DAY, violation("KZ-3H", MONDAY, MONDAY + 10 * HOUR))
    docket.until(MONDAY + 9 * DAY)
    assert docket.one().detected_at == MONDAY + 200 * MINUTE + 5 * MINUTE


def test_what_late_data_made_is_detected_when_they_arrived() -> None:
    docket, one = Docket(now=MONDAY + DAY), half_hour(0)
    docket.found(MONDAY + DAY + HOUR, one)
    docket.until(MONDAY + 9 * DAY)
    assert docket.one().detected_at == MONDAY + DAY + HOUR


def test_records_of_a_moment_go_before_what_the_moment_opens() -> None:
    docket, one = Docket(), half_hour(0)
    docket.detect([one])
    opens = MONDAY + 2 * DAY + LATE
    docket.found(opens)
    docket.found(opens, withdrawn(one))
    docket.until(opens)
    assert docket.published == []


def test_an_outage_opens_with_its_limit_and_lateness() -> None:
    docket = Docket()
    gap = violation("KZ-GAP", MONDAY)
    docket.found(MONDAY + DAY + 10, gap)
    opens = MONDAY + DAY + LATE
    docket.until(opens - 1)
    assert docket.published == []
    docket.until(opens)
    case = docket.one()
    assert (case.opened_at, case.end, case.track) == (opens, None, "INSPECTION")
    assert case.detected_at == MONDAY + DAY  # the record came 10 ms later
    assert case.article == "26 (2)"


def test_an_outage_that_does_not_stand_by_then_opens_nothing() -> None:
    docket = Docket()
    gap = violation("KZ-GAP", MONDAY)
    docket.found(MONDAY + DAY + 10, gap)
    docket.found(MONDAY + 2 * DAY, withdrawn(gap))
    docket.until(MONDAY + 9 * DAY)
    assert docket.published == []


def test_pieces_of_a_silence_that_was_one_stay_in_its_case() -> None:
    docket = Docket()
    gap = violation("KZ-GAP", MONDAY)
    docket.found(MONDAY + DAY + 10, gap)
    split = MONDAY + 7 * DAY
    rest = violation("KZ-GAP", MONDAY + 3 * DAY)
    later = violation("KZ-GAP", MONDAY + 8 * DAY)
    docket.found(split, again(gap, end=MONDAY + 3 * DAY - HOUR, status="CLOSED"), rest, late=True)
    case = docket.one()
    assert case.violations == (gap.id, rest.id)
    assert case.revision == 2
    docket.found(MONDAY + 8 * DAY, again(rest, end=MONDAY + 7 * DAY, status="CLOSED"))
    docket.found(MONDAY + 9 * DAY + 10, later)
    docket.until(MONDAY + 20 * DAY)
    assert len(docket.last) == 2  # the next silence is another


def test_outages_are_an_episode_each() -> None:
    docket = Docket()
    one = violation("KZ-GAP", MONDAY, MONDAY + 30 * HOUR)
    two = violation("KZ-GAP", MONDAY + 31 * HOUR, MONDAY + 60 * HOUR)
    docket.found(MONDAY + 30 * HOUR, one)
    docket.found(MONDAY + 60 * HOUR, two)
    docket.until(MONDAY + 20 * DAY)
    assert grouped(docket) == ids([one], [two])


@pytest.mark.parametrize("rule", ["KZ-VERIF", "KZ-YEAR"])
def test_a_year_and_a_verification_open_after_their_first_revision(rule: str) -> None:
    docket = Docket(now=MONDAY - 1)
    one = violation(rule, local("2026-01-01"))
    docket.found(MONDAY, one)
    docket.found(MONDAY + HOUR, again(one, status="AMENDED", excess_mass_t=2.0))
    docket.until(MONDAY + LATE)
    case = docket.one()
    assert (case.opened_at, case.detected_at) == (MONDAY + LATE, MONDAY)
    assert case.part == "1"
    assert case.due["limitation_act"] is None


def test_a_year_was_exceeded_when_its_hour_closed_and_not_when_a_record_told() -> None:
    docket = Docket(now=MONDAY + 5 * MINUTE)
    docket.found(MONDAY + 90 * MINUTE, violation("KZ-YEAR", local("2026-01-01")))
    docket.until(MONDAY + 5 * DAY)
    assert docket.one().detected_at == MONDAY + 65 * MINUTE


def test_a_duty_opens_when_published() -> None:
    docket = Docket(DUTIES, now=MONDAY - HOUR)
    docket.found(MONDAY, violation("KZ-NOASM", local("2023-01-01")))
    docket.until(MONDAY)
    case = docket.one()
    assert (case.opened_at, case.source_id, case.article) == (MONDAY, None, "325")
    assert case.fine_kzt == 200 * 4325


def test_a_case_is_withdrawn_with_its_last_violation_and_comes_back_with_it() -> None:
    docket = Docket()
    gap = violation("KZ-GAP", MONDAY)
    docket.found(MONDAY + DAY + 10, gap)
    docket.until(MONDAY + 4 * DAY)
    gone = withdrawn(gap)
    docket.found(MONDAY + 5 * DAY, gone)
    assert docket.one().state == "WITHDRAWN"
    docket.found(MONDAY + 6 * DAY, again(gone, status="OPEN", automatic=True))
    assert (docket.one().state, docket.one().revision) == ("OPEN", 3)


def test_a_run_that_outgrows_the_episode_leaves_it() -> None:
    docket = Docket()
    first = violation("KZ-3H", MONDAY + 20 * HOUR, MONDAY + DAY)
    start = MONDAY + 4 * DAY + 20 * HOUR
    runs = [
        violation("KZ-3H", MONDAY + d * DAY + 2 * HOUR, MONDAY + d * DAY + 20 * HOUR)
        for d in (2, 3, 4)
    ]
    second = violation("KZ-3H", MONDAY + DAY + HOUR, MONDAY + DAY + 20 * HOUR)
    long = violation("KZ-3H", start + HOUR, start + 9 * HOUR)
    docket.detect([first, second, *runs, long])
    docket.until(MONDAY + 30 * DAY)
    assert grouped(docket) == ids([first, second, *runs], [long])


def test_a_window_that_had_closed_at_its_moment_was_made_by_late_data() -> None:
    one = half_hour(0)
    assert one.end is not None
    moment = one.end + 5 * MINUTE
    docket = Docket(now=moment)  # it closed at that record, and was no violation
    docket.found(moment + HOUR, one)
    docket.until(MONDAY + 9 * DAY)
    assert docket.one().detected_at == moment + HOUR


def test_an_outage_is_seen_by_the_record_after_its_moment() -> None:
    docket = Docket(now=MONDAY + DAY)
    docket.found(MONDAY + DAY + HOUR, violation("KZ-GAP", MONDAY))
    docket.until(MONDAY + 9 * DAY)
    assert docket.one().detected_at == MONDAY + DAY


def test_a_case_is_forgotten_when_nothing_can_be_punished_any_more() -> None:
    docket = Docket()
    docket.detect([half_hour(0)])
    docket.until(MONDAY + 20 * DAY)
    assert len(docket.state.cases) == 1
    later = violation("KZ-30", MONDAY + 1200 * DAY)
    docket.detect([later])
    docket.until(MONDAY + 1220 * DAY)
    assert [list(each.facts) for each in docket.state.cases.values()] == [[later.id]]
    assert docket.state.loose == {}


def test_a_rule_of_another_country_opens_no_case() -> None:
    docket = Docket()
    foreign = msgspec.structs.replace(half_hour(0), rule="EU-DAY")
    docket.found(MONDAY + DAY, foreign)
    docket.until(MONDAY + 20 * DAY)
    assert docket.published == []


def test_a_run_that_time_let_grow_counts_with_its_end_before_its_case_opens() -> None:
    docket = Docket()
    run = violation("KZ-3H", "2026-05-04 00:00", "2026-05-04 23:30", status="OPEN")
    docket.found(local("2026-05-04 23:35"), run)
    # Silence: the next record comes three weeks later, and with it the last window of the day.
    grown = again(run, end=local("2026-05-05"), status="CLOSED")
    docket.found(local("2026-05-25"), grown)
    docket.until("2026-05-26")
    case = docket.one()
    assert case.end == local("2026-05-05")
    assert case.opened_at == local("2026-05-07") + 72 * HOUR
