"""Processes the readings of one source along the log of its partition.

What the source publishes after a record depends on the records up to it and on nothing else, so
batches may be cut anywhere. Time is driven here: before each reading, everything that stream time
alone brings about (windows that close, silences that become gaps, state that becomes final).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.core.engine.admission import Admission
from streams.core.engine.advice import AdviceTracker
from streams.core.engine.authentication import Authentication
from streams.core.engine.closed_windows import ClosedWindows
from streams.core.engine.preparation import ReadingSpan
from streams.core.engine.remarking import Remark, Remarking
from streams.core.engine.retention import evict, has_expired
from streams.core.engine.roots import RootTracker
from streams.core.engine.signed_readings import SignedReading
from streams.core.engine.silence import SilenceTracker
from streams.core.engine.software import SoftwareTracker
from streams.core.engine.stream_time import StreamTimes
from streams.core.engine.suspicion import SuspicionTracker
from streams.core.engine.tracked_source import TrackedSource
from streams.core.engine.transmission import Transmission, transmission
from streams.core.judging.context import Context
from streams.core.judging.devices import DeviceJudge
from streams.core.quality.authenticity import Signatures
from streams.core.quality.rejection import Rejection
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import FOREVER, HOUR
from streams.core.windows.pending_sums import PendingSums
from streams.core.windows.summarise import WindowQuery


class SourceProcessor:
    """Processes one source of one partition; ``due`` is the stream time it next wants to see."""

    def __init__(
        self,
        context: Context,
        source: TrackedSource,
        pending: PendingSums,
        roots: RootTracker,
        suspicion: SuspicionTracker | None = None,
        signatures: Signatures | None = None,
        advice: AdviceTracker | None = None,
    ) -> None:
        self._context = context
        self._source = source
        self._roots = roots
        self._suspicion = suspicion
        self._advice = advice
        self._closed = ClosedWindows(context, source, suspicion, advice)
        self._silence = SilenceTracker(context, source, advice)
        self._devices = DeviceJudge(context, source.state, source.hours)
        self._software = SoftwareTracker(context, source)
        self._authentication = Authentication(context, source, signatures)
        self._admission = Admission(
            context,
            source,
            pending,
            self._closed,
            self._silence,
            self._devices,
            self._software,
            self._authentication,
            roots,
            advice,
        )
        self.remarking = Remarking(context, source, pending, self._closed, self._silence)
        self._evicted_in = 0  # the hour of stream time in which state was last evicted

    @property
    def registered(self) -> SourceEntry | None:
        """The registration in force, None once the source was struck off."""
        return self._source.registered

    @property
    def entry(self) -> SourceEntry:
        """The registration by which it is judged, the last one if it was struck off."""
        return self._source.entry

    @property
    def due(self) -> int:
        """The next stream time at which time alone makes a difference."""
        return min(self._due, self._closed.runs.due)

    @property
    def _due(self) -> int:
        return min(
            self._source.open_windows.due,
            self._silence.due,
            self._devices_due,
            self._software.due,
            self._roots.due,
            self._settling_due,
            self._advice_due,
        )

    @property
    def _devices_due(self) -> int:
        return FOREVER if self._source.struck_off else self._devices.due

    @property
    def _settling_due(self) -> int:
        return FOREVER if self._suspicion is None else self._suspicion.due

    def silence(self, now: int) -> int | None:
        """Return how long there has been no reading at ``now``, without excused time (ms).

        None where none is due at ``now``.
        """
        return self._silence.length(now)

    def transmission(self, starts: Sequence[int]) -> Transmission:
        """Count the 20-minute values that were due of the intervals from ``starts`` (ms) on."""
        return transmission(self._source, self._silence.expected_since, starts)

    @property
    def _advice_due(self) -> int:
        return FOREVER if self._advice is None else self._advice.due

    @property
    def unsaved(self) -> int:
        """How many hours have changed since the last `save`."""
        return self._source.hours.unsaved

    def register(self, entry: SourceEntry, stream_time: int) -> None:
        """Go on under a new registration; closed windows are not judged again for it."""
        self.publish_reopened()
        self._source.entry = entry
        self._source.struck_off = False
        self._admission.register()
        self._silence.restart(stream_time)
        self._devices.restart(stream_time)
        self._software.register()

    def strike_off(self) -> None:
        """Go on without a registration: accepted readings are judged, silence no more."""
        self._source.struck_off = True
        self._software.register()

    def process(
        self,
        log: StreamTimes,
        since: int,
        spans: Sequence[ReadingSpan],
        remarks: Sequence[Remark] = (),
        signed: Sequence[SignedReading] = (),
    ) -> WindowQuery[list[tuple[int, Rejection]]]:
        """Process the log from position ``since`` to the end of ``log``, with these readings.

        ``remarks`` are counted anew first, as of the first position of ``log``; ``signed`` are all
        readings of the source in the log that are asked for signatures.
        Returns the position of every reading that was not admitted, and why (``DUPLICATE`` or the
        reason of its dead letter).
        """
        self._closed.start_at(since)
        if remarks:
            # Nothing is evicted before: where stream time jumps, a mark in time may be about
            # readings that are final afterwards.
            yield from self._advance_time(log, since, log.start + 1, evict=False)
            yield from self._closed.judge(log, log.start + 1)
            since = max(since, log.start + 1)
        for remark in remarks:
            now, offset = log.times[log.start], log.records[log.start].offset
            yield from self.remarking.count_anew(remark, now, offset)
        self._authentication.take(log, signed)
        refused: list[tuple[int, Rejection]] = []
        advice = self._advice
        for span in spans:
            readings, at = span.readings, span.start
            positions = readings.positions
            while at < span.end:
                position = positions[at]
                if self._due <= log.times[position]:
                    yield from self._advance_time(log, since, position + 1)
                if advice is not None and readings.measured_at[at] >= advice.slot_end:
                    yield from advice.look_at_slot(readings.measured_at[at], log.times[position])
                end = self._admission.admit_run(log, span, at)
                if end == at:
                    refusal = yield from self._admission.admit_one(log, span, at)
                    if refusal is not None:
                        refused.append((position, refusal))
                    end += 1
                since = positions[end - 1] + 1
                at = end
        if self._due <= log.times[log.end - 1]:
            yield from self._advance_time(log, since, log.end)
        yield from self._closed.judge(log, log.end)
        self._roots.hash_taken()
        self._source.release_hours(log.times[log.end - 1])
        return refused

    def _advance_time(
        self, log: StreamTimes, since: int, upto: int, *, evict: bool = True
    ) -> WindowQuery[None]:
        """Do what stream time alone brings about at the positions before ``upto``.

        Silence and devices are judged from ``since`` on. A window may close at a position below
        ``since``: the readings that were admitted as one run meanwhile are of later slots.
        """
        open_windows, latest = self._source.open_windows, log.times[upto - 1]
        while True:
            closing = silence = devices = software = settling = roots = advice = log.end
            if open_windows.due <= latest:
                closing = log.first_at(open_windows.due, log.start)
            if since < upto and self._silence.due <= latest:
                silence = log.first_at(self._silence.due, since)
            if since < upto and self._devices_due <= latest:
                devices = log.first_at(self._devices_due, since)
            if since < upto and self._software.due <= latest:
                software = log.first_at(self._software.due, since)
            if self._roots.due <= latest:
                roots = log.first_at(self._roots.due, log.start)
            if self._advice_due <= latest:
                advice = log.first_at(self._advice_due, log.start)
            if since < upto and self._settling_due <= latest:
                settling = log.first_at(self._settling_due, since)
            at = min(closing, silence, devices, software, roots, settling, advice)
            if at >= upto:
                return
            now = log.times[at]
            self._closed.add(at, open_windows.close(now))
            if at == silence:
                self._silence.advance(now, log.records[at].offset)
            if at == devices:
                self._devices.judge(self._source.entry, now)
                self._source.changed = True
            if at == software:
                self._software.settle(now)
            if at == roots:
                self._roots.settle(now)
            if at == advice and self._advice is not None and self._advice.due <= now:
                self._advice.follow_gaps(now)
            if at in (silence, devices):
                since = at + 1
            if self._suspicion is not None and self._suspicion.due <= now:
                self._suspicion.settle(now)
            if evict and now // HOUR > self._evicted_in:
                yield from self._evict(log, at)

    def _evict(self, log: StreamTimes, at: int) -> WindowQuery[None]:
        """Evict what is final; once in an hour of stream time, so that no batch decides when."""
        source, now = self._source, log.times[at]
        self._evicted_in = now // HOUR
        horizon = self._evicted_in * HOUR - self._context.policy.max_lateness
        if not has_expired(source.state, source.hours, horizon):
            return
        yield from self._closed.judge(log, at + 1)
        self.publish_reopened()
        self._silence.close()
        runs = self._closed.runs
        if evict(source.entry, source.state, source.hours, runs, horizon, now):
            source.changed = True

    def publish_reopened(self) -> None:
        """Publish the last revision of the windows that late readings re-opened."""
        self._closed.publish_reopened()

    def publish_roots(self) -> None:
        """Publish the last revision of the roots of days that have changed."""
        self._roots.publish()

    def save(self, stream_time: int) -> Iterator[tuple[str, bytes | None]]:
        """Encode what has changed since the last call; no closed window may wait to be judged."""
        self.publish_reopened()
        self._silence.write_back()
        yield from self._source.save(stream_time)
        yield from self._roots.save()
        if self._suspicion is not None:
            yield from self._suspicion.save()
        if self._advice is not None:
            yield from self._advice.save()
