"""Reads what the other side answers about a case as measures.

An answer is empty, or JSON: ``{"measures": [{"kind": "DELIVERED", "delivered_at": "...", ...}]}``.
It speaks of the case that was sent and of no other: БИН, source and article are the case's own. A
fine on something else is not for it to tell; the authority loads that itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from streams.core.law.country import Country
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import NAMESPACE
from streams.core.registry.measure import Measure
from streams.registry.errors import Problem
from streams.registry.measures import check_measure

MOST_MEASURES: Final = 20
MOST_BYTES: Final = 64 * 1024
"""Of a reply no more is read."""

Kind = Literal["SENT", "DELIVERED", "PAID", "APPEALED", "REVIEWED", "DECIDED"]
Text = Annotated[str, msgspec.Meta(max_length=200)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class AnsweredMeasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measure as the other side tells it; ``id`` is its own, to tell several of a kind apart."""

    kind: Kind
    id: Text = ""
    delivered_at: Moment | None = None
    imposed_on: date | None = None
    executed_on: date | None = None
    overturned_on: date | None = None
    amount_kzt: int | None = None
    reference: Text = ""
    closes: bool = False


class Answer(msgspec.Struct, frozen=True):
    """The body of an answer; what else it says is of no concern."""

    measures: Annotated[tuple[AnsweredMeasure, ...], msgspec.Meta(max_length=MOST_MEASURES)] = ()


class LaterAnswer(msgspec.Struct, frozen=True):
    """What became of a case since, told when it is asked for."""

    case_id: Text
    measures: Annotated[tuple[AnsweredMeasure, ...], msgspec.Meta(max_length=MOST_MEASURES)]


class LaterAnswers(msgspec.Struct, frozen=True):
    """A page of later answers; ``next`` is where the page after it begins, empty: as before."""

    answers: tuple[LaterAnswer, ...] = ()
    next: Text = ""


class CaseSubject(NamedTuple):
    """What a measure on a case takes from it."""

    id: str
    bin: str
    source_id: str | None
    act: str
    article: str
    part: str | None
    detected_at: int


class AnswerError(NamedTuple):
    """Why an answer is not taken, in a sentence."""

    reason: str


def subject_of(case: AdministrativeCase) -> CaseSubject:
    """Return what measures on a case take from it."""
    return CaseSubject(
        case.id, case.bin, case.source_id, case.act, case.article, case.part, case.detected_at
    )


def measures_of(
    case: CaseSubject | None, body: bytes, country: Country, now: int
) -> tuple[Measure, ...] | AnswerError:
    """Return the measures of an answer at the time ``now`` (ms UTC); one mistake refuses all.

    Each is checked as those of a file are. A body that is no JSON object tells nothing: many
    servers answer with a word or a page.
    """
    if not body.lstrip().startswith(b"{"):
        return ()
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        return AnswerError(str(error))
    if not answer.measures:
        return ()
    if case is None:
        return AnswerError("measures are on cases, and this was a violation")
    return checked(answer.measures, case, country, now)


def checked(
    told: Iterable[AnsweredMeasure], case: CaseSubject, country: Country, now: int
) -> tuple[Measure, ...] | AnswerError:
    """Return the measures that are told on a case, or the first mistake in them."""
    found = []
    for at, each in enumerate(told):
        try:
            measure = _measure(each, case)
            check_measure(measure, country, now)
        except (Problem, OverflowError) as problem:
            return AnswerError(f"measures[{at}]: {problem}")
        if measure.delivered_at is not None and measure.delivered_at < case.detected_at:
            return AnswerError(f"measures[{at}]: delivered_at is before the case was detected")
        found.append(measure)
    return tuple(found)


def _measure(told: AnsweredMeasure, case: CaseSubject) -> Measure:
    return Measure(
        id=str(uuid.uuid5(NAMESPACE, f"measure|{case.id}|{told.kind}|{told.id}")),
        kind=told.kind,
        bin=case.bin,
        case_id=case.id,
        source_id=case.source_id,
        act=case.act,
        article=case.article,
        part=case.part,
        imposed_on=told.imposed_on,
        executed_on=told.executed_on,
        overturned_on=told.overturned_on,
        delivered_at=_milliseconds(told.delivered_at),
        amount_kzt=told.amount_kzt,
        reference=told.reference,
        closes=told.closes,
    )


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
