"""States and reasons of cases, measures, parts of 328: each sentence by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from streams.core.cases.scene import CasePolicy, PendingMark
from streams.core.registry.measure import DECIDED, FINE, REVIEWED, Measure
from streams.core.time.interval import DAY, HOUR, MINUTE
from tests.core.cases.facts import DUTIES, LATE, SOURCE, Docket, again, violation
from tests.core.examples import BIN, local

MONDAY = local("2026-05-04")
OPENS = MONDAY + 3 * DAY + LATE  # of a day's violation: its end and 24 h lie in Wednesday


def of_day(**changes: Any) -> Docket:
    docket = Docket()
    docket.detect([violation("KZ-DAY", MONDAY, **changes)])
    return docket


def fine(identity: str, **changes: Any) -> Measure:
    told: dict[str, Any] = {"article": "328", "imposed_on": date(2026, 1, 10)} | changes
    return Measure(identity, FINE, BIN, source_id="A", **told)


@pytest.mark.parametrize("reason", ["NOT_AUTOMATIC_YET", "UNVERIFIED_DEVICE", "CONFLICTING_DATA"])
def test_one_reason_holds_the_whole_episode(reason: str) -> None:
    docket = of_day(automatic=False, reasons=(reason,))
    docket.detect([violation("KZ-30", MONDAY + HOUR)])
    docket.until(MONDAY + 20 * DAY)
    assert (docket.one().state, docket.one().reasons) == ("REVIEW", (reason,))


def test_a_violation_that_stands_without_contested_readings_needs_nobody() -> None:
    docket = of_day(automatic=True, reasons=("CONFLICTING_DATA",))
    docket.until(OPENS)
    assert (docket.one().state, docket.one().reasons) == ("OPEN", ())


@pytest.mark.parametrize(
    ("rule", "validated", "held"),
    [("KZ-DAY", 100.0, True), ("KZ-DAY", 100.1, False), ("KZ-30", 199.0, True)],
)
def test_uncertainty_where_the_policy_says_so(rule: str, validated: float, held: bool) -> None:
    for terms in (CasePolicy(), CasePolicy(uncertainty=True)):
        docket = Docket(terms=terms)
        docket.detect([violation(rule, MONDAY, limit=100.0, validated_value=validated)])
        docket.until(OPENS)
        assert ("WITHIN_UNCERTAINTY" in docket.one().reasons) == (held and terms.uncertainty)


def test_certainty_where_the_policy_asks_for_more() -> None:
    docket = Docket(terms=CasePolicy(certainty="secondary"))
    docket.detect([violation("KZ-GS", MONDAY)])
    docket.until(OPENS)
    assert docket.one().reasons == ("CERTAINTY",)


def test_messages_refused_inside_an_outage() -> None:
    docket = Docket()
    docket.found(MONDAY + 5 * HOUR, refused=True)
    docket.found(MONDAY + DAY + 10, violation("KZ-GAP", MONDAY))
    docket.until(MONDAY + 4 * DAY)
    assert docket.one().reasons == ("DATA_REFUSED",)


def test_messages_refused_before_an_outage_say_nothing() -> None:
    docket = Docket()
    docket.found(MONDAY - 1, refused=True)
    docket.found(MONDAY + DAY + 10, violation("KZ-GAP", MONDAY))
    docket.until(MONDAY + 4 * DAY)
    assert docket.one().reasons == ()


def test_a_pending_mark_holds_a_case_until_its_interval_is_ripe() -> None:
    docket = of_day()
    docket.marks = (PendingMark(MONDAY + HOUR, MONDAY + 9 * DAY, MONDAY + DAY, OPENS + DAY),)
    docket.until(OPENS + DAY - 1)
    assert docket.one().reasons == ("MARK_PENDING",)
    docket.until(OPENS + DAY)
    assert (docket.one().state, docket.one().revised_at) == ("OPEN", OPENS + DAY)


def test_an_investor_needs_the_prosecutor_only_where_a_person_must_look() -> None:
    for reasons in ((), ("UNVERIFIED_DEVICE",)):
        docket = Docket(SOURCE._replace(investor=True))
        docket.detect([violation("KZ-DAY", MONDAY, automatic=not reasons, reasons=reasons)])
        docket.until(OPENS)
        expected = ("PROSECUTOR_CONSENT", *reasons) if reasons else ()
        assert docket.one().reasons == expected


def test_a_road_map_defers_and_the_case_is_detected_anew() -> None:
    docket = Docket(DUTIES, now=MONDAY - HOUR)
    until = MONDAY + 30 * DAY
    duty = violation("KZ-NOASM", local("2023-01-01"), automatic=False, deferred_until=until)
    docket.found(MONDAY, duty)
    docket.until(MONDAY + DAY)
    case = docket.one()
    assert (case.state, case.opened_at, case.deferred_until) == ("DEFERRED", None, until)
    assert set(case.due.values()) == {None}
    docket.until(until + DAY)
    case = docket.one()
    assert (case.state, case.opened_at, case.detected_at) == ("OPEN", until, until)
    assert (case.deferred_until, case.revision) == (None, 2)
    docket.found(until + 2 * DAY, again(duty, automatic=True, deferred_until=None))
    assert docket.one().detected_at == until


def test_a_duty_that_is_met_before_the_road_map_ends_is_withdrawn() -> None:
    docket = Docket(DUTIES, now=MONDAY - HOUR)
    until = MONDAY + 30 * DAY
    duty = violation("KZ-NOASM", local("2023-01-01"), automatic=False, deferred_until=until)
    docket.found(MONDAY, duty)
    docket.found(MONDAY + DAY, again(duty, end=MONDAY + DAY, status="CLOSED"))
    docket.until(until + DAY)
    assert (docket.one().state, docket.one().opened_at) == ("WITHDRAWN", None)


def test_a_measure_closes_a_case() -> None:
    docket = of_day()
    docket.until(OPENS)
    case = docket.one().id
    docket.tell(Measure("M", DECIDED, BIN, case_id=case, closes=True), OPENS + DAY)
    docket.until(OPENS + DAY - 1)
    assert docket.one().state == "OPEN"
    docket.until(OPENS + 2 * DAY)
    assert (docket.one().state, docket.one().revised_at) == ("CLOSED", OPENS + DAY)


def test_a_review_that_does_not_close_takes_the_reasons_it_saw_away() -> None:
    docket = of_day(automatic=False, reasons=("UNVERIFIED_DEVICE",))
    docket.until(OPENS)
    docket.tell(Measure("M", REVIEWED, BIN, case_id=docket.one().id), OPENS + DAY)
    docket.until(OPENS + 2 * DAY)
    assert (docket.one().state, docket.one().reasons) == ("OPEN", ("UNVERIFIED_DEVICE",))


@pytest.mark.parametrize(
    ("size", "measure", "arrival", "repeats"),
    [
        ("small", fine("F"), OPENS, True),
        ("small", fine("F"), OPENS + 1, False),  # not known when the case opens
        ("small", fine("F", imposed_on=date(2025, 5, 5)), OPENS, True),
        ("small", fine("F", imposed_on=date(2025, 5, 4)), OPENS, False),  # a year, not less
        ("large", fine("F", imposed_on=date(2023, 5, 5)), OPENS, True),
        ("large", fine("F", imposed_on=date(2023, 5, 4)), OPENS, False),
        ("small", fine("F", imposed_on=date(2026, 5, 4)), OPENS, False),  # not before it
        ("small", fine("F", overturned_on=date(2026, 5, 1)), OPENS, False),
        ("small", fine("F", article="325"), OPENS, False),
    ],
)
def test_a_fine_within_the_year_makes_it_a_repeat(
    size: str, measure: Measure, arrival: int, repeats: bool
) -> None:
    docket = Docket()
    docket.tell(measure, arrival)
    docket.detect([violation("KZ-DAY", MONDAY, business_size=size)])
    docket.until(OPENS)
    case = docket.one()
    assert (case.part, case.repeat_of) == (("2", ("F",)) if repeats else ("1", ()))
    assert case.fine_kzt == (20 * 4325 * 200 if repeats else 20 * 4325 * 100)


def test_the_last_version_of_a_measure_counts_from_its_arrival() -> None:
    docket = of_day()
    docket.tell(fine("F"), MONDAY)
    docket.tell(fine("F", overturned_on=date(2026, 5, 1)), OPENS)
    docket.until(OPENS)
    assert docket.one().repeat_of == ()


@pytest.mark.parametrize("fined", [0, 1, 2])
def test_more_than_two_episodes_with_measures_are_systematic(fined: int) -> None:
    docket = Docket()
    for week in range(3):
        docket.detect([violation("KZ-DAY", MONDAY + 14 * week * DAY)])
        docket.until(MONDAY + (14 * week + 6) * DAY)
        if week < fined:
            case = list(docket.last)[-1]
            docket.tell(fine(f"F{week}", case_id=case, imposed_on=None), docket.now + MINUTE)
    last = list(docket.last.values())[-1]
    assert len(docket.last) == 3
    if fined == 2:
        assert (last.part, last.track) == ("3", "COURT")
        assert last.systematic_with == tuple(sorted(list(docket.last)[:2]))
        assert last.due["protocol_by"] is not None
        assert last.due["prescription_by"] is None
    else:
        assert (last.part, last.track) == ("1", "PRESCRIPTION")
