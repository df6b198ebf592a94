"""One situation after the other, as a lawyer would put them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import pytest

from emissions.publication import (
    AUTHORITY,
    LANGUAGES,
    PUBLIC,
    CaseFacts,
    CaseMeasure,
    Names,
    PublicationPolicy,
    Reason,
    Record,
    RecordKind,
    Visibility,
    decide,
    inspector,
    operator,
    reason_text,
)
from emissions.publication.decide import AFTER_ITS_CASES
from emissions.publication.facts import case_facts, delivery_on
from streams.core.registry.measure import Measure
from streams.rules.calendar import load_calendar
from tests.schemas.examples import CASE

CALENDAR = load_calendar("kz")
BIN = "990140001233"
DELIVERED_ON = date(2026, 6, 1)
DELIVERED = CaseMeasure("DELIVERED", delivery=delivery_on(DELIVERED_ON, CALENDAR))
LAST = date(2026, 6, 15)
"""The tenth working day after it."""
AFTER = date(2026, 6, 16)
FINE = CaseMeasure("FINE", date(2026, 5, 29), amount_kzt=43_250)
APPEAL = CaseMeasure("APPEALED", date(2026, 6, 10))


@dataclass(frozen=True)
class Shown:
    """What the public is told of a case."""

    reason: Reason
    visibility: Visibility = Visibility.COUNT
    shown_from: date | None = None


def case_of(*measures: CaseMeasure, state: str = "OPEN", track: str = "PRESCRIPTION") -> CaseFacts:
    act = "ORDER-208" if track == "INSPECTION" else "KoAP"
    return CaseFacts(state, track, act, BIN, None, measures)


def told(case: CaseFacts, today: date, names: Names = Names.AFTER_APPEAL) -> Shown:
    seen = Record(RecordKind.CASE, BIN, "KZ-55", cases=(case,))
    found = decide(PUBLIC, seen, today, PublicationPolicy(names))
    return Shown(found.reason, found.visibility, found.shown_from)


def before(reason: Reason) -> Shown:
    return Shown(reason)


def from_day(year: int, month: int, day: int, reason: Reason, *, shown: bool) -> Shown:
    level = Visibility.SHOW if shown else Visibility.COUNT
    return Shown(reason, level, date(year, month, day))


@pytest.mark.parametrize(
    ("case", "today", "expected"),
    [
        (case_of(), AFTER, before(Reason.NOT_DELIVERED)),
        (case_of(CaseMeasure("SENT", DELIVERED_ON)), AFTER, before(Reason.NOT_DELIVERED)),
        (case_of(DELIVERED), LAST, from_day(2026, 6, 16, Reason.TERM_RUNS, shown=False)),
        (case_of(DELIVERED), AFTER, from_day(2026, 6, 16, Reason.APPEAL_OVER, shown=True)),
        (case_of(DELIVERED, APPEAL), AFTER, before(Reason.APPEAL_PENDING)),
        # An appeal of which no day was told stays pending, whatever else was.
        (
            case_of(DELIVERED, CaseMeasure("APPEALED"), CaseMeasure("DECIDED", LAST)),
            AFTER,
            before(Reason.APPEAL_PENDING),
        ),
        # Taken back.
        (
            case_of(DELIVERED, APPEAL._replace(overturned_on=LAST)),
            AFTER,
            from_day(2026, 6, 16, Reason.APPEAL_OVER, shown=True),
        ),
        # Decided, and nobody said how: what was appealed may have been annulled.
        (
            case_of(DELIVERED, APPEAL, CaseMeasure("DECIDED", LAST)),
            date(2026, 9, 1),
            before(Reason.OUTCOME_UNKNOWN),
        ),
        # Upheld: that decision has to be delivered, and has a term of its own.
        (
            case_of(DELIVERED, APPEAL, CaseMeasure("DECIDED", LAST, amount_kzt=1)),
            date(2026, 9, 1),
            before(Reason.NOT_DELIVERED),
        ),
        (
            case_of(
                DELIVERED,
                APPEAL,
                CaseMeasure("DECIDED", LAST, amount_kzt=1),
                CaseMeasure("DELIVERED", delivery=delivery_on(AFTER, CALENDAR)),
            ),
            date(2026, 7, 1),
            from_day(2026, 7, 1, Reason.DECISION_FINAL, shown=True),
        ),
        (
            case_of(DELIVERED, FINE._replace(overturned_on=AFTER)),
            date(2027, 1, 1),
            before(Reason.OVERTURNED),
        ),
        (
            case_of(DELIVERED, CaseMeasure("PAID", LAST, overturned_on=LAST)),
            AFTER,
            before(Reason.OVERTURNED),
        ),
        (case_of(DELIVERED, state="WITHDRAWN"), AFTER, before(Reason.WITHDRAWN)),
        (case_of(DELIVERED, state="DEFERRED"), AFTER, before(Reason.DEFERRED)),
        (case_of(DELIVERED, state="REVIEW"), AFTER, before(Reason.UNDER_REVIEW)),
        (
            case_of(DELIVERED, FINE, state="REVIEW"),
            AFTER,
            from_day(2026, 6, 16, Reason.DECISION_FINAL, shown=True),
        ),
        # Ended without a sanction, or ended because it was paid.
        (case_of(DELIVERED, state="CLOSED"), AFTER, before(Reason.NO_DECISION)),
        (
            case_of(DELIVERED, CaseMeasure("PAID", LAST), state="CLOSED"),
            AFTER,
            from_day(2026, 6, 16, Reason.APPEAL_OVER, shown=True),
        ),
        # A protocol and a ground for a visit are no decisions, delivered or not.
        (case_of(DELIVERED, track="COURT"), AFTER, before(Reason.NO_DECISION)),
        (case_of(DELIVERED, track="INSPECTION"), AFTER, before(Reason.NO_DECISION)),
        (
            case_of(DELIVERED, FINE, track="COURT"),
            AFTER,
            from_day(2026, 6, 16, Reason.DECISION_FINAL, shown=True),
        ),
        (
            case_of(DELIVERED, FINE._replace(imposed_on=LAST), track="COURT"),
            date(2026, 9, 1),
            before(Reason.NOT_DELIVERED),
        ),
        (case_of(DELIVERED, state="TOMORROW"), AFTER, before(Reason.NO_DECISION)),
    ],
)
def test_a_case_is_named_when_its_term_is_over(
    case: CaseFacts, today: date, expected: Shown
) -> None:
    assert told(case, today) == expected


def test_final_decisions_wait_until_a_prescription_is_deemed_decided() -> None:
    paper, day = case_of(DELIVERED), date(2026, 6, 22)
    final = Names.FINAL_DECISIONS_ONLY
    assert told(paper, day, final) == from_day(2026, 6, 23, Reason.TERM_RUNS, shown=False)
    assert told(paper, date(2026, 6, 23), final).visibility is Visibility.SHOW
    assert told(paper, date(2026, 6, 23), Names.NOBODY) == before(Reason.NAMES_SWITCHED_OFF)


def test_the_later_of_two_terms_counts() -> None:
    longer = case_of(DELIVERED)._replace(appeal_until=date(2026, 6, 20))
    assert told(longer, date(2026, 6, 20)).reason is Reason.TERM_RUNS
    assert told(longer, date(2026, 6, 21)).visibility is Visibility.SHOW


def test_a_violation_is_named_with_the_last_of_its_cases() -> None:
    named, unnamed = case_of(DELIVERED), case_of()
    for cases, reason in (
        ((named,), Reason.APPEAL_OVER),
        ((named, unnamed), Reason.NOT_DELIVERED),
        ((), Reason.NOT_IN_A_CASE),
    ):
        seen = Record(RecordKind.VIOLATION, BIN, "KZ-55", cases=cases)
        assert decide(PUBLIC, seen, AFTER).reason is reason
        withdrawn = decide(PUBLIC, seen._replace(withdrawn=True), AFTER)
        assert withdrawn.reason is Reason.WITHDRAWN


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (RecordKind.MEAN, Visibility.SHOW),  # also one above its limit: the value is open
        (RecordKind.GAP, Visibility.SHOW),
        (RecordKind.NOTICE_STATISTICS, Visibility.SHOW),
        (RecordKind.RAW_READING, Visibility.HIDE),
        (RecordKind.FINDING, Visibility.HIDE),
        (RecordKind.NOTICE_TEXT, Visibility.HIDE),
        (RecordKind.VIOLATION, Visibility.COUNT),
    ],
)
def test_the_public_and_another_operator_see_the_same(
    kind: RecordKind, expected: Visibility
) -> None:
    seen = Record(kind, BIN, "KZ-55")
    for viewer in (PUBLIC, operator(["990140001243"]), operator([""]), inspector(["KZ-10"])):
        assert decide(viewer, seen, AFTER).visibility is expected
        assert decide(viewer, seen._replace(bin="", region=""), AFTER).visibility is expected
        test = decide(viewer, seen._replace(test=True), AFTER)
        assert (test.visibility, test.reason) == (Visibility.HIDE, Reason.TEST_STREAM)
        held = decide(viewer, seen, AFTER, PublicationPolicy(held=True))
        if kind in AFTER_ITS_CASES:
            assert (held.visibility, held.reason) == (Visibility.HIDE, Reason.PUBLICATION_HELD)
        else:
            assert held == decide(viewer, seen, AFTER)


def test_whoever_has_a_right_sees_whatever_is_switched() -> None:
    shut = PublicationPolicy(Names.NOBODY, held=True)
    for kind in RecordKind:
        seen = Record(kind, BIN, "KZ-55", test=True, suspicion=True)
        for viewer in (AUTHORITY, inspector(["KZ-55"]), inspector(nation=True)):
            assert decide(viewer, seen, AFTER, shut).reason is Reason.OFFICIAL_DUTY
        own = decide(operator([BIN]), seen, AFTER, shut)
        assert own.named is (kind is not RecordKind.FINDING)
    law = Record(RecordKind.FINDING, BIN)
    assert decide(operator([BIN]), law, AFTER).named


def test_facts_are_those_of_the_case_and_of_its_own_measures() -> None:
    case = msgspec.structs.replace(CASE, due={**CASE.due, "appeal_until": "2026-06-15"})
    noon = 1_780_297_200_000  # 2026-06-01 in Almaty, 12:00
    mine = Measure("D", "DELIVERED", case.bin, case.id, delivered_at=noon)
    found = case_facts(
        case,
        [
            mine,
            msgspec.structs.replace(mine, bin="another"),
            msgspec.structs.replace(mine, case_id="another"),
        ],
        "Asia/Almaty",
        CALENDAR,
    )
    assert found == CaseFacts(case.state, case.track, case.act, case.bin, LAST, (DELIVERED,))
    assert DELIVERED.delivery is not None
    assert DELIVERED.delivery.decided_on == date(2026, 6, 22)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"kind": "APPEALED", "imposed_on": date(2026, 6, 10)}, Reason.APPEAL_PENDING),
        ({"kind": "DECIDED", "overturned_on": LAST}, Reason.OVERTURNED),
        ({"kind": "FINE", "overturned_on": LAST}, Reason.OVERTURNED),
        ({"kind": "FINE", "imposed_on": AFTER}, Reason.APPEAL_OVER),
        ({"kind": "APPEALED", "overturned_on": LAST}, Reason.APPEAL_OVER),
    ],
)
def test_what_holds_a_name_back_does_so_with_a_mistyped_bin(
    changed: dict[str, Any], reason: Reason
) -> None:
    case = msgspec.structs.replace(CASE, state="OPEN", track="PRESCRIPTION", act="KoAP", due={})
    delivered = Measure("D", "DELIVERED", case.bin, case.id, delivered_at=1_780_297_200_000)
    mistyped = Measure(**{"id": "A", "bin": "another", "case_id": case.id, **changed})
    elsewhere = msgspec.structs.replace(mistyped, case_id="another")
    facts = case_facts(case, [delivered, mistyped, elsewhere], "Asia/Almaty", CALENDAR)
    assert decide(PUBLIC, Record(RecordKind.CASE, BIN, cases=(facts,)), AFTER).reason is reason
    wrong = msgspec.structs.replace(delivered, bin="another")
    closed = case_facts(case, [wrong], "Asia/Almaty", CALENDAR)
    assert closed.measures == ()


def test_a_case_of_another_operator_neither_names_nor_holds_back() -> None:
    own, shown = case_of(DELIVERED), from_day(2026, 6, 16, Reason.APPEAL_OVER, shown=True)
    against = own._replace(bin="990140001243")
    assert told(against, AFTER) == before(Reason.NOT_IN_A_CASE)
    pending = against._replace(measures=(DELIVERED, APPEAL))
    both = Record(RecordKind.VIOLATION, BIN, "KZ-55", cases=(pending, own))
    found = decide(PUBLIC, both, AFTER)
    assert Shown(found.reason, found.visibility, found.shown_from) == shown


def test_every_reason_has_a_sentence_in_each_language() -> None:
    for reason in Reason:
        texts = [reason_text(reason, language) for language in LANGUAGES]
        assert len(set(texts)) == len(LANGUAGES)
        assert all(each.endswith(".") for each in texts)
    with pytest.raises(ValueError, match="de"):
        reason_text(Reason.WITHDRAWN, "de")
