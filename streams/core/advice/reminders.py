"""Foresees how a gap goes on: a silence that becomes an outage, a term that ends.

A gap of the source can be told of as an unplanned outage within 2 h of its start (Order 208 n. 24),
a channel's readings that do not count can be marked within ``mark_deadline`` of their ends
(policy). Excused time and stoppages are no gaps, so what was told in time is none any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.core.law.notice_terms import UNPLANNED
from streams.core.law.policy import Policy
from streams.core.records.advice import MARK_DEADLINE, MARK_NOTICE, OUTAGE_NOTICE, SILENCE
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import DAY

SILENT_SHARE: Final = (1, 2)
"""Share of the outage limit after which a silence is told of."""

LEFT_SHARE: Final = (1, 4)
"""Share of a term that is left when it is told of."""

FORM_2_LEFT: Final = DAY
"""So long before its end the term of form 2 is told of: it ends with a working day."""


class Gap(NamedTuple):
    """A gap of the source (``parameter`` None) or of a channel, ms; ``end`` None: it lasts."""

    parameter: str | None
    start: int
    end: int | None


class Outage(NamedTuple):
    """The rule that a silence of the source meets, and from which length (ms)."""

    rule: str
    limit: int


class Reminder(NamedTuple):
    """What is to be told of a gap at stream time ``at`` or later, but before ``until`` (ms).

    ``start`` is that of the silence as the rule counts it; ``limit`` (ms) the length that meets
    the rule, None where none does.
    """

    kind: str
    of: str
    at: int
    until: int
    start: int
    rule: str | None = None
    term: str | None = None
    limit: int | None = None
    basis: str = ""


def reminders_of(
    gap: Gap, entry: SourceEntry, policy: Policy, outage: Outage | None
) -> Iterator[Reminder]:
    """Yield what there is to tell of a gap of a source, whenever that is.

    ``outage``: the rule in force on silences; None: there is none. A source that is not connected
    owes nothing for a silence.
    """
    if gap.parameter is not None:
        yield from _of_channel(gap, entry, policy)
    elif entry.connected is not None:
        yield from _of_source(gap._replace(start=max(gap.start, entry.connected)), outage)


def _of_source(gap: Gap, outage: Outage | None) -> Iterator[Reminder]:
    start = gap.start
    if gap.end is None and outage is not None:
        yield Reminder(
            SILENCE,
            outage.rule,
            start + _part(outage.limit, SILENT_SHARE),
            start + outage.limit,
            start,
            rule=outage.rule,
            limit=outage.limit,
        )
    due = start + UNPLANNED
    yield Reminder(
        MARK_DEADLINE,
        OUTAGE_NOTICE,
        due - _part(UNPLANNED, LEFT_SHARE),
        due,
        start,
        term=OUTAGE_NOTICE,
        basis="Order 208 n. 24",
    )


def _of_channel(gap: Gap, entry: SourceEntry, policy: Policy) -> Iterator[Reminder]:
    start, period = gap.start, entry.cadence_s * 1000
    if gap.end is None:
        limit = policy.outage_limit
        yield Reminder(SILENCE, "", start + _part(limit, SILENT_SHARE), start + limit, start)
    due = (start // period + 1) * period + policy.mark_deadline
    yield Reminder(
        MARK_DEADLINE,
        MARK_NOTICE,
        due - _part(policy.mark_deadline, LEFT_SHARE),
        due,
        start,
        term=MARK_NOTICE,
        basis="policy",
    )


def _part(time: int, share: tuple[int, int]) -> int:
    return time * share[0] // share[1]
