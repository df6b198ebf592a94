"""What cases are counted by: the subject, the policy, the figures, the calendar, the measures."""

from __future__ import annotations

from typing import Literal, NamedTuple

from streams.core.cases.measures import MeasureHistory
from streams.core.cases.rules import RUN_WINDOW
from streams.core.law.calendar import WorkCalendar
from streams.core.law.payment import PaymentTable
from streams.core.law.policy import Policy
from streams.core.time.interval import HOUR

CERTAINTIES = ("inferred", "secondary", "read")
"""Of a reading of the law, the least first."""


Certainty = Literal["inferred", "secondary", "read"]


class CaseSubject(NamedTuple):
    """Whom the cases are about: a source of an enterprise, or the enterprise for its duties.

    ``zone`` is the local clock, ``run_window`` (ms) the windows of its runs. ``investor``: it is
    in the investors' register (КоАП 802 part 3-1).
    """

    bin: str
    source_id: str | None
    zone: str
    run_window: int = RUN_WINDOW
    investor: bool = False


class CasePolicy(NamedTuple):
    """What policy fixes of cases; ``episode_gap`` in ms.

    ``uncertainty``: a value that its confidence interval brings to the limit is for a person.
    ``certainty``: so is a rule whose reading of the law is less certain than that.
    """

    episode_gap: int = 24 * HOUR
    uncertainty: bool = False
    certainty: Certainty = "inferred"


class CaseLaw(NamedTuple):
    """What the cases of all subjects are counted by: figures, official days, measures, policy."""

    payment: PaymentTable
    calendar: WorkCalendar
    measures: MeasureHistory
    terms: CasePolicy = CasePolicy()


class PendingMark(NamedTuple):
    """A mark over ``[start, end)`` that is pending in ``[since, until)``, all ms UTC."""

    start: int
    end: int
    since: int
    until: int


class CaseScene(NamedTuple):
    """Everything that the cases of one subject follow from, beside their violations."""

    subject: CaseSubject
    payment: PaymentTable
    calendar: WorkCalendar
    measures: MeasureHistory
    policy: Policy = Policy()
    terms: CasePolicy = CasePolicy()
    marks: tuple[PendingMark, ...] = ()
