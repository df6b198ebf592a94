"""The notices about the sources of one partition: judged when they arrive and when time demands it.

A verdict follows from the notices that had arrived, the registration and the data, all as of a
stream time; it is published again where one of them changes it. One file, although a long one: what
is remembered of a notice, when it is judged again and when it is forgotten hang together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from streams.core.judging.context import Context
from streams.core.judging.notice import judge_notice
from streams.core.records.notice_verdict import PENDING, NoticeVerdict
from streams.core.records.partitioning import Share
from streams.core.records.revision import PublishedRevision
from streams.core.registry.notice import MARK, OUTAGES, ReceivedNotice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import Mark
from streams.core.sources.source import SourceEntry
from streams.core.state.notices import (
    NoticeState,
    StandingNotice,
    decode_notices,
    decode_standing,
    encode_notices,
    encode_standing,
)
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.interval import BEGINNING, DAY, FOREVER, Interval

KEPT: Final = 40 * DAY
"""How long a verdict that nothing changes any more is remembered: no notice becomes known later."""

STOPPED_FLAG: Final = "F"

COUNTED_ANEW: Final = (MARK, *OUTAGES)
"""What says something else of readings and windows that were counted before it arrived: an
unplanned outage may be told of two hours after its start (Order 208 n. 24), and excuses from it."""

_encoder = msgspec.msgpack.Encoder()


class Denial(NamedTuple):
    """Whether the flow of a source denies a mark, and whether all its readings were looked at."""

    denied: bool
    whole: bool


IsDenied = Callable[[SourceEntry, Interval, int], Denial]
"""Tells whether the flow of a source in an interval was that of operation, as of a stream time."""


class PartitionNotices:
    """Judges notices; ``due`` is the next stream time (ms) at which a verdict may change."""

    def __init__(
        self,
        context: Context,
        registry: RegistryHistory,
        share: Share,
        prefix: str,
        saved: UncommittedState,
        saved_keys: Iterable[str],
    ) -> None:
        self._context = context
        self._registry = registry
        self._history = registry.notices
        self._share = share
        self._key, self._prefix = f"{prefix}notices", f"{prefix}notice/"
        self._saved = saved
        encoded = saved.get(self._key)
        self._state = NoticeState() if encoded is None else decode_notices(encoded)
        self._unsaved = dict.fromkeys(self._state.standing)
        """The ids whose verdicts have changed or gone; those that one key had kept are moved."""
        for key in saved_keys:
            standing = saved.get(key) if key.startswith(self._prefix) else None
            if standing is not None:
                identity = key.removeprefix(self._prefix)
                self._state.standing[identity] = decode_standing(standing)
        self._contradicted = {
            identity for identity, each in self._state.standing.items() if each.contradicted
        }
        self._changes: list[ReceivedNotice] = []
        self._version = -1
        self._changed = False
        self.due = FOREVER

    @property
    def contradicted(self) -> Collection[str]:
        """The ids of the marks that the data deny, as of the last event."""
        return self._contradicted

    @property
    def standing(self) -> int:
        """The number of notices that a registration may have judged again."""
        return len(self._state.standing)

    @property
    def oldest_pending(self) -> int | None:
        """When the oldest notice whose verdict is pending arrived, ms; None: there is none."""
        return min(
            (
                each.arrived_at
                for each in self._state.standing.values()
                if each.published.status == PENDING
            ),
            default=None,
        )

    def intervals(self, until: int) -> Iterator[tuple[str, Interval]]:
        """Yield the intervals whose readings may be asked for by stream time ``until``."""
        history, state = self._history, self._state
        if until < self.due and self._version == history.version:
            return
        names = [name for name, each in state.standing.items() if each.check_at <= until]
        for received in history.arrived_in(state.settled_until, until):
            if received.notice.id not in state.standing:
                names += (received.notice.id, received.notice.withdraws or "")
        for name in names:
            found = history.get(name)
            if found is None or not self._share.has(found.notice.source_id):
                continue
            interval = found.notice.interval
            if interval is not None and self._may_count_anew(found, until):
                yield found.notice.source_id, interval

    def _may_count_anew(self, received: ReceivedNotice, until: int) -> bool:
        """Tell whether a notice may say something else of readings by ``until``, without data.

        An outage can where an operator of the source told of it in its term, whatever registrations
        come meanwhile, and it begins before the readings that can have arrived.
        """
        notice = received.notice
        if notice.kind not in OUTAGES:
            return notice.kind == MARK
        if notice.completes is not None or notice.interval is None:
            return False
        if notice.interval[0] >= until + self._context.policy.future:
            return False
        return any(
            self._history.in_term(received, entry)
            for entry in self._registry.registrations(notice.source_id)
        )

    def follow(self, now: int, is_denied: IsDenied) -> list[ReceivedNotice]:
        """Judge what has arrived by stream time ``now``, and what time alone changes.

        Returns the notices of which what they do has changed.
        """
        history, state = self._history, self._state
        if now < self.due and self._version == history.version:
            return []
        self._changes = []
        self._version = history.version
        for received in history.arrived_in(state.settled_until, now):
            notice = received.notice
            if notice.id in state.standing or not self._share.has(notice.source_id):
                continue
            self._judge(received, now, is_denied)
            withdrawn = None if notice.withdraws is None else history.get(notice.withdraws)
            if withdrawn is not None and withdrawn.notice.id in state.standing:
                self._judge(withdrawn, now, is_denied)
        for identity, standing in list(state.standing.items()):
            received_ = history.get(identity)
            if standing.check_at <= now and received_ is not None:
                self._judge(received_, now, is_denied)
        self._forget(now)
        self._schedule(now)
        return self._changes

    def next_arrival(self, after: int, until: int) -> int | None:
        """Return when the next notice arrives in ``(after, until]`` that may count readings anew.

        Of this partition's sources, ms; None: there is none.
        """
        at = self._history.next_arrival(after)
        while at <= until:
            for received in self._history.arrived_in(at - 1, at):
                notice = received.notice
                if notice.kind in COUNTED_ANEW and self._share.has(notice.source_id):
                    return at
            at = self._history.next_arrival(at)
        return None

    def _schedule(self, now: int) -> None:
        """Set when the next verdict may change, may be forgotten, or the next notice arrives."""
        checks = (
            standing.arrived_at + KEPT if standing.check_at == FOREVER else standing.check_at
            for standing in self._state.standing.values()
        )
        self.due = min(self._history.next_arrival(now), min(checks, default=FOREVER))

    def follow_registry(self, now: int) -> None:
        """Judge every notice again by the registrations that have arrived by ``now``.

        As a registration judges no closed window again, so what it changes of a notice does not.
        """
        for identity in list(self._state.standing):
            received = self._history.get(identity)
            if received is not None:
                self._judge(received, now, None)
        if self._state.standing:
            self._schedule(now)

    def _judge(self, received: ReceivedNotice, now: int, is_denied: IsDenied | None) -> None:
        """Judge a notice; without ``is_denied`` its data say what they said before."""
        notice = received.notice
        known = self._state.standing.get(notice.id)
        entry = self._registry.of_notice(received, now)
        contradicted = known is not None and known.contradicted
        if is_denied is not None:
            contradicted = self._denied(received, entry, now, known, is_denied)
        judged = judge_notice(
            received, entry, self._history, self._context.policy, now, contradicted=contradicted
        )
        applied = self._applied(received, entry, now, contradicted=contradicted)
        if applied != (None if known is None else known.applied):
            self._changes.append(received)
        (self._contradicted.add if contradicted else self._contradicted.discard)(notice.id)
        standing = StandingNotice(
            self._published(judged.verdict, known),
            received.arrived_at,
            judged.check_at,
            contradicted,
            applied,
        )
        if standing != known:
            self._state.standing[notice.id] = standing
            self._unsaved[notice.id] = None

    def _denied(
        self,
        received: ReceivedNotice,
        entry: SourceEntry | None,
        now: int,
        known: StandingNotice | None,
        is_denied: IsDenied,
    ) -> bool:
        """Tell whether the data deny what a mark says: once its interval is over, and when ripe.

        Only a mark that the source did not operate can be denied by its flow. What was found when
        it was over stands where some of its readings are not there any more.
        """
        notice = received.notice
        if entry is None or notice.kind != MARK or notice.interval is None:
            return False
        if notice.state is None and notice.flag != STOPPED_FLAG:
            return False
        if self._history.mark(received, entry, now) is None:
            return False
        over = notice.interval[1] + self._context.policy.grace
        if now < over:
            return False
        found = is_denied(entry, notice.interval, now)
        if known is not None and known.check_at > over and not found.whole:
            return known.contradicted
        return found.denied

    def _applied(
        self, received: ReceivedNotice, entry: SourceEntry | None, now: int, *, contradicted: bool
    ) -> tuple[int, int] | None:
        """Return what a notice does to which readings, by the ends (ms) of those; None: nothing."""
        notice = received.notice
        if entry is None or contradicted:
            return None
        if notice.kind == MARK:
            mark = self._history.mark(received, entry, now)
            return None if mark is None else (mark.since, mark.until)
        outage = notice.kind in OUTAGES and notice.completes is None
        effective = outage and self._history.effective(received, entry, now)
        return (BEGINNING, FOREVER) if effective else None

    def _published(self, verdict: NoticeVerdict, known: StandingNotice | None) -> PublishedRevision:
        """Publish a verdict as the next revision, unless the last one said the same."""
        compared = msgspec.structs.replace(verdict, decided_at=0)
        digest = blake2b(_encoder.encode(compared), digest_size=8).digest()
        before = None if known is None else known.published
        if before is None or before.digest != digest:
            revision = 1 if before is None else before.revision + 1
            self._context.findings.notices.append(
                msgspec.structs.replace(verdict, revision=revision)
            )
            before = PublishedRevision(revision, verdict.verdict, digest)
        return before

    def _forget(self, now: int) -> None:
        """Drop the verdicts that nothing changes any more; what arrived before stays judged.

        It is due by time, so that a registration finds the same ones whoever was started anew.
        """
        bound = now - KEPT
        old = [
            identity
            for identity, standing in self._state.standing.items()
            if standing.check_at == FOREVER and standing.arrived_at <= bound
        ]
        for identity in old:
            del self._state.standing[identity]
            self._unsaved[identity] = None
        if (old or self._unsaved) and bound > self._state.settled_until:
            self._state.settled_until = bound
            self._changed = True

    def marks(self, source_id: str, now: int) -> tuple[Mark, ...]:
        """List what marks do to a source as of ``now``, but for those that the data deny."""
        entry = self._registry.registered(source_id, now)
        if entry is None:
            return ()
        return tuple(
            mark
            for mark in self._history.marks(entry, now, BEGINNING)
            if mark.id not in self._contradicted
        )

    def save(self) -> dict[str, bytes | None]:
        """Encode the verdicts that have changed since the last call, by key of the state."""
        found: dict[str, bytes | None] = {}
        for identity in self._unsaved:
            key, standing = f"{self._prefix}{identity}", self._state.standing.get(identity)
            if standing is not None:
                encoded = encode_standing(standing)
                self._saved.put(key, encoded)
                found[key] = encoded
            elif self._saved.delete(key):
                found[key] = None
        if self._changed or (self._unsaved and self._key not in self._saved):
            encoded = encode_notices(NoticeState(self._state.settled_until))
            self._saved.put(self._key, encoded)
            found[self._key] = encoded
        self._unsaved.clear()
        self._changed = False
        return found
