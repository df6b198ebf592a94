"""Builds the record of a case from its state: what stands now, and what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from streams.core.cases.dates import dates_of
from streams.core.cases.mass import Mass, Masses
from streams.core.cases.money import MASS_INCOMPLETE, fine_of
from streams.core.cases.rules import CASE_RULES, OUTAGE
from streams.core.cases.scene import CERTAINTIES, CaseScene
from streams.core.cases.state import Case, Fact, order
from streams.core.records.case import (
    CLOSED,
    DEFERRED,
    OPEN,
    REVIEW,
    WITHDRAWN,
    AdministrativeCase,
    CaseItem,
)
from streams.core.registry.measure import DECIDED, REVIEWED, Measure
from streams.core.time.interval import FOREVER
from streams.core.time.local_clock import clock

WITHIN_UNCERTAINTY: Final = "WITHIN_UNCERTAINTY"
DATA_REFUSED: Final = "DATA_REFUSED"
MARK_PENDING: Final = "MARK_PENDING"
CERTAINTY: Final = "CERTAINTY"
PROSECUTOR_CONSENT: Final = "PROSECUTOR_CONSENT"


class Told(NamedTuple):
    """What officials had told of a case by a moment."""

    delivered_at: int | None
    closed: bool
    measures: Sequence[Measure]


def told(case: Case, scene: CaseScene, now: int) -> Told:
    """Return what the measures that had arrived by ``now`` (ms) say of a case."""
    known = scene.measures.on_case(case.id, scene.subject.bin, now)
    today = clock(scene.subject.zone).date(now)
    delivered = [each.delivered_at for each in known if each.delivered_at is not None]
    closed = any(
        each.closes and each.kind in (DECIDED, REVIEWED) and each.in_force(today) for each in known
    )
    return Told(min(delivered, default=None), closed, known)


def deferred_until(case: Case) -> int | None:
    """Return the end of the road map that defers a case, None without one."""
    return max(
        (each.deferred_until for each in case.standing if each.deferred_until is not None),
        default=None,
    )


def met_in_time(case: Case) -> bool:
    """Tell whether the duty of a case that is deferred was met before the road map ended."""
    until = deferred_until(case)
    return case.opened_at is None and all(
        each.end is not None and until is not None and each.end <= until for each in case.standing
    )


def reasons_of(case: Case, scene: CaseScene, found: Masses, now: int) -> tuple[str, ...]:
    """Return why a person must look at a case, sorted; one reason holds the whole episode."""
    reasons: set[str] = set()
    terms = scene.terms
    least = CERTAINTIES.index(terms.certainty)
    for fact in case.standing:
        if not fact.automatic:
            reasons.update(fact.reasons)
        if terms.uncertainty and _within_uncertainty(fact):
            reasons.add(WITHIN_UNCERTAINTY)
        if fact.certainty in CERTAINTIES and CERTAINTIES.index(fact.certainty) < least:
            reasons.add(CERTAINTY)
        end = FOREVER if fact.end is None else fact.end
        for mark in scene.marks:
            if mark.since <= now < mark.until and mark.start < end and fact.start < mark.end:
                reasons.add(MARK_PENDING)
    if case.refused and case.standing:
        reasons.add(DATA_REFUSED)
    if any(not mass.complete for mass in found.values()):
        reasons.add(MASS_INCOMPLETE)
    if reasons and scene.subject.investor:
        reasons.add(PROSECUTOR_CONSENT)
    return tuple(sorted(reasons))


def _within_uncertainty(fact: Fact) -> bool:
    if fact.validated_value is None or fact.limit is None:
        return False
    bound = CASE_RULES[fact.rule].factor * Fraction(fact.limit)
    return Fraction(fact.validated_value) <= bound


def is_refused(fact: Fact, refused: dict[int, tuple[int, int]]) -> bool:
    """Tell whether a message of the source was dead-lettered while an outage lasted."""
    end = FOREVER if fact.end is None else fact.end
    return fact.rule == OUTAGE and any(
        fact.start <= at < end for pair in refused.values() for at in pair
    )


def build(
    case: Case, scene: CaseScene, found: Masses, related: Collection[str], now: int
) -> AdministrativeCase:
    """Build the record of a case as of ``now`` (ms), without the number of its revision."""
    standing = case.standing
    facts = standing or sorted(case.facts.values(), key=order)
    latest, zone = facts[-1], scene.subject.zone
    local = clock(zone)
    said = told(case, scene, now)
    reasons = reasons_of(case, scene, found, now)
    state = _state(case, said, reasons)
    fine = fine_of(
        case,
        latest,
        found,
        scene.payment,
        None if case.opened_at is None else local.date(case.opened_at),
    )
    detected = case.detected_from
    if detected is None:
        detected = min(each.first_seen for each in facts)
    deferred = deferred_until(case)
    alone = CASE_RULES[facts[0].rule].alone
    ends = [each.end for each in facts]
    return AdministrativeCase(
        id=case.id,
        revision=0,
        state=state,
        reasons=reasons,
        track=case.track,
        act=case.act,
        article=case.article,
        part=case.part,
        bin=scene.subject.bin,
        enterprise=latest.enterprise,
        region=latest.region,
        category=latest.category,
        business_size=latest.business_size,
        source_id=scene.subject.source_id,
        start=min(each.start for each in facts),
        end=None if None in ends else max(end for end in ends if end is not None),
        violations=tuple(each.id for each in standing),
        absorbed=tuple(
            each.id for each in sorted(case.absorbed.values(), key=order) if each.stands
        ),
        items=tuple(_item(each) for each in standing),
        excess_mass_t={name: _published(mass) for name, mass in found.items()},
        measured_mass_t={name: float(mass.tonnes) for name, mass in found.items()},
        fine_kzt=fine.kzt,
        fine_missing=fine.missing,
        fine_factors=fine.factors,
        repeat_of=case.repeat_of,
        systematic_with=case.systematic_with,
        related=tuple(sorted(related)),
        deferred_until=deferred if case.opened_at is None else None,
        detected_at=detected,
        opened_at=case.opened_at,
        delivered_at=said.delivered_at,
        revised_at=0,
        due=dates_of(
            track=case.track,
            act=case.act,
            article=case.article,
            detected=None if case.opened_at is None else local.date(detected),
            delivered=_day(said.delivered_at, zone),
            began=None if alone else local.date(min(each.start for each in facts)),
            calendar=scene.calendar,
        ),
        rule_set=latest.rule_set,
    )


def _state(case: Case, said: Told, reasons: Collection[str]) -> str:
    if said.closed:
        return CLOSED
    if not case.standing or (case.opened_at is None and met_in_time(case)):
        return WITHDRAWN
    if case.opened_at is None:
        return DEFERRED
    return REVIEW if set(reasons) - set(case.reviewed) else OPEN


def _published(mass: Mass) -> float | None:
    return float(mass.tonnes) if mass.complete else None


def _day(instant: int | None, zone: str) -> date | None:
    return None if instant is None else clock(zone).date(instant)


def _item(fact: Fact) -> CaseItem:
    return CaseItem(
        violation=fact.id,
        rule=fact.rule,
        parameter=fact.parameter,
        unit=fact.unit,
        start=fact.start,
        end=fact.end,
        value=fact.value,
        limit=fact.limit,
        excess_mass_t=fact.excess_mass_t,
        device_serial=fact.device_serial,
        verification=fact.verification,
        verification_until=fact.verification_until,
    )
