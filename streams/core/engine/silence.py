"""Tracks what the readings of a source cover, and has the silences between them judged."""

from __future__ import annotations

from streams.core.engine.advice import AdviceTracker
from streams.core.engine.batch import AssessedBatch
from streams.core.engine.tracked_source import TrackedSource
from streams.core.gaps.coverage import Coverage
from streams.core.gaps.gap import add_coverage
from streams.core.judging.context import Context
from streams.core.judging.silence import SOURCE_ITSELF, GapDetector
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import FOREVER, union_of


class SilenceTracker:
    """Covers time with readings, and judges the gaps of the source and of its channels."""

    def __init__(
        self, context: Context, source: TrackedSource, advice: AdviceTracker | None = None
    ) -> None:
        """``advice`` is to hear of every judgement; None: nobody is told."""
        self._advice = advice
        self._source = source
        self._coverage = Coverage()
        self._gaps = GapDetector(context, source.state, source.hours)
        self._publisher = context.publisher

    @property
    def due(self) -> int:
        """The next stream time at which silence alone makes a difference."""
        return FOREVER if self._source.struck_off else self._gaps.due

    def length(self, now: int) -> int | None:
        """Return how long the silence at ``now`` is, without excused time (ms).

        None where no reading is due at ``now``.
        """
        if self._source.struck_off:
            return None
        self._coverage.write_back()
        return self._gaps.silence(self._source.entry, now)

    @property
    def expected_since(self) -> int | None:
        """From when on readings are due (ms); None where none is."""
        return self._gaps.expected_since(self._source.entry)

    def restart(self, stream_time: int) -> None:
        """Judge all silences again at ``stream_time``, under a new registration."""
        self._coverage.close()
        self._gaps.restart(stream_time)

    def extend(self, entry: SourceEntry, start: int, end: int) -> bool:
        """Cover ``[start, end)``; False, and nothing done, unless it only prolongs every run."""
        return self._coverage.extend(entry, start, end)

    def cover(self, readings: AssessedBatch, at: int, entry: SourceEntry, stream_time: int) -> bool:
        """Cover the interval of any reading; True if the silences may have changed."""
        self._coverage.close()
        start = readings.measured_at[at]
        end = start + readings.period_s * 1000
        complete = readings.complete[at]
        state, lasting = self._source.state, self._gaps.lasting
        # A long silence of the source is cut out of those of its channels: where late readings
        # shorten it, the gaps of channels that they lack change too.
        cut = bool(state.covered) and stream_time - state.covered[-1][1] > entry.gap_after
        changed = cut and not complete
        changed |= add_coverage(state.covered, start, end) or SOURCE_ITSELF in lasting
        if state.first_reading is None or start < state.first_reading:
            state.first_reading = start
            changed = True
        valid = readings.valid_pollutants(at)
        for parameter in valid:
            runs = state.covered_channels.get(parameter)
            if runs is None:
                runs = state.covered_channels[parameter] = []
            changed |= add_coverage(runs, start, end) or parameter in lasting
        if complete and not changed and not lasting:
            self._coverage.begin(
                entry, [state.covered, *map(state.covered_channels.__getitem__, valid)]
            )
        return changed

    def add_stoppage(self, start: int, end: int) -> None:
        """Exempt ``[start, end)``: a reading reports that the source did not operate normally."""
        stops = self._source.state.stoppages
        if stops and stops[-1][0] <= start <= stops[-1][1]:
            stops[-1] = (stops[-1][0], max(stops[-1][1], end))
        else:
            stops[:] = union_of([*stops, (start, end)])

    def advance(self, stream_time: int, offset: int) -> None:
        """Judge silence where time alone may have made a gap; ``offset`` is the record's."""
        self._coverage.write_back()
        if not self._gaps.postpone(self._source.entry, stream_time):
            self._judge(stream_time, offset)

    def judge(self, stream_time: int, offset: int) -> None:
        """Judge all silences after data that came; ``offset`` is that of their record."""
        with self._publisher.by_data():
            self._judge(stream_time, offset)

    def _judge(self, stream_time: int, offset: int) -> None:
        if not self._source.struck_off:
            self._coverage.close()
            self._gaps.judge(self._source.entry, stream_time, offset)
            if self._advice is not None:
                self._advice.follow_gaps(stream_time)
            self._source.changed = True

    def write_back(self) -> None:
        """Bring the covered runs of the state up to date."""
        self._coverage.write_back()

    def close(self) -> None:
        """Bring the covered runs up to date, and let others change them."""
        self._coverage.close()
