"""Judges a notice of an operator: whose it is, whether it kept its term, what the data say."""

from __future__ import annotations

from typing import NamedTuple

from streams.core.law.notice_terms import Term
from streams.core.law.policy import Policy
from streams.core.records.notice_verdict import (
    CONTRADICTED,
    IN_TIME,
    LATE,
    PARTLY_LATE,
    PENDING,
    REFUSED,
    WITHDRAWN,
    NoticeVerdict,
)
from streams.core.registry.notice import MARK, OUTAGES, ReceivedNotice
from streams.core.sources.notices import NoticeHistory
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import FOREVER
from streams.core.time.local_clock import iso


class JudgedNotice(NamedTuple):
    """A verdict, and the next stream time (ms) at which time alone may change it."""

    verdict: NoticeVerdict
    check_at: int


class _Found(NamedTuple):
    """What was decided, why, until when it holds."""

    verdict: str
    detail: str
    check_at: int = FOREVER
    withdrawn_by: str | None = None


def judge_notice(
    received: ReceivedNotice,
    entry: SourceEntry | None,
    history: NoticeHistory,
    policy: Policy,
    now: int,
    *,
    contradicted: bool,
) -> JudgedNotice:
    """Judge a notice as of stream time ``now``; ``entry`` is its source as it counts for it."""
    notice = received.notice
    term = None
    if entry is None:
        found = _Found(REFUSED, f"source {notice.source_id} is not registered")
    elif entry.enterprise.bin != notice.bin:
        found = _Found(REFUSED, f"source {notice.source_id} is not that of operator {notice.bin}")
    else:
        term = history.term(received, entry)
        if term is None:
            found = _taking_back(received, entry, history, now)
        else:
            found = _in_term(received, entry, history, term, policy, now, contradicted)
    return JudgedNotice(_verdict(received, term, found, now), found.check_at)


def _taking_back(
    received: ReceivedNotice, entry: SourceEntry, history: NoticeHistory, now: int
) -> _Found:
    """Judge a notice that does nothing but take another one back."""
    identity = received.notice.withdraws or ""
    other = history.get(identity)
    if other is None or (other.notice.bin, other.notice.source_id) != (
        received.notice.bin,
        received.notice.source_id,
    ):
        return _Found(REFUSED, f"{identity} is no notice of the operator about the source")
    if history.taken_back(other, entry, now) is received:
        return _Found(IN_TIME, f"it takes {identity} back in its term")
    return _Found(LATE, f"{identity} was not to be taken back any more, so it stands")


def _in_term(
    received: ReceivedNotice,
    entry: SourceEntry,
    history: NoticeHistory,
    term: Term,
    policy: Policy,
    now: int,
    contradicted: bool,
) -> _Found:
    notice, arrival = received.notice, received.arrived_at
    if arrival > term.last:
        nothing = "; it excuses nothing" if notice.kind in OUTAGES and not notice.completes else ""
        nothing = "; it changes nothing" if notice.kind == MARK else nothing
        return _Found(LATE, f"it arrived after {iso(term.last)}{nothing}")
    back = history.taken_back(received, entry, now)
    if back is not None:
        by = back.notice.id
        return _Found(WITHDRAWN, f"{by} took it back in its term", withdrawn_by=by)
    if notice.kind != MARK:
        return _Found(IN_TIME, "it arrived in its term")
    if contradicted:
        said = _Found(CONTRADICTED, "the source's flow was at least half of its median of 30 days")
    elif term.kept(arrival):
        said = _Found(IN_TIME, "it arrived in its term")
    else:
        said = _Found(PARTLY_LATE, "it arrived in the term of its last readings alone")
    over, ripe = (notice.end or 0) + policy.grace, (notice.end or 0) + policy.max_lateness
    if now >= ripe:
        return said
    check_at = over if now < over else ripe
    if contradicted:
        return said._replace(check_at=check_at)
    pending = f"{said.detail}; until {iso(ripe)} late data may still change it"
    return _Found(PENDING, pending, check_at)


def _verdict(received: ReceivedNotice, term: Term | None, found: _Found, now: int) -> NoticeVerdict:
    notice = received.notice
    return NoticeVerdict(
        notice_id=notice.id,
        revision=0,
        verdict=found.verdict,
        detail=found.detail,
        kind=notice.kind,
        bin=notice.bin,
        source_id=notice.source_id,
        parameter=notice.parameter,
        start=notice.start,
        end=notice.end,
        state=notice.state,
        flag=notice.flag,
        reason_given=notice.reason,
        withdraws=notice.withdraws,
        completes=notice.completes,
        withdrawn_by=found.withdrawn_by,
        form=notice.form,
        term="" if term is None else term.text,
        basis="" if term is None else term.basis,
        due=None if term is None else term.due,
        arrived_at=received.arrived_at,
        decided_at=now,
    )
