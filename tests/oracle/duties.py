"""The duties of an enterprise: KZ-NOASM and KZ-NOLINK (section 9)."""

from __future__ import annotations

from datetime import date

from tests.oracle import clock
from tests.oracle.registry_reading import ALMATY, END_OF_TIME, Enterprise
from tests.oracle.rules import AUTOMATIC, Violation

NEW_FROM = date(2021, 7, 1)
OLD_OBLIGED_FROM = date(2023, 1, 1)


def duties(enterprise: Enterprise, first_arrival: int, until: int) -> list[Violation]:
    """What is seen at the first record and at each midnight of stream time after it."""
    if enterprise.test or enterprise.category != 1 or not enterprise.meets_criteria:
        return []
    duty = enterprise.commissioned
    if duty < clock.midnight(ALMATY, NEW_FROM):
        duty = clock.midnight(ALMATY, OLD_OBLIGED_FROM)
    moments = [first_arrival, *clock.midnights(ALMATY, first_arrival, until)]
    installed = END_OF_TIME if enterprise.installed is None else enterprise.installed
    connected = END_OF_TIME if enterprise.connected is None else enterprise.connected
    found = _breach("KZ-NOASM", enterprise, duty, installed, moments)
    if installed < END_OF_TIME:
        found += _breach("KZ-NOLINK", enterprise, max(duty, installed), connected, moments)
    return found


def _breach(
    rule: str, enterprise: Enterprise, begun: int, met: int, moments: list[int]
) -> list[Violation]:
    breached = [moment for moment in moments if begun <= moment < met]
    if not breached:
        return []
    roadmap = enterprise.roadmap if rule == "KZ-NOASM" else None
    deferred = roadmap is not None and breached[-1] < roadmap
    automatic = breached[-1] >= clock.midnight(ALMATY, AUTOMATIC)
    closed = met <= moments[-1]
    return [
        Violation(
            status="CLOSED" if closed else "OPEN",
            rule=rule,
            bin=enterprise.bin,
            source_id=None,
            parameter=None,
            unit=None,
            start=begun,
            end=met if closed else None,
            value=None,
            validated_value=None,
            limit=None,
            ratio=None,
            automatic=automatic and not deferred,
            deferred_until=roadmap if deferred else None,
            reasons=() if automatic else ("NOT_AUTOMATIC_YET",),
        )
    ]
