"""Decides whether the enterprise of a case may be named: Environmental Code, article 181, point 2.

Nobody is named before the term of appeal is over; who did not get the paper has no term yet. Where
the record is silent on what was decided, the reading is the one that names nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from emissions.publication.decision import Decision, Reason, Visibility
from emissions.publication.policy import Names, PublicationPolicy
from emissions.publication.record import CaseFacts, CaseMeasure, Delivery
from streams.core.records.case import CLOSED, DEFERRED, OPEN, REVIEW, WITHDRAWN
from streams.core.registry.measure import APPEALED, DECIDED, DELIVERED, FINE, PAID, SENT

_KOAP: Final = "KoAP"
_PRESCRIPTION: Final = "PRESCRIPTION"
_PAPERS: Final = frozenset((FINE, SENT, DELIVERED, PAID, DECIDED))
"""Measures that carry the sanction: if one of them is overturned, nobody is named any more."""

_DAY: Final = timedelta(days=1)


def case_decision(case: CaseFacts, today: date, policy: PublicationPolicy) -> Decision:
    """Decide how much of a case the public sees on a local day."""
    blocked = _blocked(case, today, policy)
    if blocked is not None:
        return Decision(Visibility.COUNT, blocked)
    sanctions = [each for each in case.measures if _is_sanction(each, today)]
    paid = any(each.kind == PAID for each in case.measures)
    own_paper = case.track == _PRESCRIPTION and case.act == _KOAP and not sanctions
    if own_paper and case.state == REVIEW:
        return Decision(Visibility.COUNT, Reason.UNDER_REVIEW)
    if not sanctions and not (own_paper and (case.state != CLOSED or paid)):
        return Decision(Visibility.COUNT, Reason.NO_DECISION)
    deliveries = _deliveries(case, today)
    imposed = [each.imposed_on or date.max for each in sanctions]  # no day: no delivery is after it
    if not any(each.day >= max(imposed, default=date.min) for each in deliveries):
        return Decision(Visibility.COUNT, Reason.NOT_DELIVERED)
    last = max(each.appeal_until for each in deliveries)
    if case.appeal_until is not None:
        last = max(last, case.appeal_until)
    reason = Reason.DECISION_FINAL if sanctions else Reason.APPEAL_OVER
    if own_paper and policy.names is Names.FINAL_DECISIONS_ONLY:
        last = max(last, *(each.decided_on for each in deliveries))
        reason = Reason.DECISION_FINAL
    if today <= last:
        return Decision(Visibility.COUNT, Reason.TERM_RUNS, last + _DAY)
    return Decision(Visibility.SHOW, reason, last + _DAY)


def _blocked(case: CaseFacts, today: date, policy: PublicationPolicy) -> Reason | None:
    """Return why a case names nobody whatever its terms, None where terms decide."""
    if policy.names is Names.NOBODY:
        return Reason.NAMES_SWITCHED_OFF
    if case.state == WITHDRAWN:
        return Reason.WITHDRAWN
    if any(each.overturned_on is not None and each.kind in _PAPERS for each in case.measures):
        return Reason.OVERTURNED
    if case.state == DEFERRED:
        return Reason.DEFERRED
    if case.state not in (OPEN, REVIEW, CLOSED):
        return Reason.NO_DECISION
    return _appeal(case.measures, today)


def _appeal(measures: Sequence[CaseMeasure], today: date) -> Reason | None:
    """Return that an appeal is pending, or that nobody told what it came to; else None.

    Only a decision on a later day ends an appeal, and only one with an amount upholds the sanction.
    """
    ended = None
    for appeal in measures:
        if appeal.kind != APPEALED or _is_over(appeal, today):
            continue
        after = [
            each
            for each in measures
            if each.kind == DECIDED
            and appeal.imposed_on is not None
            and each.imposed_on is not None
            and appeal.imposed_on < each.imposed_on <= today
        ]
        if not after:
            return Reason.APPEAL_PENDING
        if not any(_is_sanction(each, today) for each in after):
            ended = Reason.OUTCOME_UNKNOWN
    return ended


def _is_over(measure: CaseMeasure, today: date) -> bool:
    return measure.overturned_on is not None and measure.overturned_on <= today


def _is_sanction(measure: CaseMeasure, today: date) -> bool:
    """Tell whether a measure imposes something: a fine, or a decision with an amount."""
    imposes = measure.kind == FINE or (measure.kind == DECIDED and (measure.amount_kzt or 0) > 0)
    return imposes and (measure.imposed_on is None or measure.imposed_on <= today)


def _deliveries(case: CaseFacts, today: date) -> list[Delivery]:
    return [
        each.delivery
        for each in case.measures
        if each.kind == DELIVERED and each.delivery is not None and each.delivery.day <= today
    ]
