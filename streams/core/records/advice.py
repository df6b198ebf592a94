"""What operators are told before the law is broken: the record of the topic of advice.

Field names, order and meaning are those of ``schemas/advice.avsc``. An advice has no legal weight:
it is neither evidence nor a finding, opens nothing, and is never revised.
"""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from streams.core.records.findings import NAMESPACE

EXCEEDING: Final = "EXCEEDING"
SILENCE: Final = "SILENCE"
MARK_DEADLINE: Final = "MARK_DEADLINE"
KINDS: Final = (EXCEEDING, SILENCE, MARK_DEADLINE)

OUTAGE_NOTICE: Final = "OUTAGE_NOTICE"
MARK_NOTICE: Final = "MARK"
FORM_2: Final = "FORM_2"
TERMS: Final = (OUTAGE_NOTICE, MARK_NOTICE, FORM_2)
"""What an operator can still file: notice of an unplanned outage, a mark, form 2."""


class Advice(msgspec.Struct, frozen=True, gc=False):
    """One advice to the operator of a source; times in ms UTC, a field without meaning None."""

    id: str
    kind: str
    bin: str
    source_id: str
    parameter: str | None
    unit: str | None
    rule: str | None  # the rule that is about to be met
    window: str | None  # 20min | 30min | 1h | day
    term: str | None  # OUTAGE_NOTICE | MARK | FORM_2
    start: int  # of the window, the silence, or what the term is about
    end: int | None
    value: float | None  # the mean so far; the length of the silence, s
    limit: float | None  # the limit of the permit; the outage limit, s
    reached_from: float | None  # the smallest mean that meets the rule
    expected: float | None  # the mean of the window if the present level lasts
    stay_below: float | None  # what the mean of the rest must stay below; None: no level helps
    certain: bool
    due: int  # the end of the window or of the term; the moment at which the silence is too long
    left_s: int  # from the stream time of telling to ``due``
    basis: str
    rule_set: str
    told_at: int


def advice_id(
    kind: str, of: str, source_id: str, parameter: str | None, window: str | None, start: int
) -> str:
    """Identity of an advice: kind, rule or term (``of``), source, parameter, window, start."""
    name = f"advice|{kind}|{of}|{source_id}|{parameter or ''}|{window or ''}|{start}"
    return str(uuid.uuid5(NAMESPACE, name))
