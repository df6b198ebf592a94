"""One source, followed along the log: takes its readings in, closes its windows, judges silence.

The fold is a function of the log: what it says after a record depends on the records up to it
and on nothing else, so batches may be cut anywhere. Closing a window only notes it; what its
slots add up to is asked before anything changes that they say, and many sources are answered
at once. One file, although a long one: it is the order in which everything else is asked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from streams.core.awaited import Awaited
from streams.core.calendar import HOUR
from streams.core.conflict import note
from streams.core.context import Context
from streams.core.coverage import Coverage
from streams.core.frame import NOWHERE, Frame
from streams.core.gap import cover
from streams.core.gap_judge import SOURCE, GapJudge
from streams.core.group import NORMAL, Group
from streams.core.head import Head, Pending
from streams.core.hours import Hours
from streams.core.intake import Intake, Segment
from streams.core.mean import Summary, Window
from streams.core.overlay import Overlay
from streams.core.quality import CONFLICTING_DUPLICATE, TOO_LATE, Refusal
from streams.core.retention import forget, is_old, kept_from
from streams.core.run_judge import RunJudge
from streams.core.slot import Slot
from streams.core.source import BEGINNING, FOREVER, KINDS, SourceEntry, united
from streams.core.timeline import Timeline
from streams.core.together import Asking
from streams.core.window_judge import WindowJudge

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Head)

_AT_HAND = 2 * HOUR
"""Hours that began longer ago are taken from the state when they are needed."""

DUPLICATE = Refusal("DUPLICATE", "all fields equal to an accepted reading of the interval")
"""Not a dead letter: dropped and counted."""


class Closed(NamedTuple):
    """A window that closed at a position of the batch, to be judged as it was then."""

    position: int
    window: Window


class Reopened(NamedTuple):
    """A closed window that a late reading changed, and its last change at a stream time."""

    window: Window
    summary: dict[str, Summary]
    stream_time: int


class SourceFold:
    """State of one source in one partition; ``due`` is the stream time it next wants to see."""

    def __init__(
        self,
        context: Context,
        entry: SourceEntry,
        head_key: str,
        hours_prefix: str,
        saved: Overlay,
        hour_starts: list[int],
        intake: Intake,
    ) -> None:
        self.entry = entry
        self.id = entry.id
        self._context = context
        self._head_key = head_key
        self._saved = saved
        known = saved.get(head_key)
        self._head = Head() if known is None else _decoder.decode(known)
        self._intake = intake
        self._hours = Hours(hours_prefix, saved, hour_starts, intake.settle)
        self._coverage = Coverage()
        self._awaited = Awaited(self._head.pending)
        # Windows that have closed and are not judged yet: nothing they say may change before.
        self._closed: list[Closed] = []
        self._windows = WindowJudge(context, self._head, self._hours)
        self._runs = RunJudge(context, self._head, self._hours)
        self._runs_since = 0
        self._gaps = GapJudge(context, self._head)
        self._reopened: dict[tuple[int, int], Reopened] = {}
        self._frame = NOWHERE
        self._frame_period = 0
        self._swept = 0  # the hour of stream time in which something was forgotten last
        self._shifted_until = self._shifted()
        self._changed = False
        self._struck_off = False

    @property
    def registered(self) -> SourceEntry | None:
        """The registration in force, None once the source was struck off."""
        return None if self._struck_off else self.entry

    @property
    def due(self) -> int:
        """The next stream time at which time alone makes a difference."""
        return min(self._due, self._runs.due)

    @property
    def _due(self) -> int:
        return min(self._awaited.due, self._silence_due)

    @property
    def _silence_due(self) -> int:
        return FOREVER if self._struck_off else self._gaps.due

    def register(self, entry: SourceEntry, stream_time: int) -> None:
        """Go on under a new registration; closed windows are not judged again for it."""
        self.flush()
        self._coverage.settle()
        self.entry = entry
        self._struck_off = False
        self._shifted_until = self._shifted()
        self._frame = NOWHERE
        self._gaps.renew(stream_time)

    def _shifted(self) -> int:
        """Until when windows are awaited that another registration's clock has cut.

        A slot may then lie in one that has closed although none of its own windows has.
        """
        cut = (
            window.end
            for window in self._awaited.all()
            if self.entry.window(window.kind, window.start) != (window.start, window.end)
        )
        return max(cut, default=BEGINNING)

    def strike_off(self) -> None:
        """Registered no more: what was accepted is judged to its end, silence is not."""
        self._struck_off = True

    def follow(
        self, line: Timeline, since: int, segments: Sequence[Segment]
    ) -> Asking[list[tuple[int, Refusal]]]:
        """Go along a stretch of the log from ``since`` on; ``segments`` are the readings in it.

        Asks what windows add up to where it has to judge them. Returns the position of every
        reading that was not taken in, and why (``DUPLICATE`` or a dead letter's reason).
        """
        self._runs_since = since
        refused: list[tuple[int, Refusal]] = []
        for segment in segments:
            positions, at = segment.group.positions, segment.start
            while at < segment.end:
                position = positions[at]
                if self._due <= line.times[position]:
                    yield from self._pass(line, since, position + 1)
                upto = self._take_together(line, segment, at)
                if upto == at:
                    refusal = yield from self._accept(line, segment.group, at, segment.entry)
                    if refusal is not None:
                        refused.append((position, refusal))
                    upto += 1
                since = positions[upto - 1] + 1
                at = upto
        if self._due <= line.times[line.end - 1]:
            yield from self._pass(line, since, line.end)
        yield from self._judge_closed(line, line.end)
        self._hours.let_go(line.times[line.end - 1] - _AT_HAND)
        return refused

    def _pass(self, line: Timeline, since: int, upto: int) -> Asking[None]:
        """Do what time alone brings about up to ``upto``: silence is judged from ``since`` on.

        A window that closes is noted at its own position, also below ``since``: readings that
        were taken in together meanwhile are of later slots.
        """
        latest = line.times[upto - 1]
        while True:
            closing = silence = line.end
            if self._awaited.due <= latest:
                closing = line.reached(self._awaited.due, line.start)
            if since < upto and self._silence_due <= latest:
                silence = line.reached(self._silence_due, since)
            at = min(closing, silence)
            if at >= upto:
                return
            now = line.times[at]
            for each in self._awaited.close(now):
                slots = self._hours.inside(each.start, each.end)
                window = Window(each.kind, each.start, each.end, slots)
                self._closed.append(Closed(at, window))
                self._changed = True
            if at == silence:
                self._context.offset = line.records[at].offset
                self._coverage.lay()
                if not self._gaps.postpone(self.entry, now):
                    self._judge_silence(now)
                since = at + 1
            if now // HOUR > self._swept:
                yield from self._forget(line, at)

    def _forget(self, line: Timeline, at: int) -> Asking[None]:
        """Forget what is final; once in an hour of stream time, so that no batch decides when."""
        now = line.times[at]
        self._swept = now // HOUR
        horizon = self._swept * HOUR - self._context.policy.max_lateness
        if not is_old(self._head, self._hours, horizon):
            return
        yield from self._judge_closed(line, at + 1)
        self.flush()
        self._coverage.settle()
        if forget(self.entry, self._head, self._hours, self._runs, horizon, now):
            self._changed = True

    def _judge_closed(self, line: Timeline, upto: int) -> Asking[None]:
        """Judge the windows that have closed, and runs, as at the positions before ``upto``."""
        closed, self._closed = self._closed, []
        summarised = (yield [window for _, window in closed]) if closed else ()
        judged = zip(closed, summarised, strict=True)
        for position, group in groupby(judged, key=lambda item: item[0].position):
            self._judge_runs(line, position)
            now = line.times[position]
            for (_, window), summary in group:
                self._context.findings.means += self._windows.means(
                    self.entry, window, summary, now
                )
            if self._windows.shaken:
                self._shake(now)
                self._runs_since = position + 1
        self._judge_runs(line, upto)

    def _judge_runs(self, line: Timeline, upto: int) -> None:
        """Close runs where stream time alone does so, at the positions before ``upto``."""
        while self._runs_since < upto and self._runs.due <= line.times[upto - 1]:
            at = line.reached(self._runs.due, self._runs_since)
            self._shake(line.times[at])
            self._runs_since = at + 1

    def _shake(self, stream_time: int) -> None:
        self._runs.judge(self.entry, self._windows.shaken, stream_time)
        self._windows.shaken.clear()
        self._changed = True

    def _take_together(self, line: Timeline, segment: Segment, at: int) -> int:
        """Take in readings from ``at`` on that only go on where the last ones ended.

        They are of one slot, whole and new, none is late, and nothing happens between them.
        Returns the place of the first that has to be looked at by itself.
        """
        group, entry, _, end = segment
        if entry is not self.entry or not group.plain[at]:
            return at
        position, instant, period_s = group.positions[at], group.measured_at[at], group.period_s
        frame = self._frame_at(instant, entry)
        kept = kept_from(frame.open_until - self._context.policy.max_lateness)
        if line.times[position] >= frame.open_until or frame.hour < max(self._head.forgotten, kept):
            return at
        if frame.start < self._shifted_until:
            return at
        self._await_windows(frame, period_s, line.times[position])
        end = bisect_left(group.measured_at, frame.end, at, min(end, group.run_end[at]))
        stopping = line.reached(min(frame.open_until, self._silence_due), position)
        end = bisect_left(group.positions, stopping, at, end)
        last, period = group.measured_at[end - 1], period_s * 1000
        start = -(-frame.hour // period)
        first, final = instant // period - start, last // period - start
        hour = self._hours.get(frame.hour)
        if hour is not None and hour.knows(period_s, first, final):
            return at
        if not self._coverage.prolong(entry, instant, last + period):
            return at
        hour = self._hours.change(frame.hour)
        if final - first < end - at:
            hour.remember(period_s, first, b"".join(group.said[at:end]))
        else:  # with holes
            for place in range(at, end):
                number = group.measured_at[place] // period - start
                hour.remember(period_s, number, group.said[place])
        self._take(frame, group, at, end)
        return end

    def _slot(self, frame: Frame) -> Slot:
        hour = self._hours.change(frame.hour)
        slot = hour.slots.get(frame.start)
        if slot is None:
            slot = hour.slots[frame.start] = Slot()
        return slot

    def _take(self, frame: Frame, group: Group, at: int, end: int) -> None:
        """Count readings of one slot and one group; their values are added up when asked for."""
        slot = self._slot(frame)
        records = group.records[at:end]
        slot.note(records, group.device_serials[at:end])
        self._intake.take(group, at, end, slot.piece(group.period_s, group.layout))
        self._head.last_offset = records[-1].offset
        self._changed = True

    def _accept(
        self, line: Timeline, group: Group, at: int, entry: SourceEntry
    ) -> Asking[Refusal | None]:
        """Take one reading in, whatever it is, or say why not."""
        position = group.positions[at]
        stream_time = line.times[position]
        instant, period_s = group.measured_at[at], group.period_s
        period = period_s * 1000
        index = instant // period
        index_hour = self._hours.start_of(entry.clock, index * period)
        kept = kept_from(stream_time - self._context.policy.max_lateness)
        if index_hour < max(self._head.forgotten, kept):
            return Refusal(TOO_LATE, "its interval is final: stream time has long passed it")
        number, said = index - -(-index_hour // period), group.said[at]
        known = self._hours.get(index_hour)
        before = None if known is None else known.digest_at(period_s, number)
        if before is not None:
            if before == said:
                return DUPLICATE
            yield from self._contest(line, position, index * period, entry, period_s)
            return Refusal(
                CONFLICTING_DUPLICATE, "an earlier reading of the interval says something else"
            )
        frame = self._frame_at(instant, entry)
        stopped = group.state != NORMAL
        late = stream_time >= frame.open_until or frame.start < self._shifted_until
        if stopped or late:
            yield from self._judge_closed(line, position + 1)
        self._hours.change(index_hour).remember(period_s, number, said)
        self._take(frame, group, at, at + 1)
        end = instant + period
        if stopped:
            self._stop(instant, end)
        closed = self._await_windows(frame, period_s, stream_time)
        if closed:
            yield from self._reopen(closed, self._slot(frame), stream_time)
        if stopped:
            yield from self._reopen_beyond(instant, end, stream_time)
        if group.whole[at] and self._coverage.prolong(entry, instant, end):
            silence = stopped
        else:
            silence = self._cover(group, at, entry, instant, end, stream_time) or stopped
        if self._windows.shaken:
            self._shake(stream_time)
        if silence:
            self._context.offset = line.records[position].offset
            self._judge_silence(stream_time)
        return None

    def _contest(
        self, line: Timeline, position: int, start: int, entry: SourceEntry, period_s: int
    ) -> Asking[None]:
        """Remember that the interval at ``start`` is contested, and judge anew what was said."""
        stream_time, end = line.times[position], start + period_s * 1000
        yield from self._judge_closed(line, position + 1)
        self._changed = True
        closed: dict[tuple[int, int], Pending] = {}
        at = start
        while at < end:
            frame = self._frame_at(at, entry)
            if note(self._head.conflicts, (at, min(end, frame.end)), (frame.start, frame.end)):
                for each in frame.windows:
                    divides = KINDS[each.kind].length // 1000 % period_s == 0
                    if divides and each.closes <= stream_time:
                        closed[each.kind, each.start] = each
            at = frame.end
        windows = [
            Window(each.kind, each.start, each.end, self._hours.inside(each.start, each.end))
            for each in closed.values()
        ]
        summarised = (yield windows) if windows else ()
        for window, summary in zip(windows, summarised, strict=True):
            self._windows.means(self.entry, window, summary, stream_time, limited_only=True)
        if self._windows.shaken:
            self._shake(stream_time)
        if any(each.silent_in(start, end) for each in self._head.standing.values()):
            self._context.offset = line.records[position].offset
            self._judge_silence(stream_time)

    def _frame_at(self, instant: int, entry: SourceEntry) -> Frame:
        frame = self._frame
        if not frame.start <= instant < frame.end or frame.zone != entry.zone:
            frame = self._frame = self._context.frames.of(instant, entry, self.entry)
            self._frame_period = 0
        return frame

    def _await_windows(self, frame: Frame, period_s: int, stream_time: int) -> list[Pending]:
        """Wait for the windows that count a reading to close; returns those that have."""
        late = stream_time >= frame.open_until
        if self._frame_period == period_s and not late:
            return []  # an earlier reading of the slot waits for the same windows
        closed = []
        for window in frame.windows:
            if KINDS[window.kind].length // 1000 % period_s == 0:
                if window.closes <= stream_time:
                    closed.append(window)
                else:
                    self._awaited.add(window)
        self._frame_period = 0 if late else period_s
        return closed

    def _reopen(self, windows: Sequence[Pending], slot: Slot, stream_time: int) -> Asking[None]:
        """Closed windows change by a slot of theirs: count it as late and judge them again."""
        changed = []
        for _, kind, start, end in map(msgspec.structs.astuple, windows):
            slot.late[kind] += 1
            changed.append(Window(kind, start, end, self._hours.inside(start, end)))
        for window, summary in zip(changed, (yield changed), strict=True):
            self._windows.means(self.entry, window, summary, stream_time, limited_only=True)
            place = window.kind, window.start
            self._reopened[place] = Reopened(window, summary, stream_time)

    def _cover(
        self, group: Group, at: int, entry: SourceEntry, start: int, end: int, stream_time: int
    ) -> bool:
        """Extend what is covered by readings; True if the silences may have changed."""
        self._coverage.settle()
        head = self._head
        lasting = self._gaps.lasting
        # A long silence of the source is cut out of those of its channels: where late readings
        # shorten it, the gaps of channels that they lack change too.
        cut = bool(head.runs) and stream_time - head.runs[-1][1] > entry.gap_after
        changed = cut and not group.whole[at]
        changed |= cover(head.runs, start, end) or SOURCE in lasting
        if head.first is None or start < head.first:
            head.first = start
            changed = True
        valid = group.valid_pollutants(at)
        for parameter in valid:
            runs = head.channels.get(parameter)
            if runs is None:
                runs = head.channels[parameter] = []
            changed |= cover(runs, start, end) or parameter in lasting
        if group.whole[at] and not changed and not lasting:
            self._coverage.begin(entry, [head.runs, *map(head.channels.__getitem__, valid)])
        return changed

    def _stop(self, start: int, end: int) -> None:
        """Time that a reading reports as not normal is not due."""
        stops = self._head.stops
        if stops and stops[-1][0] <= start <= stops[-1][1]:
            stops[-1] = (stops[-1][0], max(stops[-1][1], end))
        else:
            stops[:] = united([*stops, (start, end)])

    def _reopen_beyond(self, start: int, end: int, stream_time: int) -> Asking[None]:
        """The closed windows after its own into which a stop's interval reaches."""
        for kind in range(len(KINDS)):
            at = self.entry.window(kind, start)[1]
            while at < end:
                window = self._context.frames.window(self.entry, kind, at)
                slots = [
                    (begin, hour_start)
                    for hour_start, hour in self._hours.between(window.start, window.end)
                    for begin in hour.slots
                    if window.start <= begin < window.end
                ]
                if window.closes <= stream_time:
                    if slots:
                        begin, hour_start = min(slots)
                        slot = self._hours.change(hour_start).slots[begin]
                    else:  # it counts also where the readings of the window come later still
                        slot = self._slot(self._frame_at(window.start, self.entry))
                    yield from self._reopen([window], slot, stream_time)
                at = window.end

    def _judge_silence(self, stream_time: int) -> None:
        if not self._struck_off:
            self._coverage.settle()
            self._gaps.judge(self.entry, stream_time)
            self._changed = True

    def flush(self) -> None:
        """Publish the last revision of the windows that late readings re-opened."""
        for window, summary, stream_time in self._reopened.values():
            self._context.findings.means += self._windows.means(
                self.entry, window, summary, stream_time
            )
        self._reopened.clear()
        self._windows.shaken.clear()  # runs were judged with each change; here is nothing new

    @property
    def unsaved(self) -> int:
        """How many hours have changed since the last `save`."""
        return self._hours.unsaved

    def save(self, stream_time: int) -> Iterator[tuple[str, bytes | None]]:
        """What has changed since the last call, as state; no window may wait to be judged."""
        self.flush()
        yield from self._hours.save(stream_time - _AT_HAND)
        if self._changed:
            self._coverage.lay()
            self._head.pending = self._awaited.all()
            encoded = _encoder.encode(self._head)
            self._saved.put(self._head_key, encoded)
            self._changed = False
            yield self._head_key, encoded
