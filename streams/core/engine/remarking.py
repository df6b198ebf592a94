"""Counts readings of a source anew when a notice says something else of them.

Slots hold sums, from which no single reading can be taken. So the accepted readings of the slots
that an interval touches are read from the log again, assessed under the notices that are known
now, and summed anew; what they cover is laid out anew too, and windows that have closed are judged
again, each as one more revision. Evidence and duplicates stay as they were: the readings are the
same. Which raw readings were accepted, their digests in the state tell.

Where the log does not hold them any more, a mark or an excused period counts for the whole of the
slots that it touches: what else was in them cannot be told apart, and nobody is accused by readings
that nobody can read.

One file, although a long one: what is taken out of the state and what is put in its place must
follow each other, or a slot would be counted twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction
from operator import attrgetter
from typing import Final, NamedTuple

from schemas.reading import is_auxiliary
from streams.core.engine.batch import NORMAL, AssessedBatch
from streams.core.engine.closed_windows import ClosedWindows
from streams.core.engine.preparation import ReadingSpan
from streams.core.engine.silence import SilenceTracker
from streams.core.engine.tracked_source import TrackedSource
from streams.core.gaps.gap import MERGE_DISTANCE
from streams.core.judging.context import Context
from streams.core.law.quality_codes import EXCUSED, STATE, STATUS
from streams.core.sources.notices import Mark
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import BEGINNING, FOREVER, Interval, overlaps, union_of
from streams.core.time.window_kinds import WINDOW_KINDS
from streams.core.windows.open_windows import OpenWindow
from streams.core.windows.pending_sums import PendingSums
from streams.core.windows.slot import DIGEST_BYTES, SeriesSums, Slot
from streams.core.windows.slot_sums import CARRIED_ROW, empty_sums
from streams.core.windows.summarise import WindowQuery

LONGEST_PERIOD: Final = 3_600_000

_start = attrgetter("start")


class Accepted(NamedTuple):
    """An accepted reading: its place in an assessed batch, its interval (ms), its registration."""

    readings: AssessedBatch
    at: int
    start: int
    end: int
    entry: SourceEntry

    @property
    def interval(self) -> Interval:
        """The interval of the source's cadence under which its digest is kept."""
        period = self.end - self.start
        index = self.start // period
        return index * period, (index + 1) * period


class MissingReadingsError(RuntimeError):
    """Readings that must be counted anew were not supplied (`PartitionProcessor.wanted`)."""

    def __init__(self, source_id: str) -> None:
        super().__init__(f"readings of {source_id} that a notice is about were not read again")


class Remark(NamedTuple):
    """Intervals whose readings are to be counted anew, and those with their margin.

    The intervals are disjoint and in the order of time. ``marks`` are what notices say of the
    source now; readings with offsets below ``kept_from`` are not in the log any more. ``outages``
    are those of the intervals that change what was due, also where there is no reading.
    """

    intervals: list[Interval]
    spans: Sequence[ReadingSpan]
    marks: Sequence[Mark] = ()
    kept_from: int = 0
    outages: Sequence[Interval] = ()


class _Readings(NamedTuple):
    """The accepted readings of a remark, by what can be done with them.

    ``supplied``: those that were read again, by start. ``touched``: those of them that are counted
    anew. ``marked``: intervals of readings that nobody can read again and that a mark covers, each
    with the channels that it takes (none: all), ``stopped``: those of them in which it says that
    the source did not operate. ``kept``: those that nobody can read again and that stay as they
    were counted, with those around.
    """

    supplied: list[Accepted]
    touched: list[Accepted]
    marked: dict[Interval, frozenset[str]]
    stopped: list[Interval]
    kept: list[Interval]


def with_margin(interval: Interval) -> Interval:
    """Return the interval of the readings that are needed to lay out what one covers.

    Those before and after it within the distance at which runs are merged are among them.
    """
    margin = MERGE_DISTANCE + 2 * LONGEST_PERIOD
    return interval[0] - margin, interval[1] + margin


