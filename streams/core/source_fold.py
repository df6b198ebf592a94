"""One source, folded over its readings: takes them in, closes its windows, judges its silence.

The fold is a function of the log: what it says after a record depends on the records up to it
and on nothing else, so batches may be cut anywhere. One file, although a long one: it is the order
in which everything else is asked.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from itertools import takewhile

import msgspec

from streams.core.calendar import HOUR, SLOT
from streams.core.context import Context
from streams.core.coverage import Coverage
from streams.core.findings import WindowMean
from streams.core.gap import cover
from streams.core.gap_judge import SOURCE, GapJudge
from streams.core.head import Head, Pending
from streams.core.hours import Hours
from streams.core.intake import Group, Intake
from streams.core.mean import Summary, Window, summaries
from streams.core.overlay import Overlay
from streams.core.quality import CONFLICTING_DUPLICATE, TOO_LATE, Refusal
from streams.core.retention import forget, kept_from
from streams.core.run_judge import RunJudge
from streams.core.slot import Slot
from streams.core.source import FOREVER, KINDS, SourceEntry, united
from streams.core.window_judge import WindowJudge

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Head)

Summarised = tuple[Window, dict[str, Summary]]
"""A window with what its series add up to."""

_AT_HAND = 2 * HOUR
"""Hours that began longer ago are taken from the state when they are needed."""

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
        self._coverage.settle()
        self.entry = entry
        self._struck_off = False
        self._slot = (0, 0, 0)
        self._gaps.renew(stream_time)

    def strike_off(self) -> None:
        """Registered no more: what was accepted is judged to its end, silence is not."""
        self._struck_off = True

    def closing(self, stream_time: int) -> list[Window]:
        """The windows that close by ``stream_time``, with what was taken into them."""
        return [
            self._windows.window(each.kind, each.start, each.end)
            for each in takewhile(lambda each: each.closes <= stream_time, self._by_closing)
        ]

    def advance(self, stream_time: int, closing: Sequence[Summarised]) -> None:
        """Do everything that time alone brings about up to ``stream_time``.

        ``closing`` are the windows of `closing`, each with what its series add up to.
        """
        for window, summary in closing:
            self._context.findings.means += self._windows.means(
                self.entry, window, summary, stream_time
            )
        if closing:
            for each in self._by_closing[: len(closing)]:
                del self._pending[(each.kind, each.start)]
            del self._by_closing[: len(closing)]
            self._changed = True
        silence = self._gaps.due <= stream_time
        if silence:
            self._coverage.lay()
            silence = not self._gaps.postpone(self.entry, stream_time)
        self._judge(stream_time, silence=silence)
        if stream_time - self._swept >= HOUR:
            self._swept = stream_time
            self.flush()
            self._coverage.settle()
            horizon = stream_time - self._context.policy.max_lateness
            if forget(self.entry, self._head, self._hours, self._runs, horizon, stream_time):
                self._changed = True
        self._hours.let_go(stream_time - _AT_HAND)

    def accept(
        self,
        group: Group,
        at: int,
        entry: SourceEntry,
        offset: int,
        raw: bytes,
        stream_time: int,
    ) -> Refusal | None:
        """Take a reading in, or say why not (``DUPLICATE`` or a dead letter's reason)."""
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
            return Refusal(
                CONFLICTING_DUPLICATE, "an earlier reading of the interval says something else"
            )
        self._hours.change(index_hour).remember(period_s, number, said)
        self._changed = True
        self._head.last_offset = offset
        slot = self._slot_at(instant, entry)
        slot.note(offset, raw, group.device_serials[at])
        self._intake.take(group, at, slot.piece(period_s, group.layout))
        end = instant + period
        stopped = group.state != "NORMAL"
        if stopped:
            self._stop(instant, end)
        self._await_windows(period_s, stream_time)
        if stopped:
            self._reopen_beyond(instant, end, stream_time)
        if group.whole[at] and self._coverage.prolong(entry, instant, end):
            silence = stopped
        else:
            silence = self._cover(group, at, entry, instant, end) or stopped
        if silence or self._windows.shaken or self._runs.due <= stream_time:
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

    def _await_windows(self, period_s: int, stream_time: int) -> None:
        """Wait for the windows of a reading to close, or re-open those that have."""
        period, safe_until = self._awaited
        if period == period_s and stream_time < safe_until:
            return  # an earlier reading of the slot waits for the same windows
        first_closing = FOREVER
        for window in self._slot_windows:
            if KINDS[window.kind].length // 1000 % period_s:
                continue
            if window.closes <= stream_time:
                self._reopen(window, self._slot[0], stream_time)
            elif (window.kind, window.start) not in self._pending:
                self._pending[(window.kind, window.start)] = window
                insort(self._by_closing, window, key=_closing)
            first_closing = min(first_closing, window.closes)
        self._awaited = (period_s, first_closing)

    def _reopen(self, window: Pending, slot_start: int, stream_time: int) -> None:
        """A closed window changes: count it as late and judge it again."""
        hour = self._hours.change(self._hours.start_of(self.entry.clock, slot_start))
        hour.slots[slot_start].late[window.kind] += 1
        place = (window.kind, window.start, window.end)
        self._judge_again(place, stream_time, limited_only=True)
        self._touched[place] = stream_time

    def _cover(self, group: Group, at: int, entry: SourceEntry, start: int, end: int) -> bool:
        """Extend what is covered by readings; True if the silences may have changed."""
        self._coverage.settle()
        head = self._head
        lasting = self._gaps.lasting
        changed = cover(head.runs, start, end) or SOURCE in lasting
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

    def _reopen_beyond(self, start: int, end: int, stream_time: int) -> None:
        """The closed windows after its own into which a stop's interval reaches."""
        for kind in range(len(KINDS)):
            at = self.entry.window(kind, start)[1]
            while at < end:
                window = self._pending_at(kind, at)
                slots = [
                    begin
                    for _, hour in self._hours.between(window.start, window.end)
                    for begin in hour.slots
                    if window.start <= begin < window.end
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
            self._coverage.settle()
            self._gaps.judge(self.entry, stream_time)
            self._changed = True

    def flush(self) -> None:
        """Publish the last revision of the windows that late readings re-opened."""
        for place, stream_time in self._touched.items():
            self._context.findings.means += self._judge_again(place, stream_time)
        self._touched.clear()

    def _judge_again(
        self, place: tuple[int, int, int], stream_time: int, *, limited_only: bool = False
    ) -> list[WindowMean]:
        window = self._windows.window(*place)
        return self._windows.means(
            self.entry, window, summaries([window])[0], stream_time, limited_only=limited_only
        )

    def save(self, stream_time: int) -> Iterator[tuple[str, bytes | None]]:
        """What has changed since the last call, as state."""
        self.flush()
        yield from self._hours.save(stream_time - _AT_HAND)
        if self._changed:
            self._coverage.lay()
            self._head.pending = self._by_closing
            encoded = _encoder.encode(self._head)
            self._saved.put(self._head_key, encoded)
            self._changed = False
            yield self._head_key, encoded


def _closing(window: Pending) -> tuple[int, int, int]:
    return window.closes, window.kind, window.start
