"""What is looked at: a record, with the facts on which it depends who may see it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple


class RecordKind(StrEnum):
    """Kind of a record, as it is published or kept."""

    MEAN = "MEAN"
    GAP = "GAP"
    AVAILABILITY = "AVAILABILITY"
    COMPLIANCE = "COMPLIANCE"
    REVISION = "REVISION"
    """A revision of a mean or gap; one of a violation or case is a VIOLATION or CASE."""
    ROOT = "ROOT"
    NOTICE_STATISTICS = "NOTICE_STATISTICS"
    REGISTRATION = "REGISTRATION"
    RAW_READING = "RAW_READING"
    """A reading as it was sent, or a message that holds one."""
    VIOLATION = "VIOLATION"
    CASE = "CASE"
    FINDING = "FINDING"
    MEASURE = "MEASURE"
    NOTICE_TEXT = "NOTICE_TEXT"
    """What an operator wrote, with its form: people are named in it."""
    DEAD_LETTER = "DEAD_LETTER"
    ADVICE = "ADVICE"


class Delivery(NamedTuple):
    """A proper delivery: its local day, and the last days of the terms that run from it."""

    day: date
    appeal_until: date
    decided_on: date
    """Last day on which a prescription may still be paid or appealed (КоАП 817, 821)."""


class CaseMeasure(NamedTuple):
    """What a measure of an official says of a case (`streams.core.registry.measure`).

    ``delivery`` belongs to a DELIVERED alone; ``overturned_on`` of an APPEALED: it was taken back.
    """

    kind: str
    imposed_on: date | None = None
    overturned_on: date | None = None
    amount_kzt: int | None = None
    delivery: Delivery | None = None


class CaseFacts(NamedTuple):
    """What the publication of a case depends on; ``appeal_until`` is that of its dates.

    ``bin`` is the operator whom it is against: it tells nothing of what another one did.
    """

    state: str
    track: str
    act: str
    bin: str
    appeal_until: date | None = None
    measures: tuple[CaseMeasure, ...] = ()


class Record(NamedTuple):
    """A record, whose it is, and what is known of the cases that it is in.

    ``bin`` and ``region`` are empty where they are not known. ``test``: of a test stream.
    ``suspicion``: a finding by statistics. ``withdrawn``: a violation that does not stand.
    """

    kind: RecordKind
    bin: str = ""
    region: str = ""
    test: bool = False
    suspicion: bool = False
    withdrawn: bool = False
    cases: tuple[CaseFacts, ...] = ()
