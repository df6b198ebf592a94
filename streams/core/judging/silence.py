"""Brings the gaps of one source up to date, and asks the evaluators that look at them."""

from __future__ import annotations

from hashlib import sha256

from streams.core.gaps.gap import (
    GapInterval,
    channel_gaps,
    long_silences,
    next_change,
    silences,
    source_gaps,
)
from streams.core.judging.context import Context
from streams.core.judging.violation import WITHDRAWN
from streams.core.records.findings import DataGap, Proof, gap_id
from streams.core.sources.source import SourceEntry
from streams.core.state.hours import Hours
from streams.core.state.source_state import PublishedGap, SourceState
from streams.core.time.interval import BEGINNING, FOREVER, Interval, overlaps, union_of
from streams.core.windows.mean import excused_time

SOURCE_ITSELF = ""
"""Name of the source itself beside its channels in ``Head.trimmed``."""

_NOTHING = sha256(b"").hexdigest()


class GapDetector:
    """Judges silence; ``due`` is the next stream time at which silence alone says more.

    ``lasting`` names the source and the channels with gaps in the silence that still lasts:
    there even a reading that only prolongs what is covered changes what was published.
    """

    def __init__(self, context: Context, state: SourceState, hours: Hours) -> None:
        self._context = context
        self._state = state
        self._hours = hours
        self.due = 0
        self.lasting: set[str] = set()
        self._judged = False

    def restart(self, stream_time: int) -> None:
        """Judge anew at ``stream_time``, under another registration."""
        self.due = stream_time
        self._judged = False

    def postpone(self, entry: SourceEntry, stream_time: int) -> bool:
        """Whether there is nothing to judge, but for a later time: every silence is short yet.

        Only where no run has changed since the last judgement, but that the last ones went on.
        """
        state = self._state
        if not self._judged or self.lasting:
            return False
        runs = [state.covered, *(state.covered_channels.get(each, []) for each in entry.pollutants)]
        if not all(runs):
            return False
        shortest = entry.gap_after + self._context.policy.grace + 1
        due = min(own[-1][1] for own in runs) + shortest
        if due <= stream_time:
            return False
        self.due = due
        return True

    def judge(self, entry: SourceEntry, stream_time: int, offset: int) -> None:
        """Compute all gaps of the source and publish what differs from before.

        ``offset`` is that of the record at which ``stream_time`` (ms) was reached.
        """
        if entry.test:
            self.due = FOREVER
            return
        context, state, policy = self._context, self._state, self._context.policy
        base = None if SOURCE_ITSELF in state.truncated else self._base(entry)
        observed = context.observed_from
        of_source = source_gaps(
            base, observed, state.covered, entry.excused, entry.gap_after, policy.grace, stream_time
        )
        found: dict[str, tuple[str | None, GapInterval]] = {
            gap_id(entry.id, None, piece.start): (None, piece) for piece in of_source
        }
        silent = long_silences(state.covered, entry.gap_after, stream_time)
        cuts = union_of([*entry.excused, *state.stoppages, *silent])
        self.lasting = set()
        self._judged = base is None or base <= stream_time
        if any(piece.start >= _last_end(base, state.covered) for piece in of_source):
            self.lasting.add(SOURCE_ITSELF)
        due = self._next(base, state.covered, entry.excused, entry, stream_time, observed)
        if state.covered and (long := state.covered[-1][1] + entry.gap_after + 1) > stream_time:
            due = min(due, long)
        if state.first_reading is not None:
            for parameter in entry.pollutants:
                runs = state.covered_channels.get(parameter, [])
                first = None if parameter in state.truncated else state.first_reading
                for piece in channel_gaps(
                    first,
                    runs,
                    entry.excused,
                    state.stoppages,
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
        scene = context.scene(entry, state, self._hours, stream_time)
        proof = Proof(context.topic, context.partition, state.last_offset, offset, 0, _NOTHING)
        for evaluator in context.index.silences:
            due = min(due, evaluator.judge(scene, of_source, proof))
        self.due = due

    def silence(self, entry: SourceEntry, now: int) -> int | None:
        """Return how long there has been no reading at ``now``, without excused time (ms).

        None where none is due at ``now``: not yet, or it is excused.
        """
        covered = self._state.covered
        since = covered[-1][1] if covered else self._base(entry)
        if entry.test or since is None or since > now or overlaps(entry.excused, now, now + 1):
            return None
        return now - since - excused_time((since, now), entry, [])

    def expected_since(self, entry: SourceEntry) -> int | None:
        """Return from when on readings are due (ms); None where none is."""
        return None if entry.test else self._base(entry)

    def _base(self, entry: SourceEntry) -> int | None:
        """As if a reading had ended when the source was connected, or at the first reading.

        Nobody is accused of what was not observed: the log has to be observed by then.
        """
        since = self._state.first_reading
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
        self, entry: SourceEntry, found: dict[str, tuple[str | None, GapInterval]], stream_time: int
    ) -> None:
        published = self._state.gaps
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


def _last_end(base: int | None, runs: list[Interval]) -> int:
    return runs[-1][1] if runs else base or 0
