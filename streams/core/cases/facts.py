"""Takes from a violation what a case needs: its place in the law, its numbers, its moment."""

from __future__ import annotations

from typing import Final

from streams.core.cases.rules import CASE_RULES, YEAR, Kind, natural_moment
from streams.core.cases.scene import CaseScene
from streams.core.cases.state import Fact
from streams.core.judging.violation import WITHDRAWN
from streams.core.records.findings import Violation
from streams.core.time.interval import HOUR
from streams.core.time.local_clock import clock

_CODE: Final = "КоАП"
_ORDER: Final = "№ 208"


def place_of(violation: Violation) -> tuple[str, str] | None:
    """Return act and article that a case stands under, None where the rule names neither."""
    for each in violation.legal_basis:
        if each.act.startswith(_CODE) and each.article is not None:
            return "KoAP", each.article
    for each in violation.legal_basis:
        if each.act.endswith(_ORDER) and each.point is not None:
            point = each.point
            return "ORDER-208", point if each.subpoint is None else f"{point} ({each.subpoint})"
    return None


def part_of(violation: Violation) -> str | None:
    """Return the part of the article of the КоАП that the rule names."""
    for each in violation.legal_basis:
        if each.act.startswith(_CODE) and each.article is not None:
            return each.part
    return None


def moment_of(
    violation: Violation, scene: CaseScene, before: int, at: int, *, known: bool, late: bool
) -> int:
    """Return the moment at which a revision counts: where stream time jumped, the moment itself.

    ``known``: it is not the first. Stream time went from ``before`` to ``at`` (ms) when it was
    published; what late data made (``late``) counts from ``at``. A run grows when a window closes,
    a year's mass when an hour does: that moment counts for each of their revisions.
    """
    rule = CASE_RULES[violation.rule]
    if late or violation.status == WITHDRAWN:
        return at
    if rule.kind is Kind.RUN and (known or violation.revision > 1):
        closed = at if violation.end is None else violation.end + scene.policy.grace
        return closed if before < closed <= at else at
    if violation.rule != YEAR and (known or violation.revision > 1):
        return at
    if violation.rule == YEAR:  # the close of the first hour that stream time has passed
        local = clock(scene.subject.zone)
        hour = local.start(before - scene.policy.grace, HOUR)
        natural: int | None = local.end(hour, HOUR) + scene.policy.grace
    else:
        natural = natural_moment(
            rule, violation.start, violation.end, scene.policy, scene.subject.run_window
        )
    jumped = natural is not None and (
        before < natural or (rule.kind is Kind.OUTAGE and before == natural)
    )
    return natural if natural is not None and jumped and natural <= at else at


def fact_of(violation: Violation, first_seen: int) -> Fact | None:
    """Return what a case needs of a violation, None where its rule opens none."""
    place = place_of(violation)
    if violation.rule not in CASE_RULES or place is None:
        return None
    act, article = place
    return Fact(
        id=violation.id,
        rule=violation.rule,
        track=violation.track,
        act=act,
        article=article,
        bin=violation.bin,
        parameter=violation.parameter,
        start=violation.start,
        end=violation.end,
        first_seen=first_seen,
        stands=violation.status != WITHDRAWN,
        automatic=violation.automatic,
        reasons=violation.reasons,
        certainty=violation.certainty,
        excess_mass_t=violation.excess_mass_t,
        deferred_until=violation.deferred_until,
        category=violation.category,
        business_size=violation.business_size,
        region=violation.region,
        enterprise=violation.enterprise,
        rule_set=violation.rule_set,
        unit=violation.unit,
        value=violation.value,
        validated_value=violation.validated_value,
        limit=violation.limit,
        device_serial=violation.device_serial,
        verification=violation.verification,
        verification_until=violation.verification_until,
        part=part_of(violation),
    )
