"""Brings the gaps of one source up to date, and the outages that follow from them (KZ-GAP)."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from streams.core.conflict import contested
from streams.core.context import Context
from streams.core.findings import DataGap, Proof, gap_id, violation_id
from streams.core.gap import (
    Piece,
    channel_gaps,
    long_silences,
    next_change,
    silences,
    source_gaps,
)
from streams.core.head import Head, PublishedGap, Standing
from streams.core.rules import Rule
from streams.core.source import BEGINNING, FOREVER, Interval, SourceEntry, united
from streams.core.violation import WITHDRAWN, Measure, Subject, build, numbered, reasons_of

SOURCE = ""
"""Name of the source itself beside its channels in ``Head.trimmed``."""

_NOTHING = sha256(b"").hexdigest()


class GapJudge:
    """Judges silence; ``due`` is the next stream time at which silence alone says more.

    ``lasting`` names the source and the channels with gaps in the silence that still lasts:
    there even a reading that only prolongs what is covered changes what was published.
    """

    def __init__(self, context: Context, head: Head) -> None:
        self._context = context
        self._head = head
        self.due = 0
        self.lasting: set[str] = set()
        self._judged = False

    def renew(self, stream_time: int) -> None:
        """Judge anew at ``stream_time``, under another registration."""
        self.due = stream_time
        self._judged = False

    def postpone(self, entry: SourceEntry, stream_time: int) -> bool:
        """Whether there is nothing to judge, but for a later time: every silence is short yet.

        Only where no run has changed since the last judgement, but that the last ones went on.
        """
        head = self._head
        if not self._judged or self.lasting:
            return False
        runs = [head.runs, *(head.channels.get(each, []) for each in entry.pollutants)]
        if not all(runs):
            return False
        shortest = entry.gap_after + self._context.policy.grace + 1
        due = min(own[-1][1] for own in runs) + shortest
        if due <= stream_time:
            return False
        self.due = due
        return True

    def judge(self, entry: SourceEntry, stream_time: int) -> None:
        """Compute all gaps of the source anew and publish what differs from before."""
        if entry.test:
            self.due = FOREVER
            return
        head, policy = self._head, self._context.policy
        base = None if SOURCE in head.trimmed else self._base(entry)
        observed = self._context.observed_from
        of_source = source_gaps(
            base, observed, head.runs, entry.excused, entry.gap_after, policy.grace, stream_time
        )
        found: dict[str, tuple[str | None, Piece]] = {
            gap_id(entry.id, None, piece.start): (None, piece) for piece in of_source
        }
        silent = long_silences(head.runs, entry.gap_after, stream_time)
        cuts = united([*entry.excused, *head.stops, *silent])
        self.lasting = set()
        self._judged = base is None or base <= stream_time
        if any(piece.start >= _last_end(base, head.runs) for piece in of_source):
            self.lasting.add(SOURCE)
        due = self._next(base, head.runs, entry.excused, entry, stream_time, observed)
        if head.runs and (long := head.runs[-1][1] + entry.gap_after + 1) > stream_time:
            due = min(due, long)
        if head.first is not None:
            for parameter in entry.pollutants:
                runs = head.channels.get(parameter, [])
                first = None if parameter in head.trimmed else head.first
                for piece in channel_gaps(
                    first,
                    runs,
                    entry.excused,
                    head.stops,
                    silent,
                    entry.gap_after,
                    policy.grace,
                    stream_time,
                ):
                    found[gap_id(entry.id, parameter, piece.start)] = (parameter, piece)
                    if piece.start >= _last_end(first, runs):
                        self.lasting.add(parameter)
                due = min(due, self._next(first, runs, cuts, entry, stream_time))
        self._publish_gaps(entry, found, stream_time)
        for rule in self._context.outage_rules:
            due = min(due, self._outages(rule, entry, of_source, stream_time))
        self.due = due

    def _base(self, entry: SourceEntry) -> int | None:
        """As if a reading had ended when the source was connected, or at the first reading.

        Nobody is accused of what was not observed: the log has to be observed by then.
        """
        since = self._head.first
        if entry.connected is not None:
            expected = max(entry.connected, self._context.observed_from)
            since = expected if since is None else min(since, expected)
        return since

    def _next(
        self,
        base: int | None,
        runs: list[Interval],
        cuts: list[Interval],
        entry: SourceEntry,
        stream_time: int,
        since: int = BEGINNING,
    ) -> int:
        open_ended = silences(base, runs)
        if not open_ended:
            return FOREVER
        start = max(open_ended[-1][0], since)
        grace = self._context.policy.grace
        return next_change(start, cuts, entry.gap_after, grace, stream_time)

    def _publish_gaps(
        self, entry: SourceEntry, found: dict[str, tuple[str | None, Piece]], stream_time: int
    ) -> None:
        published = self._head.gaps
        news = []
        for identity, (parameter, piece) in found.items():
            status = "OPEN" if piece.end is None else "CLOSED"
            before = published.get(identity)
            if before is None or (before.status, before.end) != (status, piece.end):
                news.append((identity, parameter, piece.start, piece.end, status))
        for identity, before in published.items():
            if identity not in found and before.status != WITHDRAWN:
                news.append((identity, before.parameter, before.start, before.end, WITHDRAWN))
        for identity, parameter, start, end, status in news:
            known = published.get(identity)
            revision = 1 if known is None else known.revision + 1
            published[identity] = PublishedGap(parameter, start, end, status, revision)
            self._context.findings.gaps.append(
                DataGap(identity, revision, status, entry.id, parameter, start, end, stream_time)
            )

    def _outages(
        self, rule: Rule, entry: SourceEntry, pieces: list[Piece], stream_time: int
    ) -> int:
        """Publish the outages of a rule; the next stream time at which one may begin.

        A silence that began before the connection counts, and starts, at the connection.
        """
        limit = self._context.policy.outage_limit
        due = FOREVER
        wanted = set()
        connected = FOREVER if entry.connected is None else entry.connected
        for gap in pieces:
            piece = gap._replace(start=max(gap.start, connected))
            if connected == FOREVER or piece.start >= rule.until(entry.zone):
                continue
            until = stream_time if piece.end is None else piece.end
            if piece.end is None:
                edges = (
                    piece.start + limit + 1,
                    rule.since(entry.zone),
                    rule.automatic_since(entry.zone),
                )
                due = min((due, *(edge for edge in edges if edge > stream_time)))
            long_enough = until - piece.start > limit
            if long_enough and self._reaches(piece, rule.since(entry.zone), stream_time):
                identity = violation_id(rule.code, entry.id, None, piece.start)
                wanted.add(identity)
                self._outage(rule, entry, identity, piece, until, stream_time)
        for identity, standing in list(self._head.standing.items()):
            gone = identity not in wanted and standing.published.status != WITHDRAWN
            if standing.rule == rule.code and gone:
                piece = Piece(standing.start, standing.end)
                self._outage(rule, entry, identity, piece, None, stream_time)
        return due

    @staticmethod
    def _reaches(piece: Piece, instant: int, stream_time: int) -> bool:
        """Whether a piece was still going on at or after an instant."""
        return stream_time >= instant if piece.end is None else piece.end > instant

    def _outage(
        self,
        rule: Rule,
        entry: SourceEntry,
        identity: str,
        piece: Piece,
        until: int | None,
        stream_time: int,
    ) -> None:
        """One outage; ``until`` None withdraws it."""
        value = None if until is None else (until - piece.start) / 1000
        limit = self._context.policy.outage_limit / 1000
        violation = build(
            identity,
            rule,
            self._context.rules.version,
            Subject(entry.enterprise, entry),
            None,
            (piece.start, piece.end),
            Measure("s", value, limit),
            detected_at=stream_time,
            reasons=None
            if until is None
            else reasons_of(
                automatic=self._reaches(piece, rule.automatic_since(entry.zone), stream_time),
                contested=contested(self._head.conflicts, piece.start, until),
            ),
            evidence=(
                Proof(
                    self._context.topic,
                    self._context.partition,
                    self._head.last_offset,
                    self._context.offset,
                    0,
                    _NOTHING,
                ),
            ),
        )
        standing = self._head.standing.get(identity)
        before = standing.published if standing is not None else None
        # While it lasts its length grows with every record; only its other words are news.
        lasting = piece.end is None
        silent = msgspec.structs.replace(
            violation,
            evidence=(),
            value=None if lasting else value,
            ratio=None if lasting else violation.ratio,
        )
        news = numbered(
            violation, before, over=not lasting, withdrawn=until is None, compared=silent
        )
        if news is not None:
            self._context.findings.violations.append(news[0])
            self._head.standing[identity] = Standing(
                rule.code, None, piece.start, piece.end, news[1]
            )


def _last_end(base: int | None, runs: list[Interval]) -> int:
    return runs[-1][1] if runs else base or 0
