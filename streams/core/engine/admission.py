"""Admits the readings of one source: runs of regular ones at once, all others one by one.

Admitting a reading checks it against what was accepted before (lateness, duplicates, conflicts),
counts it in its slot, opens its windows or re-opens closed ones, and covers its interval.
`admit_run` is the fast path: it admits nothing for which `admit_one` would do more than that.

One file, although a long one: both ways must count a reading alike.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from streams.core.engine.advice import AdviceTracker
from streams.core.engine.authentication import Authentication
from streams.core.engine.batch import NORMAL, AssessedBatch
from streams.core.engine.closed_windows import ClosedWindows
from streams.core.engine.preparation import ReadingSpan
from streams.core.engine.retention import retained_from
from streams.core.engine.roots import RootTracker
from streams.core.engine.silence import SilenceTracker
from streams.core.engine.software import SoftwareTracker
from streams.core.engine.stream_time import StreamTimes
from streams.core.engine.tracked_source import TrackedSource
from streams.core.judging.context import Context
from streams.core.judging.devices import DeviceJudge, DeviceReading
from streams.core.law.quality_codes import CONFLICTING_DUPLICATE, TOO_LATE
from streams.core.quality.conflict import add_conflict
from streams.core.quality.rejection import Rejection
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import BEGINNING
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.core.windows.assigner import UNASSIGNED, WindowAssignment
from streams.core.windows.open_windows import OpenWindow
from streams.core.windows.pending_sums import PendingSums
from streams.core.windows.slot import Slot
from streams.core.windows.summarise import WindowQuery

DUPLICATE: Final = Rejection("DUPLICATE", "all fields equal to an accepted reading of the interval")
"""Not a dead letter: dropped and counted."""


class Admission:
    """Admits the readings of one source to its slots, windows and coverage."""

    def __init__(
        self,
        context: Context,
        source: TrackedSource,
        pending: PendingSums,
        closed: ClosedWindows,
        silence: SilenceTracker,
        devices: DeviceJudge,
        software: SoftwareTracker,
        authentication: Authentication,
        roots: RootTracker,
        advice: AdviceTracker | None = None,
    ) -> None:
        self._advice = advice
        self._context = context
        self._source = source
        self._pending = pending
        self._closed = closed
        self._silence = silence
        self._devices = devices
        self._software = software
        self._authentication = authentication
        self._roots = roots
        self.register()

    def register(self) -> None:
        """Assign windows by the registration in force from now on."""
        self._assigned = UNASSIGNED
        self._opened_for_s = 0  # the period for which the windows of the assignment are open
        self._foreign_until = self._end_of_foreign_windows()

    def _end_of_foreign_windows(self) -> int:
        """Until when windows are open that the clock of an earlier registration has cut.

        A slot may then lie in one that has closed although none of its own windows has.
        """
        source = self._source
        foreign = (
            each.end
            for each in source.open_windows.all()
            if source.entry.window(each.kind, each.start) != (each.start, each.end)
        )
        return max(foreign, default=BEGINNING)

    def admit_run(self, log: StreamTimes, span: ReadingSpan, at: int) -> int:
        """Admit readings from place ``at`` on that only prolong what the last ones covered.

        They are of one slot, complete and new, none is late, and nothing happens between them.
        Returns the place of the first that `admit_one` must look at; ``at`` if it is the first.
        """
        readings, entry, _, end = span
        source, state, hours = self._source, self._source.state, self._source.hours
        if entry is not source.entry or not readings.regular[at]:
            return at
        position, instant = readings.positions[at], readings.measured_at[at]
        period_s = readings.period_s
        assigned = self._assign(instant, entry)
        kept = retained_from(assigned.open_until - self._context.policy.max_lateness)
        if log.times[position] >= assigned.open_until or assigned.hour_start < max(
            state.evicted_until, kept
        ):
            return at
        if assigned.start < self._foreign_until:
            return at
        unproved = self._authentication.next_from(position, log.end)
        if unproved == position:
            return at
        self._open_windows(assigned, period_s, log.times[position])
        end = bisect_left(readings.measured_at, assigned.end, at, min(end, readings.run_ends[at]))
        stopping = log.first_at(
            min(assigned.open_until, self._silence.due, self._devices.due), position
        )
        stopping = min(stopping, unproved)
        end = bisect_left(readings.positions, stopping, at, end)
        last, period = readings.measured_at[end - 1], period_s * 1000
        start = -(-assigned.hour_start // period)
        first, final = instant // period - start, last // period - start
        hour = hours.get(assigned.hour_start)
        if hour is not None and hour.has_readings(period_s, first, final):
            return at
        if not self._silence.extend(entry, instant, last + period):
            return at
        hour = hours.for_update(assigned.hour_start)
        if final - first < end - at:
            hour.add_digests(period_s, first, b"".join(readings.digests[at:end]))
        else:  # intervals are missing between them
            for place in range(at, end):
                number = readings.measured_at[place] // period - start
                hour.add_digests(period_s, number, readings.digests[place])
        self._count(assigned, readings, at, end, log.times[readings.positions[end - 1]])
        if readings.unverified is not None:
            self._note_devices(log, span, at, end)
        if entry.software is not None:
            self._software.take(log, span, at, end)
        return end

    def admit_one(
        self, log: StreamTimes, span: ReadingSpan, at: int
    ) -> WindowQuery[Rejection | None]:
        """Admit any reading, or return why it is dropped (`DUPLICATE`) or rejected."""
        readings, entry, _, _ = span
        source = self._source
        position = readings.positions[at]
        stream_time = log.times[position]
        instant, period_s = readings.measured_at[at], readings.period_s
        period = period_s * 1000
        index = instant // period
        index_hour = source.hours.start_of(entry.clock, index * period)
        kept = retained_from(stream_time - self._context.policy.max_lateness)
        if index_hour < max(source.state.evicted_until, kept):
            return Rejection(TOO_LATE, "its interval is final: stream time has long passed it")
        number, digest = index - -(-index_hour // period), readings.digests[at]
        hour = source.hours.get(index_hour)
        accepted = None if hour is None else hour.digest_at(period_s, number)
        if accepted == digest:
            return DUPLICATE
        refusal = self._authentication.refusal(log, position, instant)
        if refusal is not None:
            return refusal
        if accepted is not None:
            yield from self._contest(log, position, index * period, entry, period_s)
            return Rejection(
                CONFLICTING_DUPLICATE, "an earlier reading of the interval says something else"
            )
        assigned = self._assign(instant, entry)
        stopped = readings.state != NORMAL
        late = stream_time >= assigned.open_until or assigned.start < self._foreign_until
        if stopped or late:
            yield from self._closed.judge(log, position + 1)
        source.hours.for_update(index_hour).add_digests(period_s, number, digest)
        self._count(assigned, readings, at, at + 1, stream_time)
        end = instant + period
        if stopped:
            self._silence.add_stoppage(instant, end)
        reopened = self._open_windows(assigned, period_s, stream_time)
        if reopened:
            yield from self._closed.reopen(reopened, self._slot(assigned), stream_time)
        if stopped:
            yield from self._reopen_beyond(instant, end, stream_time)
        if readings.complete[at] and self._silence.extend(entry, instant, end):
            silence_changed = stopped
        else:
            silence_changed = self._silence.cover(readings, at, entry, stream_time) or stopped
        self._closed.judge_changed_runs(stream_time)
        if silence_changed:
            self._silence.judge(stream_time, log.records[position].offset)
        if readings.unverified is not None:
            self._note_devices(log, span, at, at + 1)
        if entry.software is not None:
            self._software.take(log, span, at, at + 1)
        return None

    def _note_devices(self, log: StreamTimes, span: ReadingSpan, at: int, end: int) -> None:
        """Note which devices were used although no verification covers them."""
        readings, entry, _, _ = span
        unverified, serials = readings.unverified, readings.device_serials
        if unverified is None or not self._devices.asked or True not in unverified[at:end]:
            return
        period = readings.period_s * 1000
        noted = [
            DeviceReading(
                serial,
                readings.measured_at[place],
                readings.measured_at[place] + period,
                log.times[readings.positions[place]],
                readings.records[place],
            )
            for place in range(at, end)
            if unverified[place] and (serial := serials[place]) is not None
        ]
        self._devices.take(entry, noted, self._source.entry)

    def _contest(
        self, log: StreamTimes, position: int, start: int, entry: SourceEntry, period_s: int
    ) -> WindowQuery[None]:
        """Remember that the interval at ``start`` is contested, and judge its windows again."""
        source = self._source
        stream_time, end = log.times[position], start + period_s * 1000
        yield from self._closed.judge(log, position + 1)
        source.changed = True
        closed: dict[tuple[int, int], OpenWindow] = {}
        at = start
        while at < end:
            assigned = self._assign(at, entry)
            contested = at, min(end, assigned.end)
            if add_conflict(source.state.conflicts, contested, (assigned.start, assigned.end)):
                for each in _counting(assigned, period_s):
                    if each.closes <= stream_time:
                        closed[each.kind, each.start] = each
            at = assigned.end
        yield from self._closed.judge_again(closed.values(), stream_time)
        if any(each.is_outage_in(start, end) for each in source.state.violations.values()):
            self._silence.judge(stream_time, log.records[position].offset)
        self._devices.contest(start, end, source.entry, stream_time)

    def _assign(self, instant: int, entry: SourceEntry) -> WindowAssignment:
        """Assign an instant to its slot, hour and windows; the last assignment is remembered."""
        assigned = self._assigned
        if not assigned.start <= instant < assigned.end or assigned.zone != entry.zone:
            assigned = self._context.assigner.assign(instant, entry, self._source.entry)
            self._assigned = assigned
            self._opened_for_s = 0
        return assigned

    def _open_windows(
        self, assigned: WindowAssignment, period_s: int, stream_time: int
    ) -> list[OpenWindow]:
        """Open the windows that count a reading; returns those that have closed already."""
        late = stream_time >= assigned.open_until
        if self._opened_for_s == period_s and not late:
            return []  # an earlier reading of the slot has opened the same windows
        closed = []
        for window in _counting(assigned, period_s):
            if window.closes <= stream_time:
                closed.append(window)
            else:
                self._source.open_windows.add(window)
        self._opened_for_s = 0 if late else period_s
        return closed

    def _reopen_beyond(self, start: int, end: int, stream_time: int) -> WindowQuery[None]:
        """Re-open the closed windows after its own into which a stoppage reaches."""
        source = self._source
        for kind in range(len(WINDOW_KINDS)):
            at = source.entry.window(kind, start)[1]
            while at < end:
                window = self._context.assigner.window(source.entry, kind, at)
                if window.closes <= stream_time:
                    yield from self._closed.reopen([window], self._first_slot(window), stream_time)
                at = window.end

    def _first_slot(self, window: OpenWindow) -> Slot:
        """Return the first slot of a window; a new one also counts for later readings."""
        hours = self._source.hours
        slots = [
            (start, hour_start)
            for hour_start, hour in hours.between(window.start, window.end)
            for start in hour.slots
            if window.start <= start < window.end
        ]
        if slots:
            start, hour_start = min(slots)
            return hours.for_update(hour_start).slots[start]
        return self._slot(self._assign(window.start, self._source.entry))

    def _count(
        self,
        assigned: WindowAssignment,
        readings: AssessedBatch,
        at: int,
        end: int,
        stream_time: int,
    ) -> None:
        """Count readings of one slot now; their values are added when their sums are read."""
        records = readings.records[at:end]
        self._roots.take(assigned.day, records, stream_time)
        slot = self._slot(assigned)
        slot.record_messages(records, readings.device_serials[at:end])
        self._pending.defer(readings, at, end, slot.sums_for(readings.period_s, readings.layout))
        reaching = readings.reaching
        if reaching is not None and self._advice is not None and True in reaching[at:end]:
            self._advice.note(assigned)
        self._source.state.last_offset = records[-1].offset
        self._source.changed = True

    def _slot(self, assigned: WindowAssignment) -> Slot:
        hour = self._source.hours.for_update(assigned.hour_start)
        slot = hour.slots.get(assigned.start)
        if slot is None:
            slot = hour.slots[assigned.start] = Slot()
        return slot


def _counting(assigned: WindowAssignment, period_s: int) -> list[OpenWindow]:
    """Return the windows of an assignment that count readings of a period: whole ones fit."""
    return [
        each for each in assigned.windows if WINDOW_KINDS[each.kind].length // 1000 % period_s == 0
    ]
