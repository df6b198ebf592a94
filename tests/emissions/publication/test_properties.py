"""What never happens, whatever the situation: a name too soon, a raw reading to a stranger."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from emissions.publication import (
    PUBLIC,
    CaseFacts,
    Decision,
    Names,
    PublicationPolicy,
    Reason,
    Record,
    RecordKind,
    Visibility,
    decide,
)
from tests.emissions.publication.situations import (
    PAIRS,
    TODAY,
    VIEWERS,
    case,
    policy,
    record,
)
from tests.support.generated import shared

NAMED_LATER = (RecordKind.VIOLATION, RecordKind.CASE, RecordKind.MEASURE)
CLOSED = (
    RecordKind.RAW_READING,
    RecordKind.FINDING,
    RecordKind.NOTICE_TEXT,
    RecordKind.DEAD_LETTER,
    RecordKind.ADVICE,
)

many = pytest.mark.parametrize(
    "count", [shared(4_000), pytest.param(1_000_000, marks=pytest.mark.long)]
)


def may_be_named(case: CaseFacts, today: date) -> bool:
    """What has to be so before anybody is named, told again without the code's way to it."""
    told = case.measures
    delivered = [each.delivery for each in told if each.delivery is not None]
    if case.state in ("WITHDRAWN", "DEFERRED") or not any(each.day <= today for each in delivered):
        return False
    for each in told:
        if each.overturned_on is not None and each.kind not in ("APPEALED", "REVIEWED"):
            return False
        if each.kind == "APPEALED" and (each.overturned_on is None or each.overturned_on > today):
            later = [
                one
                for one in told
                if one.kind == "DECIDED"
                and one.imposed_on is not None
                and each.imposed_on is not None
                and each.imposed_on < one.imposed_on <= today
                and one.amount_kzt
            ]
            if not later:
                return False
    over = all(each.appeal_until < today for each in delivered if each.day <= today)
    return over and (case.appeal_until is None or case.appeal_until < today)


def look(seen: Record, switch: PublicationPolicy) -> list[Decision]:
    return [decide(viewer, seen, TODAY, switch) for viewer in VIEWERS]


def check(seen: Record, switch: PublicationPolicy) -> bool:
    """Check every property of one situation; return whether the public was told a name."""
    found = look(seen, switch)
    assert all(found[less].visibility <= found[more].visibility for less, more in PAIRS)
    for viewer, decision in zip(VIEWERS, found, strict=True):
        officially = viewer.supervises(seen.region)
        if officially or viewer.owns(seen.bin):
            suspected = seen.kind is RecordKind.FINDING and seen.suspicion
            assert decision.named is (officially or not suspected)
            continue
        assert decision == found[0]  # everybody else is the public
        if seen.kind in CLOSED or seen.test or (switch.held and seen.kind in NAMED_LATER):
            assert decision.visibility is Visibility.HIDE
    public = found[0]
    if public.named and seen.kind in NAMED_LATER:
        assert switch.names != "NOBODY"
        assert not seen.withdrawn
        own = [each for each in seen.cases if each.bin == seen.bin]
        assert own
        assert all(may_be_named(each, TODAY) for each in own)
        return True
    return False


@many
def test_every_property_holds_in_every_situation(count: int) -> None:
    chance = Random(20260615)
    named = sum(check(record(chance), policy(chance)) for _ in range(count))
    assert named > count / 1_000  # the other side is looked at too


@many
def test_a_date_that_is_told_is_the_first_day_of_the_name(count: int) -> None:
    chance = Random(7)
    looked = 0
    for _ in range(count):
        known = case(chance)
        if any(
            each is not None and each > TODAY
            for told in known.measures
            for each in (told.imposed_on, told.overturned_on, told.delivery and told.delivery.day)
        ):
            continue  # what is dated ahead changes the answer on its day
        seen, switch = Record(RecordKind.CASE, cases=(known,)), policy(chance)
        told = decide(PUBLIC, seen, TODAY, switch)
        if told.shown_from is None:
            continue
        looked += 1
        assert decide(PUBLIC, seen, max(told.shown_from, TODAY), switch).named
        if told.reason is Reason.TERM_RUNS:
            assert not decide(PUBLIC, seen, told.shown_from - timedelta(1), switch).named
    assert looked > count / 500


def test_the_decision_depends_on_its_arguments_alone() -> None:
    chance, again = Random(3), Random(3)
    for _ in range(shared(2_000)):
        first = look(record(chance), policy(chance))
        other = look(record(again), policy(again))
        assert first == other


def test_more_restrictive_switches_show_no_more() -> None:
    chance = Random(11)
    for _ in range(shared(4_000)):
        seen = record(chance, RecordKind.CASE)
        shown = [
            decide(PUBLIC, seen, TODAY, PublicationPolicy(names)).visibility
            for names in (Names.NOBODY, Names.FINAL_DECISIONS_ONLY, Names.AFTER_APPEAL)
        ]
        assert shown == sorted(shown)
