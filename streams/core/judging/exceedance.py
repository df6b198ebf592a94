"""Finds the exceedances that an operator has not reported in time (KZ-NOTICE).

Order 208 n. 27: form 2 within 3 working days. An exceedance is a violation of a rule on means; the
term runs from the local day on which it was first detected, which is never earlier than the day it
happened. A finding for an inspector, never automatic; taken back if the violation is.
"""

from __future__ import annotations

from typing import Final

import msgspec

from streams.core.advice.reminders import FORM_2_LEFT
from streams.core.judging.context import Context
from streams.core.judging.finding import INSPECTION, FindingSubject, Observation
from streams.core.judging.violation import WITHDRAWN
from streams.core.law.notice_terms import FORM_2_DAYS, working_days_after
from streams.core.records.advice import FORM_2, MARK_DEADLINE, Advice, advice_id
from streams.core.records.findings import Violation, finding_id
from streams.core.sources.notices import NoticeHistory
from streams.core.sources.source import SourceEntry
from streams.core.state.exceedances import Exceedance, Exceedances
from streams.core.time.interval import DAY, FOREVER

REPORTED: Final = frozenset({"KZ-DAY", "KZ-30", "KZ-3H", "KZ-GS"})
"""Rules whose violation is an exceedance that form 2 reports."""

KIND: Final = "KZ-NOTICE"
_BASIS: Final = "Order 208 n. 27"
_FINAL: Final = 3 * DAY
"""So long after the latest reading of an interval nothing is withdrawn any more: an evicted day."""


class ExceedanceJudge:
    """Keeps the exceedances of one source; ``due`` is the next stream time that changes them."""

    def __init__(
        self, context: Context, notices: NoticeHistory, state: Exceedances, since: int
    ) -> None:
        """``since``: the stream time (ms) by which the operator was told what there was to tell."""
        self._context = context
        self._notices = notices
        self.state = state
        self._told_until = since

    @property
    def due(self) -> int:
        """The first stream time (ms) at which a term has passed, or one may be forgotten."""
        return min((self._next(each) for each in self.state.awaited.values()), default=FOREVER)

    def _next(self, each: Exceedance) -> int:
        if not each.overdue:
            reminder = each.due - FORM_2_LEFT
            told = not self._context.advises or reminder <= self._told_until
            return each.due + 1 if told else reminder
        return max(each.due + 1, each.end + self._context.policy.max_lateness + _FINAL)

    def note(self, violation: Violation, entry: SourceEntry) -> None:
        """Take over a revision of a violation of the source, as of when it was published."""
        at = violation.detected_at
        known = self.state.awaited.get(violation.id)
        stands = violation.status != WITHDRAWN
        if known is None:
            if not stands:
                return
            due = working_days_after(at, FORM_2_DAYS, entry.zone, self._notices.calendar)
            known = Exceedance(
                violation.rule,
                violation.parameter or "",
                violation.start,
                0,
                due,
                stands=True,
                bin=violation.bin,
            )
        end = violation.start if violation.end is None else violation.end
        if stands or known.stands:
            known = msgspec.structs.replace(known, end=max(known.end, end), stands=stands)
        self.state.awaited[violation.id] = known
        if known.overdue:
            self._judge(known, entry, at)

    def advance(self, entry: SourceEntry, stream_time: int) -> None:
        """Judge the exceedances whose terms have passed, and forget those that are final.

        Of those whose terms are about to end the operator is told.
        """
        if self._context.advises:
            self._remind(entry, stream_time)
        for identity, each in list(self.state.awaited.items()):
            if each.overdue and self._next(each) <= stream_time:
                del self.state.awaited[identity]
                self._forget(each, entry)
            elif not each.overdue and each.due < stream_time:
                passed = msgspec.structs.replace(each, overdue=True)
                self.state.awaited[identity] = passed
                self._judge(passed, entry, stream_time)

    def _remind(self, entry: SourceEntry, stream_time: int) -> None:
        """Tell of the terms of form 2 that end within a day, each once, before they have ended.

        Of several on one exceedance the first to end counts. Nothing is kept of it: whoever goes
        on from a stream time has told what was due by then.
        """
        for each in sorted(self.state.awaited.values(), key=lambda one: (one.start, one.parameter)):
            due = each.due
            if not self._told_until < due - FORM_2_LEFT <= stream_time < due:
                continue
            first = min(self._like(each), key=lambda one: (one.due, one.rule))
            if (
                each is not first
                or not each.stands
                or self._notices.exceedance_told(
                    entry, each.bin, each.parameter, each.start, each.end, stream_time
                )
            ):
                continue
            self._context.findings.advice.append(
                Advice(
                    id=advice_id(MARK_DEADLINE, FORM_2, entry.id, each.parameter, None, each.start),
                    kind=MARK_DEADLINE,
                    bin=each.bin or entry.enterprise.bin,
                    source_id=entry.id,
                    parameter=each.parameter,
                    unit=None,
                    rule=each.rule,
                    window=None,
                    term=FORM_2,
                    start=each.start,
                    end=each.end,
                    value=None,
                    limit=None,
                    reached_from=None,
                    expected=None,
                    stay_below=None,
                    certain=False,
                    due=due,
                    left_s=(due - stream_time) // 1000,
                    basis=_BASIS,
                    rule_set=self._context.rule_set,
                    told_at=stream_time,
                )
            )
        self._told_until = max(self._told_until, stream_time)

    def _judge(self, of: Exceedance, entry: SourceEntry, stream_time: int) -> None:
        """Publish or withdraw the finding on all exceedances that begin where ``of`` does."""
        missing = [
            each for each in self._like(of) if each.overdue and self._unreported(each, entry)
        ]
        # Of the operator whose violation it is, whoever has the source by now.
        subject, at = FindingSubject(of.bin or entry.enterprise.bin, entry.id), stream_time
        publisher, published = self._context.finding_publisher, self.state.published
        if missing:
            rules = ", ".join(sorted(each.rule for each in missing))
            due = min(each.due for each in missing)
            seen = Observation(
                KIND,
                of.start,
                max(each.end for each in missing),
                of.parameter,
                "",
                None,
                None,
                None,
                f"No form 2 on the exceedance ({rules}) had arrived within 3 working days, "
                f"until {entry.clock.date(due - 1)}: ask the operator for it.",
                _BASIS,
                INSPECTION,
            )
            publisher.update(published, subject, seen, at=at)
            return
        known = published.get(finding_id(KIND, entry.id, of.parameter, of.start))
        if known is not None:
            publisher.withdraw(published, subject, known, at=at)

    def _unreported(self, each: Exceedance, entry: SourceEntry) -> bool:
        return each.stands and not self._notices.exceedance_told(
            entry, each.bin, each.parameter, each.start, each.end, each.due
        )

    def _like(self, of: Exceedance) -> list[Exceedance]:
        place = of.parameter, of.start
        return [
            each for each in self.state.awaited.values() if (each.parameter, each.start) == place
        ]

    def _forget(self, of: Exceedance, entry: SourceEntry) -> None:
        """Drop what was published where no exceedance is left that could change it."""
        if not self._like(of):
            identity = finding_id(KIND, entry.id, of.parameter, of.start)
            self.state.published.pop(identity, None)
