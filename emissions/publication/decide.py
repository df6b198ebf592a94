"""Decides how much of a record somebody sees: the one rule of publication.

Sources: Decree 861, points 36 and 37 (aggregates are open to everybody, raw data to the state);
Environmental Code, article 181, point 2 (violations after the term of appeal).
"""

from __future__ import annotations

from datetime import date
from typing import Final

from emissions.publication.decision import Decision, Reason, Visibility
from emissions.publication.embargo import case_decision
from emissions.publication.policy import PublicationPolicy
from emissions.publication.record import Record, RecordKind
from emissions.publication.viewer import Viewer

OPEN_AT_ONCE: Final = frozenset(
    (
        RecordKind.MEAN,
        RecordKind.GAP,
        RecordKind.AVAILABILITY,
        RecordKind.COMPLIANCE,
        RecordKind.REVISION,
        RecordKind.ROOT,
        RecordKind.NOTICE_STATISTICS,
        RecordKind.REGISTRATION,
    )
)
"""Open to everybody as soon as they are there: the law opens them, and no hold closes them."""

AFTER_ITS_CASES: Final = frozenset((RecordKind.VIOLATION, RecordKind.CASE, RecordKind.MEASURE))
"""Named when every case that they are in may be named; counted before. A hold closes them."""


def decide(
    viewer: Viewer, record: Record, today: date, policy: PublicationPolicy | None = None
) -> Decision:
    """Decide how much of a record a viewer sees on a local day.

    ``policy`` None: the default one. Officials see what is in their regions, an operator its own
    records except suspicions, everybody else what the public sees.
    """
    if viewer.supervises(record.region):
        return Decision(Visibility.SHOW, Reason.OFFICIAL_DUTY)
    if viewer.owns(record.bin):
        if record.kind is RecordKind.FINDING and record.suspicion:
            return Decision(Visibility.HIDE, Reason.SUSPICION)
        return Decision(Visibility.SHOW, Reason.OWN_RECORD)
    return _public(record, today, policy or PublicationPolicy())


def _public(record: Record, today: date, policy: PublicationPolicy) -> Decision:
    if policy.held and record.kind in AFTER_ITS_CASES:
        return Decision(Visibility.HIDE, Reason.PUBLICATION_HELD)
    if record.test:
        return Decision(Visibility.HIDE, Reason.TEST_STREAM)
    if record.kind in OPEN_AT_ONCE:
        return Decision(Visibility.SHOW, Reason.OPEN_DATA)
    if record.kind not in AFTER_ITS_CASES:
        return Decision(Visibility.HIDE, Reason.NOT_PUBLIC)
    if record.withdrawn:
        return Decision(Visibility.COUNT, Reason.WITHDRAWN)
    return _after_its_cases(record, today, policy)


def _after_its_cases(record: Record, today: date, policy: PublicationPolicy) -> Decision:
    """Decide by the case that holds back most; a record of no case has no term that could end.

    Cases of its own operator alone: what was decided against another one does not name this one.
    """
    own = [each for each in record.cases if each.bin == record.bin]
    if not own:
        return Decision(Visibility.COUNT, Reason.NOT_IN_A_CASE)
    found = [case_decision(each, today, policy) for each in own]
    waiting = [each for each in found if not each.named]
    never = next((each for each in waiting if each.shown_from is None), None)
    if never is not None:
        return never
    return max(waiting or found, key=lambda each: each.shown_from or date.max)
