"""Tells the operator of one source what is about to happen, each thing once.

It looks where the engine looks anyway: at the end of each slot in which a value reached what a rule
compares with, at each hour that closes, and at gaps when they have changed or a term nears its end.
What was told is saved beside the source, so the same log tells the same advice, however it is cut
into batches and whatever is started anew. One file, although a long one: all that is told of a
source is remembered in one state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from streams.core.advice.exceeding import (
    Outlook,
    Remainder,
    SoFar,
    is_bounded,
    judged_limit,
    outlook,
)
from streams.core.advice.reminders import Gap, Outage, Reminder, reminders_of
from streams.core.engine.tracked_source import TrackedSource
from streams.core.judging.context import Context
from streams.core.judging.evaluator import WindowEvaluator
from streams.core.judging.violation import WITHDRAWN
from streams.core.records.advice import EXCEEDING, MARK_NOTICE, Advice, advice_id
from streams.core.records.findings import WindowMean
from streams.core.sources.notices import NoticeHistory
from streams.core.state.advice import AdviceState, decode_advice, encode_advice
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.interval import BEGINNING, FOREVER, Interval
from streams.core.time.window_kinds import ONE_HOUR, THIRTY, TWENTY, WHOLE_DAY, WINDOW_KINDS
from streams.core.windows.assigner import WindowAssignment
from streams.core.windows.mean import VALID, SeriesSummary, Window, excused_time
from streams.core.windows.summarise import WindowQuery

SHORT_WINDOWS: Final = (TWENTY, THIRTY, ONE_HOUR)
"""Kinds of windows that are looked at by slot; a day is by hour."""


class AdviceTracker:
    """Tracks what there is to tell of one source; ``due`` is the next stream time it looks at."""

    def __init__(
        self,
        context: Context,
        source: TrackedSource,
        notices: NoticeHistory,
        key: str,
        saved: UncommittedState,
    ) -> None:
        """``key``: that of its state, saved beside the source's."""
        self._context = context
        self._source = source
        self._notices = notices
        self._key = key
        self._saved = saved
        encoded = saved.get(key)
        self._state = AdviceState() if encoded is None else decode_advice(encoded)
        self._changed = False
        self._foreseen = context.index.foreseen
        self._kinds = [kind for kind in SHORT_WINDOWS if self._foreseen[kind]]
        self._due = FOREVER

    @property
    def due(self) -> int:
        """The next stream time (ms) at which there is something to tell of a gap."""
        return FOREVER if self._source.struck_off else self._due

    @property
    def slot_end(self) -> int:
        """Before a reading of this time (ms) or later is counted, a slot is to be looked at."""
        return self._state.slot_end

    def note(self, assigned: WindowAssignment) -> None:
        """Have a slot looked at in which a value reached what a rule compares with."""
        state = self._state
        if state.slot_end == FOREVER or assigned.start > state.slot_start:
            state.slot_start, state.slot_end = assigned.start, assigned.end
            self._changed = True

    def look_at_slot(self, since: int, stream_time: int) -> WindowQuery[None]:
        """Foresee the open windows of the slot that waits, before a reading of ``since`` counts."""
        state, source = self._state, self._source
        start, end = state.slot_start, state.slot_end
        state.slot_end = FOREVER
        self._changed = True
        entry, hours = source.entry, source.hours
        if entry.test or source.struck_off:
            return
        asked: list[Window] = []
        for kind in self._kinds:
            first, last = entry.window(kind, start)
            if max(stream_time, since) < last:
                asked.append(Window(kind, first, last, hours.slots_in(first, last)))
                asked.append(Window(kind, start, end, hours.slots_in(start, end)))
        if not asked:
            return
        found = yield asked
        for at in range(0, len(asked), 2):
            self._foresee(asked[at], found[at], found[at + 1], since, stream_time)

    def _foresee(
        self,
        window: Window,
        so_far: dict[str, SeriesSummary],
        level: dict[str, SeriesSummary],
        since: int,
        stream_time: int,
    ) -> None:
        """Foresee the series of an open window, of which the time from ``since`` is missing."""
        plans = self._source.entry.plan(window.start)
        place = window.start, window.end
        for key, series in so_far.items():
            present = level.get(key)
            judged = judged_limit(plans, key, window.kind)
            if judged is None or present is None:
                continue
            if series.value is None or present.value is None:
                continue
            known = SoFar(series.value, series.valid_time)
            for evaluator in self._foreseen[window.kind].get(judged[1], ()):
                self._tell_of_window(
                    evaluator, window.kind, place, key, known, present.value, since, stream_time
                )

    def close_hour(self, window: Window, means: Iterable[WindowMean], stream_time: int) -> None:
        """Count an hour that has closed for its day, and foresee the day."""
        foreseen = self._foreseen[WHOLE_DAY]
        if not foreseen or self._source.entry.test:
            return
        state = self._state
        if window.start >= state.day_end:
            state.day_start, state.day_end = self._source.entry.window(WHOLE_DAY, window.start)
            state.totals = {}
            self._changed = True
        if not state.day_start <= window.start < state.day_end:
            return
        for mean in means:
            limit, value = mean.limit, mean.value
            if limit is None or value is None or mean.unit not in foreseen:
                continue
            key, valid = f"{mean.parameter}|{mean.unit}", mean.valid_s * 1000
            total, time = state.totals.get(key, (0.0, 0))
            total, time = total + value * valid, time + valid
            state.totals[key] = total, time
            self._changed = True
            if mean.status != VALID or stream_time >= state.day_end or not time:
                continue
            for evaluator in foreseen[mean.unit]:
                if value >= (evaluator.least(limit) or 0.0):
                    self._tell_of_window(
                        evaluator,
                        WHOLE_DAY,
                        (state.day_start, state.day_end),
                        key,
                        SoFar(total / time, time),
                        value,
                        window.end,
                        stream_time,
                    )

    def _tell_of_window(
        self,
        evaluator: WindowEvaluator[Any],
        kind: int,
        window: Interval,
        key: str,
        so_far: SoFar,
        level: float,
        since: int,
        stream_time: int,
    ) -> None:
        """Tell that a window is about to meet a rule, if it is and was not told of."""
        entry, rule = self._source.entry, evaluator.rule
        start, end = window
        name = WINDOW_KINDS[kind].name
        told_as = f"{rule.code}|{name}|{key}"
        plans = entry.plan(start)
        judged = judged_limit(plans, key, kind)
        if judged is None or start <= self._state.told.get(told_as, BEGINNING):
            return
        if not (rule.in_force(start, entry.zone) and evaluator.owns(start, entry.zone)):
            return
        parameter, unit, limit = judged
        least = evaluator.least(limit.value)
        if least is None:
            return
        stops = self._source.state.stoppages
        rest = Remainder(
            level,
            end - since - excused_time((since, end), entry, stops),
            end - start - excused_time(window, entry, stops),
        )
        seen = outlook(kind, end - start, so_far, rest, least, bounded=is_bounded(plans, key))
        if seen is None:
            return
        self._state.told[told_as] = start
        self._changed = True
        self._context.findings.advice.append(
            self._about_window(
                evaluator, name, window, parameter, unit, so_far, limit.value, least, seen,
                stream_time,
            )
        )  # fmt: skip

    def _about_window(
        self,
        evaluator: WindowEvaluator[Any],
        name: str,
        window: Interval,
        parameter: str,
        unit: str,
        so_far: SoFar,
        limit: float,
        least: float,
        seen: Outlook,
        stream_time: int,
    ) -> Advice:
        entry, rule = self._source.entry, evaluator.rule
        start, end = window
        return Advice(
            id=advice_id(EXCEEDING, rule.code, entry.id, f"{parameter}|{unit}", name, start),
            kind=EXCEEDING,
            bin=entry.enterprise.bin,
            source_id=entry.id,
            parameter=parameter,
            unit=unit,
            rule=rule.code,
            window=name,
            term=None,
            start=start,
            end=end,
            value=so_far.mean,
            limit=limit,
            reached_from=least,
            expected=seen.expected,
            stay_below=seen.stay_below,
            certain=seen.certain,
            due=end,
            left_s=(end - stream_time) // 1000,
            basis="",
            rule_set=self._context.rule_set,
            told_at=stream_time,
        )

    def follow_gaps(self, stream_time: int) -> None:
        """Tell what is due of the gaps as they are now, and note when to look again."""
        self._due = FOREVER
        source = self._source
        if source.entry.test or source.struck_off or not source.state.gaps:
            return
        entry, policy = source.entry, self._context.policy
        gaps = [
            Gap(each.parameter, each.start, each.end)
            for each in source.state.gaps.values()
            if each.status != WITHDRAWN
        ]
        for gap in sorted(gaps, key=lambda each: (each.start, each.parameter or "")):
            for each in reminders_of(gap, entry, policy, self._outage(gap)):
                told_as = f"{each.kind}|{each.of}|{gap.parameter or ''}"
                told = self._state.told.get(told_as, BEGINNING)
                if each.start <= told or stream_time >= each.until:
                    continue
                if each.at > stream_time:
                    self._due = min(self._due, each.at)
                elif not (each.term == MARK_NOTICE and self._is_marked(gap, stream_time)):
                    self._state.told[told_as] = each.start
                    self._changed = True
                    self._tell_of_gap(gap, each, stream_time)

    def _outage(self, gap: Gap) -> Outage | None:
        """Return the rule that judges a silence by its length, if one is in force."""
        if gap.parameter is not None:
            return None
        zone = self._source.entry.zone
        for evaluator in self._context.index.silences:
            limit, rule = evaluator.limit(self._context.policy), evaluator.rule
            if limit is not None and rule.in_force(gap.start, zone):
                return Outage(rule.code, limit)
        return None

    def _is_marked(self, gap: Gap, stream_time: int) -> bool:
        """Tell whether a mark says something of where a gap of a channel begins."""
        entry = self._source.entry
        period = entry.cadence_s * 1000
        first = gap.start // period * period
        return any(
            mark.parameter in (None, gap.parameter) and mark.covers(first, first + period)
            for mark in self._notices.marks(entry, stream_time, gap.start)
        )

    def _tell_of_gap(self, gap: Gap, told: Reminder, stream_time: int) -> None:
        entry = self._source.entry
        silent = told.term is None
        self._context.findings.advice.append(
            Advice(
                id=advice_id(told.kind, told.of, entry.id, gap.parameter, None, told.start),
                kind=told.kind,
                bin=entry.enterprise.bin,
                source_id=entry.id,
                parameter=gap.parameter,
                unit="s" if silent else None,
                rule=told.rule,
                window=None,
                term=told.term,
                start=told.start,
                end=gap.end,
                value=(stream_time - told.start) / 1000 if silent else None,
                limit=None if told.limit is None else told.limit / 1000,
                reached_from=None,
                expected=None,
                stay_below=None,
                certain=False,
                due=told.until,
                left_s=(told.until - stream_time) // 1000,
                basis=told.basis,
                rule_set=self._context.rule_set,
                told_at=stream_time,
            )
        )

    def save(self) -> Iterator[tuple[str, bytes | None]]:
        """Encode what has changed since the last call, by key of the state."""
        if self._changed:
            self._changed = False
            encoded = encode_advice(self._state)
            self._saved.put(self._key, encoded)
            yield self._key, encoded
