"""What is decided of a record and a viewer, and why."""

from __future__ import annotations

from datetime import date
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Visibility(IntEnum):
    """How much is shown; the greater, the more."""

    HIDE = 0
    COUNT = 1
    """It may be counted, and what is shown of it names nobody, no source and no value."""
    SHOW = 2


class Reason(StrEnum):
    """Why so much is shown and no more."""

    OPEN_DATA = "OPEN_DATA"
    OWN_RECORD = "OWN_RECORD"
    OFFICIAL_DUTY = "OFFICIAL_DUTY"
    APPEAL_OVER = "APPEAL_OVER"
    DECISION_FINAL = "DECISION_FINAL"
    PUBLICATION_HELD = "PUBLICATION_HELD"
    TEST_STREAM = "TEST_STREAM"
    NOT_PUBLIC = "NOT_PUBLIC"
    SUSPICION = "SUSPICION"
    NAMES_SWITCHED_OFF = "NAMES_SWITCHED_OFF"
    NOT_IN_A_CASE = "NOT_IN_A_CASE"
    WITHDRAWN = "WITHDRAWN"
    OVERTURNED = "OVERTURNED"
    DEFERRED = "DEFERRED"
    APPEAL_PENDING = "APPEAL_PENDING"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    UNDER_REVIEW = "UNDER_REVIEW"
    NO_DECISION = "NO_DECISION"
    NOT_DELIVERED = "NOT_DELIVERED"
    TERM_RUNS = "TERM_RUNS"


class Decision(NamedTuple):
    """How much of a record a viewer sees, and why.

    ``shown_from``: the local day from which it is shown if nothing more happens; None: not known.
    """

    visibility: Visibility
    reason: Reason
    shown_from: date | None = None

    @property
    def named(self) -> bool:
        """Whether the record is shown whole, with names."""
        return self.visibility is Visibility.SHOW
