"""Judges the windows of a source once they have closed, and again when late readings change them.

A window that closes is only noted: it is judged before anything changes that its slots say, so
that the windows of many sources can be summed in one call. Re-opened windows are judged with each
late reading, because rules must see every change, and published once a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from streams.core.engine.advice import AdviceTracker
from streams.core.engine.stream_time import StreamTimes
from streams.core.engine.suspicion import SuspicionTracker
from streams.core.engine.tracked_source import TrackedSource
from streams.core.judging.context import Context
from streams.core.judging.runs import RunJudge
from streams.core.judging.windows import WindowJudge
from streams.core.time.window_kinds import ONE_HOUR, WHOLE_DAY
from streams.core.windows.mean import SeriesSummary, Window
from streams.core.windows.open_windows import OpenWindow
from streams.core.windows.slot import Slot
from streams.core.windows.summarise import Summaries, WindowQuery


class ClosedWindow(NamedTuple):
    """A window that closed at a position of the batch, to be judged as of that position."""

    position: int
    window: Window


class ReopenedWindow(NamedTuple):
    """A closed window that late readings changed, as of its last change at a stream time."""

    window: Window
    summary: dict[str, SeriesSummary]
    stream_time: int


class ClosedWindows:
    """Keeps the closed windows of one source until they are judged and published."""

    def __init__(
        self,
        context: Context,
        source: TrackedSource,
        suspicion: SuspicionTracker | None = None,
        advice: AdviceTracker | None = None,
    ) -> None:
        self._context = context
        self._advice = advice
        self._suspicion = suspicion
        self._source = source
        self.runs = RunJudge(context, source.state, source.hours)
        self._windows = WindowJudge(context, source.state, source.hours, self.runs)
        self._waiting: list[ClosedWindow] = []
        self._reopened: dict[tuple[int, int], ReopenedWindow] = {}
        self._runs_since = 0

    def start_at(self, position: int) -> None:
        """Begin a span of the log: runs have been judged before ``position``."""
        self._runs_since = position

    def add(self, position: int, windows: Iterable[OpenWindow]) -> None:
        """Note windows that stream time closed at ``position``."""
        for each in windows:
            self._waiting.append(ClosedWindow(position, self._with_slots(each)))
            self._source.changed = True

    def judge(self, log: StreamTimes, upto: int) -> WindowQuery[None]:
        """Judge the windows that have closed, and runs, as of the positions before ``upto``."""
        closed, self._waiting = self._waiting, []
        summaries = (yield [window for _, window in closed]) if closed else ()
        judged = zip(closed, summaries, strict=True)
        for position, group in groupby(judged, key=lambda item: item[0].position):
            self._judge_runs(log, position)
            now = log.times[position]
            for (_, window), summary in group:
                self._note_flow(window, summary)
                means = self._windows.means(self._source.entry, window, summary, now)
                self._context.findings.means += means
                if self._advice is not None and window.kind == ONE_HOUR:
                    self._advice.close_hour(window, means, now)
                self.runs.count_hour(self._source.entry, window, now)
                if self._suspicion is not None and window.kind == WHOLE_DAY:
                    self._suspicion.close_day(window.start, window.end, now)
            if self.runs.changed:
                self._judge_runs_at(now)
                self._runs_since = position + 1
        self._judge_runs(log, upto)

    def judge_again(self, windows: Iterable[OpenWindow], stream_time: int) -> WindowQuery[None]:
        """Judge closed windows again whose sums stay the same."""
        changed = [self._with_slots(each) for each in windows]
        if changed:
            self._rejudge(changed, (yield changed), stream_time)
        self.judge_changed_runs(stream_time)

    def reopen(
        self, windows: Sequence[OpenWindow], slot: Slot, stream_time: int
    ) -> WindowQuery[None]:
        """Count a late reading of ``slot`` for closed windows, and judge them again."""
        changed = []
        for each in windows:
            slot.late[each.kind] += 1
            if self._suspicion is not None and each.kind == WHOLE_DAY:
                self._suspicion.reopen_day(each.start, each.end)
            changed.append(self._with_slots(each))
        summaries = yield changed
        for window, summary in zip(changed, summaries, strict=True):
            self._note_flow(window, summary)
        self._rejudge(changed, summaries, stream_time)
        for window, summary in zip(changed, summaries, strict=True):
            place = window.kind, window.start
            self._reopened[place] = ReopenedWindow(window, summary, stream_time)

    def judge_changed_runs(self, stream_time: int) -> None:
        """Judge the runs whose windows have changed, if there are any."""
        if self.runs.changed:
            with self._context.publisher.by_data():
                self._judge_runs_at(stream_time)

    def publish_reopened(self) -> None:
        """Publish the last revision of every re-opened window."""
        for window, summary, stream_time in self._reopened.values():
            self._context.findings.means += self._windows.means(
                self._source.entry, window, summary, stream_time
            )
        self._reopened.clear()
        self.runs.changed.clear()  # runs were judged with each change; here is nothing new

    def _rejudge(self, windows: Sequence[Window], summaries: Summaries, stream_time: int) -> None:
        with self._context.publisher.by_data():
            for window, summary in zip(windows, summaries, strict=True):
                self._windows.means(
                    self._source.entry, window, summary, stream_time, judged_only=True
                )
                self.runs.count_hour(self._source.entry, window, stream_time)

    def _judge_runs(self, log: StreamTimes, upto: int) -> None:
        """Close runs where stream time alone does so, at the positions before ``upto``."""
        while self._runs_since < upto and self.runs.due <= log.times[upto - 1]:
            at = log.first_at(self.runs.due, self._runs_since)
            self._judge_runs_at(log.times[at])
            self._runs_since = at + 1

    def _judge_runs_at(self, stream_time: int) -> None:
        self.runs.judge(self._source.entry, stream_time)
        self._source.changed = True

    def _note_flow(self, window: Window, summary: dict[str, SeriesSummary]) -> None:
        """Keep the mean flow of an hour, where the source measures any."""
        key = self._source.entry.flow_key
        if key is not None and window.kind == ONE_HOUR:
            series = summary.get(key)
            self._source.flow.note(window.start, None if series is None else series.raw_value)

    def _with_slots(self, each: OpenWindow) -> Window:
        slots = self._source.hours.slots_in(each.start, each.end)
        return Window(each.kind, each.start, each.end, slots)
