"""Keeps every notice in the order of its arrival, and says what it does to readings.

Judged by the arrival of its record against stream time, as registrations are: what is true at an
instant follows from the notices that had arrived by then, in whatever order they became known. The
first notice under an id stands; what is sent under it again changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import NamedTuple

from streams.core.law.calendar import WEEKENDS, WorkCalendar
from streams.core.law.notice_terms import Term, term_of
from streams.core.law.policy import Policy
from streams.core.registry.notice import EXCEEDANCE, MARK, OUTAGES, Notice, ReceivedNotice
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import FOREVER, Interval, union_of


class Mark(NamedTuple):
    """What a mark does: to the readings that meet ``[start, end)`` and end in ``[since, until)``.

    ``parameter`` None: every channel; either ``state`` or ``flag`` is given.
    """

    id: str
    start: int
    end: int
    since: int
    until: int
    parameter: str | None
    state: str | None
    flag: str | None

    def covers(self, start: int, end: int) -> bool:
        """Tell whether it marks a reading over ``[start, end)``, ms."""
        return self.start < end and start < self.end and self.since <= end < self.until


class NoticeHistory:
    """Keeps notices by source; ``calendar`` counts their terms."""

    def __init__(self, calendar: WorkCalendar = WEEKENDS, policy: Policy = Policy()) -> None:  # noqa: B008 (it cannot be changed)
        self.calendar = calendar
        self.mark_deadline = policy.mark_deadline
        self.version = 0
        self._by_id: dict[str, ReceivedNotice] = {}
        self._by_source: dict[str, list[ReceivedNotice]] = {}
        self._arrivals: list[tuple[int, str]] = []
        self._withdrawals: dict[str, list[ReceivedNotice]] = {}

    def add(self, notice: Notice, arrived_at: int) -> bool:
        """Add a notice; False, and nothing done, where its id is taken."""
        if notice.id in self._by_id:
            return False
        received = ReceivedNotice(notice, arrived_at)
        self._by_id[notice.id] = received
        insort(self._by_source.setdefault(notice.source_id, []), received, key=_order)
        insort(self._arrivals, (arrived_at, notice.id))
        if notice.withdraws is not None:
            insort(self._withdrawals.setdefault(notice.withdraws, []), received, key=_order)
        self.version += 1
        return True

    def get(self, identity: str) -> ReceivedNotice | None:
        """Return the notice under an id."""
        return self._by_id.get(identity)

    def of_source(self, source_id: str) -> Sequence[ReceivedNotice]:
        """List the notices about a source, in the order of arrival."""
        return self._by_source.get(source_id, ())

    def arrived(self, source_id: str, known: int) -> int:
        """Count the notices about a source that had arrived by ``known``."""
        return bisect_right(self._by_source.get(source_id, ()), known, key=_arrived_at)

    def source_keys(self) -> frozenset[bytes]:
        """Return the keys of the readings of all sources that notices are about."""
        return frozenset(source_id.encode() for source_id in self._by_source)

    def arrived_in(self, after: int, until: int) -> list[ReceivedNotice]:
        """List the notices that arrived in ``(after, until]``, in the order of arrival."""
        first = bisect_right(self._arrivals, after, key=_arrival)
        last = bisect_right(self._arrivals, until, key=_arrival)
        return [self._by_id[identity] for _, identity in self._arrivals[first:last]]

    def next_arrival(self, after: int) -> int:
        """Return the arrival of the first notice later than ``after``, FOREVER without one."""
        at = bisect_right(self._arrivals, after, key=_arrival)
        return self._arrivals[at][0] if at < len(self._arrivals) else FOREVER

    def term(self, received: ReceivedNotice, entry: SourceEntry) -> Term | None:
        """Return the term of a notice about a source, None where it only takes another back."""
        notice = received.notice
        first = None if notice.completes is None else self._by_id.get(notice.completes)
        return term_of(
            notice,
            zone=entry.zone,
            period=entry.cadence_s * 1000,
            calendar=self.calendar,
            mark_deadline=self.mark_deadline,
            discovered=None if first is None else first.arrived_at,
        )

    def taken_back(
        self, received: ReceivedNotice, entry: SourceEntry, known: int
    ) -> ReceivedNotice | None:
        """Return the notice that had taken another back by ``known``, in the other's term."""
        notice = received.notice
        term = self.term(received, entry)
        if term is None:
            return None
        for other in self._withdrawals.get(notice.id, ()):
            by = other.notice
            same = by.bin == notice.bin and by.source_id == notice.source_id
            if same and received.arrived_at <= other.arrived_at <= min(known, term.last):
                return other
        return None

    def outages(self, entry: SourceEntry, known: int) -> tuple[Interval, ...]:
        """Return what notices that had arrived by ``known`` excuse: those in their term."""
        found = []
        for received in self._by_source.get(entry.id, ()):
            notice = received.notice
            if received.arrived_at > known:
                break
            if notice.kind not in OUTAGES or notice.completes is not None:
                continue
            interval = notice.interval
            if interval is not None and self.effective(received, entry, known):
                found.append(interval)
        return tuple(union_of(found))

    def effective(self, received: ReceivedNotice, entry: SourceEntry, known: int) -> bool:
        """Tell whether a notice is the operator's, in its term, and not taken back by ``known``."""
        return self.in_term(received, entry) and self.taken_back(received, entry, known) is None

    def in_term(self, received: ReceivedNotice, entry: SourceEntry) -> bool:
        """Tell whether a notice is the operator's and arrived in its term."""
        term = self.term(received, entry)
        return (
            term is not None
            and received.notice.bin == entry.enterprise.bin
            and received.arrived_at <= term.last
            and (received.notice.kind == MARK or term.kept(received.arrived_at))
        )

    def marks(self, entry: SourceEntry, known: int, since: int) -> tuple[Mark, ...]:
        """Return the marks that had arrived by ``known``, whatever the data say of them.

        But those whose interval had ended by ``since``.
        """
        return tuple(
            mark
            for received in self._by_source.get(entry.id, ())
            if since < (received.notice.end or since)
            and received.arrived_at <= known
            and (mark := self.mark(received, entry, known)) is not None
        )

    def mark(self, received: ReceivedNotice, entry: SourceEntry, known: int) -> Mark | None:
        """Return what a mark does as of ``known``; None where it is no mark, or of no effect.

        A reading must be marked within the deadline after its end, and unmarked so too.
        """
        notice, interval = received.notice, received.notice.interval
        if notice.kind != MARK or interval is None or notice.bin != entry.enterprise.bin:
            return None
        since, until = received.arrived_at - self.mark_deadline, FOREVER
        back = self.taken_back(received, entry, known)
        if back is not None:
            until = back.arrived_at - self.mark_deadline
        term = self.term(received, entry)
        if term is None or received.arrived_at > term.last or since >= until:
            return None
        return Mark(notice.id, *interval, since, until, notice.parameter, notice.state, notice.flag)

    def exceedance_told(
        self, entry: SourceEntry, bin_: str, parameter: str, start: int, end: int, by: int
    ) -> bool:
        """Tell whether form 2 on an exceedance in ``[start, end)`` had arrived by ``by``.

        From the operator ``bin_`` whose it is, or from that of the source by now.
        """
        for received in self._by_source.get(entry.id, ()):
            notice, interval = received.notice, received.notice.interval
            if received.arrived_at > by:
                break
            if notice.kind != EXCEEDANCE or notice.parameter != parameter or interval is None:
                continue
            meets = interval[0] < end and start < interval[1]
            own = notice.bin in (bin_, entry.enterprise.bin)
            if meets and own and self.taken_back(received, entry, by) is None:
                return True
        return False


def _order(received: ReceivedNotice) -> tuple[int, str]:
    return received.arrived_at, received.notice.id


def _arrived_at(received: ReceivedNotice) -> int:
    return received.arrived_at


def _arrival(item: tuple[int, str]) -> int:
    return item[0]
