"""One source, folded over its readings: takes them in, closes its windows, judges its silence.

The fold is a function of the log: what it says after a record depends on the records up to it
and on nothing else, so batches may be cut anywhere.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator

import msgspec

from streams.core.calendar import HOUR, SLOT
from streams.core.context import Context
from streams.core.gap import cover
from streams.core.gap_judge import SOURCE, GapJudge
from streams.core.head import Head, Pending
from streams.core.hours import Hours
from streams.core.overlay import Overlay
from streams.core.quality import CONFLICTING_DUPLICATE, TOO_LATE, Refusal, assess
from streams.core.reading import Reading
from streams.core.retention import forget, kept_from
from streams.core.run_judge import RunJudge
from streams.core.slot import Slot, digest, take
from streams.core.source import FOREVER, KINDS, SourceEntry, united
from streams.core.window_judge import WindowJudge

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Head)

DUPLICATE = Refusal("DUPLICATE", "all fields equal to an accepted reading of the interval")
"""Not a dead letter: dropped and counted."""


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
    ) -> None:
        self.entry = entry
        self._context = context
        self._head_key = head_key
        self._saved = saved
        known = saved.get(head_key)
        self._head = Head() if known is None else _decoder.decode(known)
        self._hours = Hours(hours_prefix, saved, hour_starts)
        self._pending = {(item.kind, item.start): item for item in self._head.pending}
        self._by_closing = sorted(self._pending.values(), key=_closing)
        self._windows = WindowJudge(context, self._head, self._hours)
        self._runs = RunJudge(context, self._head, self._hours)
        self._gaps = GapJudge(context, self._head)
        self._touched: dict[tuple[int, int, int], int] = {}
        self._slot = (0, 0, 0)
        self._slot_windows: list[Pending] = []
        self._awaited = (0, 0)
        self._swept = 0
        self._changed = False
        self._struck_off = False

    @property
    def registered(self) -> SourceEntry | None:
        """The registration in force, None once the source was struck off."""
        return None if self._struck_off else self.entry

    @property
    def due(self) -> int:
        """The next stream time at which time alone makes a difference."""
        closing = self._by_closing[0].closes if self._by_closing else FOREVER
        silence = FOREVER if self._struck_off else self._gaps.due
        return min(closing, silence, self._runs.due)

    def register(self, entry: SourceEntry, stream_time: int) -> None:
        """Go on under a new registration; closed windows are not judged again for it."""
        self.flush()
        self.entry = entry
        self._struck_off = False
        self._slot = (0, 0, 0)
        self._gaps.due = stream_time

    def strike_off(self) -> None:
        """Registered no more: what was accepted is judged to its end, silence is not."""
        self._struck_off = True

    def advance(self, stream_time: int) -> None:
        """Do everything that time alone brings about up to ``stream_time``."""
        while self._by_closing and self._by_closing[0].closes <= stream_time:
            closing = self._by_closing.pop(0)
            del self._pending[(closing.kind, closing.start)]
            self._context.findings.means += self._windows.means(
                self.entry, closing.kind, closing.start, closing.end, stream_time
            )
            self._changed = True
        self._judge(stream_time, silence=self._gaps.due <= stream_time)
        if stream_time - self._swept >= HOUR:
            self._swept = stream_time
            self.flush()
            horizon = stream_time - self._context.policy.max_lateness
            if forget(self.entry, self._head, self._hours, self._runs, horizon, stream_time):
                self._changed = True
        # A day that closes for every source at once must not be decoded for all of them.
        self._hours.let_go()

    def accept(
        self, reading: Reading, entry: SourceEntry, offset: int, raw: bytes, stream_time: int
    ) -> Refusal | None:
        """Take a reading in, or say why not (``DUPLICATE`` or a dead letter's reason)."""
        period = reading.period_s * 1000
        index = reading.measured_at // period
        clock = entry.clock
        index_hour = self._hours.start_of(clock, index * period)
        kept = kept_from(stream_time - self._context.policy.max_lateness)
        if index_hour < max(self._head.forgotten, kept):
            return Refusal(TOO_LATE, "its interval is final: stream time has long passed it")
        known = self._hours.get(index_hour)
        seen = known.seen.get(reading.period_s) if known is not None else None
        said = digest(reading)
        if seen is not None and (before := seen.get(index)) is not None:
            if before == said:
                return DUPLICATE
            return Refusal(
                CONFLICTING_DUPLICATE, "an earlier reading of the interval says something else"
            )
        self._hours.change(index_hour).seen.setdefault(reading.period_s, {})[index] = said
        self._changed = True
        self._head.last_offset = offset
        assessment = assess(reading, entry)
        take(self._slot_at(reading.measured_at, entry), reading, assessment, offset, raw)
        stopped = reading.state != "NORMAL"
        if stopped:
            self._stop(reading)
        self._await_windows(reading, stream_time)
        if stopped:
            self._reopen_beyond(reading, stream_time)
        silence = self._cover(reading, assessment.valid_pollutants) or stopped
        self._judge(stream_time, silence=silence)
        return None

    def _slot_at(self, instant: int, entry: SourceEntry) -> Slot:
        start, end, hour_start = self._slot
        if not start <= instant < end:
            start = entry.clock.start(instant, SLOT)
            end = entry.clock.end(start, SLOT)
            hour_start = self._hours.start_of(entry.clock, instant)
            self._slot = (start, end, hour_start)
            self._awaited = (0, 0)
            self._slot_windows = [self._pending_at(kind, start) for kind in range(len(KINDS))]
        hour = self._hours.change(hour_start)
        slot = hour.slots.get(start)
        if slot is None:
            slot = hour.slots[start] = Slot()
        return slot

    def _pending_at(self, kind: int, instant: int) -> Pending:
        start, end = self.entry.window(kind, instant)
        return Pending(end + self._context.grace(kind), kind, start, end)

    def _await_windows(self, reading: Reading, stream_time: int) -> None:
        """Wait for the windows of a reading to close, or re-open those that have."""
        period, safe_until = self._awaited
        if period == reading.period_s and stream_time < safe_until:
            return  # an earlier reading of the slot waits for the same windows
        first_closing = FOREVER
        for window in self._slot_windows:
            if KINDS[window.kind].length // 1000 % reading.period_s:
                continue
            if window.closes <= stream_time:
                self._reopen(window, self._slot[0], stream_time)
            elif (window.kind, window.start) not in self._pending:
                self._pending[(window.kind, window.start)] = window
                insort(self._by_closing, window, key=_closing)
            first_closing = min(first_closing, window.closes)
        self._awaited = (reading.period_s, first_closing)

    def _reopen(self, window: Pending, slot_start: int, stream_time: int) -> None:
        """A closed window changes: count it as late and judge it again."""
        hour = self._hours.change(self._hours.start_of(self.entry.clock, slot_start))
        hour.slots[slot_start].late[window.kind] += 1
        place = (window.kind, window.start, window.end)
        self._windows.means(self.entry, *place, stream_time, limited_only=True)
        self._touched[place] = stream_time

    def _cover(self, reading: Reading, valid_pollutants: list[str]) -> bool:
        """Extend what is covered by readings; True if the silences may have changed."""
        head = self._head
        start, end = reading.measured_at, reading.ends_at
        lasting = self._gaps.lasting
        changed = cover(head.runs, start, end) or SOURCE in lasting
        if head.first is None or start < head.first:
            head.first = start
            changed = True
        for parameter in valid_pollutants:
            runs = head.channels.get(parameter)
            if runs is None:
                runs = head.channels[parameter] = []
            changed |= cover(runs, start, end) or parameter in lasting
        return changed

    def _stop(self, reading: Reading) -> None:
        """Time that a reading reports as not normal is not due."""
        start, end = reading.measured_at, reading.ends_at
        stops = self._head.stops
        if stops and stops[-1][0] <= start <= stops[-1][1]:
            stops[-1] = (stops[-1][0], max(stops[-1][1], end))
        else:
            stops[:] = united([*stops, (start, end)])

    def _reopen_beyond(self, reading: Reading, stream_time: int) -> None:
        """The closed windows after its own into which a stop's interval reaches."""
        for kind in range(len(KINDS)):
            at = self.entry.window(kind, reading.measured_at)[1]
            while at < reading.ends_at:
                window = self._pending_at(kind, at)
                slots = [
                    start
                    for _, hour in self._hours.between(window.start, window.end)
                    for start in hour.slots
                    if window.start <= start < window.end
                ]
                if slots and window.closes <= stream_time:
                    self._reopen(window, min(slots), stream_time)
                at = window.end

    def _judge(self, stream_time: int, *, silence: bool) -> None:
        shaken = self._windows.shaken
        if shaken or self._runs.due <= stream_time:
            self._runs.judge(self.entry, shaken, stream_time)
            shaken.clear()
            self._changed = True
        if silence and not self._struck_off:
            self._gaps.judge(self.entry, stream_time)
            self._changed = True

    def flush(self) -> None:
        """Publish the last revision of the windows that late readings re-opened."""
        for (kind, start, end), stream_time in self._touched.items():
            self._context.findings.means += self._windows.means(
                self.entry, kind, start, end, stream_time
            )
        self._touched.clear()

    def save(self) -> Iterator[tuple[str, bytes | None]]:
        """What has changed since the last call, as state."""
        self.flush()
        yield from self._hours.save()
        if self._changed:
            self._head.pending = self._by_closing
            encoded = _encoder.encode(self._head)
            self._saved.put(self._head_key, encoded)
            self._changed = False
            yield self._head_key, encoded


def _closing(window: Pending) -> tuple[int, int, int]:
    return window.closes, window.kind, window.start