class Remarking:
    """Counts the readings of one source anew."""

    def __init__(
        self,
        context: Context,
        source: TrackedSource,
        pending: PendingSums,
        closed: ClosedWindows,
        silence: SilenceTracker,
    ) -> None:
        self._context = context
        self._source = source
        self._pending = pending
        self._closed = closed
        self._silence = silence

    def offsets(self, interval: Interval) -> Interval | None:
        """Return from which offset to before which one the readings of an interval lie."""
        slots = [slot for _, slot in self._slots(interval) if slot.readings]
        if not slots:
            return None
        first = min(slot.first_offset for slot in slots)
        return first, max(slot.last_offset for slot in slots) + 1

    def _slots(self, interval: Interval) -> Iterator[tuple[int, Slot]]:
        """Yield the slots that begin in an interval, in the order of time."""
        start, end = interval
        for _, hour in self._source.hours.between(start, end):
            for at in sorted(hour.slots):
                if start <= at < end:
                    yield at, hour.slots[at]

    def accepted(self, spans: Sequence[ReadingSpan]) -> list[Accepted]:
        """Select the readings that were accepted, each once, by start."""
        found: dict[tuple[int, int], Accepted] = {}
        hours = self._source.hours
        for span in spans:
            readings, clock = span.readings, span.entry.clock
            period = readings.period_s * 1000
            for at in range(span.start, span.end):
                start = readings.measured_at[at]
                index = start // period
                hour_start = hours.start_of(clock, index * period)
                hour = hours.get(hour_start)
                number = index - -(-hour_start // period)
                known = None if hour is None else hour.digest_at(readings.period_s, number)
                place = readings.period_s, index
                if known == readings.digests[at] and place not in found:
                    found[place] = Accepted(readings, at, start, start + period, span.entry)
        return sorted(
            found.values(), key=lambda each: (each.start, each.readings.positions[each.at])
        )

    def intervals(self, interval: Interval) -> list[Interval]:
        """List the intervals of accepted readings that meet one, by start, as digests are kept."""
        found = set()
        start, end = interval
        for hour_start, hour in self._source.hours.between(start - LONGEST_PERIOD, end):
            for period_s, digests in hour.digests.items():
                period = period_s * 1000
                first = -(-hour_start // period)
                for number in range(len(digests) // DIGEST_BYTES):
                    at = (first + number) * period
                    if at < end and at + period > start and hour.digest_at(period_s, number):
                        found.add((at, at + period))
        return sorted(found)

    def count_anew(self, remark: Remark, stream_time: int, offset: int) -> WindowQuery[None]:
        """Count the readings that meet the intervals as they are assessed now.

        ``offset`` is that of the record at which ``stream_time`` was reached. Raises
        `MissingReadingsError`.
        """
        # Of the slots beyond the margin not every reading was asked for.
        needed = union_of(map(with_margin, remark.intervals))
        supplied = [
            each
            for each in self.accepted(remark.spans)
            if overlaps(needed, (at := self._place(each.start, each.entry)[1]), at + 1)
        ]
        readings = self._sum_anew(remark, supplied)
        self._silence.close()
        for interval in remark.intervals:
            self._lay_out(readings, interval)
        reopened: dict[tuple[int, int], tuple[OpenWindow, Slot]] = {}
        touched = [*((each.start, each.end) for each in readings.touched), *readings.marked]
        touched += remark.outages
        for first, last in union_of(touched):
            for window in self._closed_windows(first, last, stream_time):
                place = window.kind, window.start
                slot = None if place in reopened else self._first_slot(window)
                if slot is not None:
                    reopened[place] = window, slot
        for _, (window, slot) in sorted(reopened.items()):
            yield from self._closed.reopen([window], slot, stream_time)
        self._closed.judge_changed_runs(stream_time)
        self._source.changed = True
        self._silence.judge(stream_time, offset)

    def _sum_anew(self, remark: Remark, supplied: list[Accepted]) -> _Readings:
        """Sum the slots of the touched readings from all their accepted readings."""
        self._pending.flush()
        found = _Readings(supplied, [], {}, [], [])
        known = {each.interval for each in supplied}
        touched: dict[Interval, list[Accepted]] = {}
        for one in supplied:
            if overlaps(remark.intervals, one.start, one.end):
                touched.setdefault(self._place(one.start, one.entry), []).append(one)
        lost: dict[Interval, list[Interval]] = {}
        for interval in remark.intervals:
            for each in self.intervals(interval):
                if each not in known:
                    lost.setdefault(self._place(each[0], self._source.entry), []).append(each)
        own: dict[Interval, list[Accepted]] = {place: [] for place in touched | lost}
        for one in supplied:
            if (place := self._place(one.start, one.entry)) in own:
                own[place].append(one)
        for place, readings in own.items():
            hour = self._source.hours.get(place[0])
            slot = None if hour is None else hour.slots.get(place[1])
            if slot is None:
                continue
            self._source.hours.for_update(place[0])
            if len(readings) < slot.readings:
                if slot.first_offset >= remark.kept_from:
                    raise MissingReadingsError(self._source.entry.id)
                intervals = [(each.start, each.end) for each in touched.get(place, ())]
                own_marks = [*remark.marks, *map(_excuse, self._source.entry.excused)]
                self._mark_whole(slot, intervals + lost.get(place, []), own_marks, found)
                continue
            slot.series_sums = []
            for one in readings:
                piece = slot.sums_for(one.readings.period_s, one.readings.layout)
                self._pending.defer(one.readings, one.at, one.at + 1, piece)
            found.touched.extend(touched.get(place, ()))
        found.touched.sort(key=_start)
        if remark.kept_from:
            for interval in union_of(map(with_margin, remark.intervals)):
                found.kept.extend(
                    each
                    for each in self.intervals(interval)
                    if each not in known and each not in found.marked
                )
        return found

    @staticmethod
    def _mark_whole(
        slot: Slot, intervals: Sequence[Interval], marks: Sequence[Mark], found: _Readings
    ) -> None:
        """Let a mark count for all of a slot whose readings are not in the log any more.

        Without one that stands, the slot stays as it was counted.
        """
        standing = [each for each in marks if any(each.covers(*one) for one in intervals)]
        if not standing:
            found.kept.extend(intervals)
            return
        for mark in standing:
            for piece in slot.series_sums:
                _mark_sums(piece, mark)
        names = [each.parameter for each in standing]
        whole = any(name is None or is_auxiliary(name) for name in names)
        channels = frozenset[str]() if whole else frozenset(name for name in names if name)
        for one in intervals:
            found.marked[one] = channels
            if any(each.state is not None and each.covers(*one) for each in standing):
                found.stopped.append(one)

    def _place(self, start: int, entry: SourceEntry) -> Interval:
        """Return the start of the hour and of the slot in which a reading is counted.

        They are those of the clock under which it arrived, as when it was admitted.
        """
        assigned = self._context.assigner.assign(start, entry, self._source.entry)
        return assigned.hour_start, assigned.start

    def _lay_out(self, readings: _Readings, interval: Interval) -> None:
        """Lay out stoppages and what the channels cover anew where readings were touched."""
        touched = _meeting(readings.touched, interval)
        marked = [each for each in readings.marked if overlaps([interval], *each)]
        own = sorted([*((each.start, each.end) for each in touched), *marked])
        if not own:
            return
        state = self._source.state
        near = _meeting(readings.supplied, with_margin(interval))
        stopped = [(each.start, each.end) for each in near if each.readings.state != NORMAL]
        stopped += [each for each in readings.stopped if each in marked]
        state.stoppages[:] = _united([*_without(state.stoppages, own), *stopped], 0)
        first, last = own[0][0], max(end for _, end in own)
        apart = [each for each in near if not overlaps([interval], each.start, each.end)]
        for parameter in self._source.entry.pollutants:
            runs = state.covered_channels.get(parameter)
            valid = [
                (each.start, each.end)
                for each in touched
                if parameter in each.readings.valid_pollutants(each.at)
            ]
            if runs is None:
                if not valid:
                    continue
                runs = state.covered_channels[parameter] = []
            beside = [
                (each.start, each.end)
                for each in apart
                if parameter in each.readings.valid_pollutants(each.at)
            ]
            # What cannot be read again and no mark covers stays as it was laid out.
            for each in readings.kept:
                if overlaps(runs, *each):
                    (valid if overlaps([interval], *each) else beside).append(each)
            for each in marked:
                taken = readings.marked[each]
                if taken and parameter not in taken and overlaps(runs, *each):
                    valid.append(each)
            cut = (
                max((end for start, end in beside if start < first), default=first),
                min((start for start, _ in beside if start > first), default=last),
            )
            kept = _without(runs, [cut]) if cut[0] < cut[1] else list(runs)
            runs[:] = _united([*kept, *valid], MERGE_DISTANCE)

    def _closed_windows(self, start: int, end: int, stream_time: int) -> Iterator[OpenWindow]:
        """Yield the windows that meet ``[start, end)`` and have closed."""
        entry = self._source.entry
        for kind in range(len(WINDOW_KINDS)):
            at = start
            while at < end:
                window = self._context.assigner.window(entry, kind, at)
                if window.closes <= stream_time:
                    yield window
                at = window.end

    def _first_slot(self, window: OpenWindow) -> Slot | None:
        """Return the first slot of a window with readings; None: it has no mean."""
        hours = self._source.hours
        for hour_start, hour in hours.between(window.start, window.end):
            for at in sorted(hour.slots):
                if window.start <= at < window.end and hour.slots[at].readings:
                    return hours.for_update(hour_start).slots[at]
        return None

    def is_whole(self, accepted: Sequence[Accepted], interval: Interval) -> bool:
        """Tell whether these are all readings of an interval that were ever accepted."""
        evicted = self._source.state.evicted_until
        known = {each.interval for each in accepted}
        return interval[0] >= evicted and known.issuperset(self.intervals(interval))

    def denies(self, accepted: Sequence[Accepted], interval: Interval) -> bool:
        """Tell whether the source operated in an interval that a mark says it did not.

        It did where the mean flow of the valid readings is at least half of the median of the
        hours of the 30 days before. ``accepted`` are the readings as the station sent them.
        """
        mean = self._mean_flow(accepted, interval)
        median = self._source.flow.median(interval[0])
        return mean is not None and median is not None and 2 * mean >= median

    def _mean_flow(self, accepted: Sequence[Accepted], interval: Interval) -> Fraction | None:
        total, count = Fraction(0), 0
        for each in _meeting(accepted, interval):
            value = each.readings.valid_value(each.at, self._source.entry.flow_key)
            if value is not None:
                total += Fraction(value)
                count += 1
        return total / count if count else None


def _excuse(interval: Interval) -> Mark:
    """Return an excused period as a mark on the whole source that leaves state and flag open."""
    return Mark("", *interval, BEGINNING, FOREVER, None, None, None)


def _code_of(mark: Mark) -> str:
    """Return the quality code that a mark gives to readings; `EXCUSED` for an excused period."""
    if mark.state is not None:
        return f"{STATE}{mark.state}"
    return EXCUSED if mark.flag is None else f"{STATUS}{mark.flag}"


def _mark_sums(piece: SeriesSums, mark: Mark) -> None:
    """Let a mark count for all readings in some sums: for the series of its channel, or for all.

    All series may rest on an auxiliary channel. A channel that no reading had takes nothing.
    """
    code = _code_of(mark)
    keys = piece.layout.keys
    marked = [at for at, key in enumerate(keys) if mark.parameter in (None, key.partition("|")[0])]
    if marked and mark.parameter is not None and is_auxiliary(mark.parameter):
        marked = list(range(len(keys)))
    none = empty_sums(1)[:, 0]
    for series in marked:
        carried = piece.sums[CARRIED_ROW, series]
        piece.sums[:, series] = none
        piece.sums[CARRIED_ROW, series] = carried
        piece.codes[series] = {code: int(carried)} if carried else {}
        for measured in (False, True):
            piece.overflow.pop((series, measured), None)


def _meeting(accepted: Sequence[Accepted], interval: Interval) -> list[Accepted]:
    """Select the readings that meet an interval, of some in the order of their starts."""
    first = bisect_left(accepted, interval[0] - LONGEST_PERIOD, key=_start)
    last = bisect_left(accepted, interval[1], key=_start)
    return [each for each in accepted[first:last] if each.end > interval[0]]


def _without(intervals: Sequence[Interval], cuts: Sequence[Interval]) -> list[Interval]:
    """Cut intervals out of others."""
    kept = list(intervals)
    for a, b in cuts:
        kept = [
            piece
            for start, end in kept
            for piece in ((start, min(end, a)), (max(start, b), end))
            if piece[0] < piece[1]
        ]
    return kept


def _united(intervals: Sequence[Interval], distance: int) -> list[Interval]:
    """Unite intervals that are at most ``distance`` apart."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1] + distance:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
