"""The sources of one partition: started and registered as the registry says, saved together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from streams.core.engine.advice import AdviceTracker
from streams.core.engine.preparation import ReadingSpan
from streams.core.engine.remarking import Remark
from streams.core.engine.roots import RootTracker
from streams.core.engine.signed_readings import SignedReading
from streams.core.engine.source import SourceProcessor
from streams.core.engine.stream_time import StreamTimes
from streams.core.engine.suspicion import SuspicionTracker
from streams.core.engine.tracked_source import TrackedSource
from streams.core.engine.transmission import Transmission, last_intervals
from streams.core.judging.context import Context
from streams.core.quality.authenticity import Signatures
from streams.core.quality.rejection import Rejection
from streams.core.records.partitioning import Share
from streams.core.sources.history import RegistryHistory
from streams.core.sources.source import SourceEntry
from streams.core.state.flow_hours import FlowHours
from streams.core.state.hours import Hours, starts_by_source
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.timers import Timers
from streams.core.windows.pending_sums import PendingSums
from streams.core.windows.summarise import WindowQuery, run_batched

_SLOTS_SUMMED_AT_ONCE = 40_000
"""Slots of the windows that are summed in one call: the days of some 280 sources, or the hours of
a nation's; it bounds how many slots are decoded at a time."""


class PartitionSources:
    """Runs the processor of each source of one partition; ``prefix`` begins its state keys."""

    def __init__(
        self,
        context: Context,
        registry: RegistryHistory,
        share: Share,
        prefix: str,
        saved: UncommittedState,
        saved_keys: Iterable[str],
        signatures: Signatures | None,
    ) -> None:
        self._signatures = signatures
        self._context = context
        self._registry = registry
        self._share = share
        self._prefix = prefix
        self._saved = saved
        self._hour_starts = starts_by_source(saved_keys, f"{prefix}hour/")
        self._flow_days = starts_by_source(saved_keys, f"{prefix}flow/")
        self._pending = PendingSums()
        self._timers = Timers()
        self._processors: dict[str, SourceProcessor] = {}
        self._remarks: dict[str, list[Remark]] = {}  # to be counted anew in the next span
        self._in_batch: set[str] = set()  # processed by the batch in work
        self._unsaved: set[str] = set()  # and by earlier ones, since the state was saved

    def __len__(self) -> int:
        """Count the sources that have a processor."""
        return len(self._processors)

    @property
    def unsaved_hours(self) -> int:
        """Hours that have changed since the state was saved; they are in memory."""
        return sum(self._processors[source_id].unsaved for source_id in self._unsaved)

    def silences(self, now: int) -> list[int]:
        """Return for each source of which readings are due at ``now`` how long it is silent, ms.

        Excused time does not count: a source that is excused at ``now`` is left out.
        """
        found = (processor.silence(now) for processor in self._processors.values())
        return [each for each in found if each is not None]

    def transmissions(self, now: int) -> dict[str, Transmission]:
        """Count the 20-minute values of the last hour before ``now`` (ms), by region."""
        starts = last_intervals(now, self._context.policy.grace)
        found: dict[str, Transmission] = {}
        for processor in self._processors.values():
            due, received = processor.transmission(starts)
            if due:
                region = processor.entry.enterprise.region
                before = found.get(region, Transmission(0, 0))
                found[region] = Transmission(before.due + due, before.received + received)
        return found

    def follow_registry(self, now: int) -> None:
        """Start, register and strike off sources as registered at stream time ``now``."""
        for source_id in self._registry.source_ids():
            if not self._share.has(source_id):
                continue  # it may have state here, from another number of partitions: left alone
            self._follow(source_id, now)

    def _follow(self, source_id: str, now: int) -> None:
        entry = self._registry.source(source_id, now)
        processor = self._processors.get(source_id)
        if entry is None:
            # Judged on as a new start would, also where no record saw its last registration.
            last = self._registry.last_source(source_id, now)
            if processor is not None:
                if last is not None and processor.entry is not last:
                    processor.register(last, now)
                    self._in_batch.add(source_id)
                processor.strike_off()
                self._timers.schedule(source_id, processor.due)
            elif self._has_state(source_id) and last is not None:
                self._start(last, now)
        elif processor is not None:
            if processor.registered is not entry:
                processor.register(entry, now)
                self._in_batch.add(source_id)
                self._timers.schedule(source_id, processor.due)
        elif self._has_state(source_id) or not entry.test:
            self._start(entry, now)

    def ready(self, source_id: str, now: int) -> SourceProcessor | None:
        """Return the processor of a source, started if it has state; None without either."""
        processor = self._processors.get(source_id)
        if processor is None and self._has_state(source_id):
            entry = self._registry.source(source_id, now)
            entry = entry or self._registry.last_source(source_id, now)
            processor = None if entry is None else self._start(entry, now)
        return processor

    def remark(self, source_id: str, remark: Remark) -> None:
        """Have readings of a source that has a processor counted anew, with the next span."""
        self._remarks.setdefault(source_id, []).append(remark)

    def follow_notice(self, source_id: str, now: int) -> None:
        """Let notices that have arrived by ``now`` excuse their source, if they do."""
        if source_id in self._processors:
            self._follow(source_id, now)

    def process(
        self,
        log: StreamTimes,
        readings: Mapping[str, Sequence[ReadingSpan]],
        signed: Mapping[str, Sequence[SignedReading]],
    ) -> Iterable[tuple[int, str, Rejection]]:
        """Process a span of the log, source by source: those with readings or a timer due.

        ``signed`` are the readings that are asked for signatures, also such as are refused already.
        Yields the position, the source and the reason of every reading that was not admitted.
        """
        remarks, self._remarks = self._remarks, {}
        names = dict.fromkeys([*remarks, *readings, *signed])
        for _, name in self._timers.expired(log.times[log.end - 1]):
            names[name] = None
        works = (
            (
                name,
                self._work(
                    name, log, readings.get(name, ()), remarks.get(name, ()), signed.get(name, ())
                ),
            )
            for name in names
        )
        for name, rejections in run_batched(works, self._pending, _SLOTS_SUMMED_AT_ONCE):
            self._in_batch.add(name)
            self._timers.schedule(name, self._processors[name].due)
            for position, rejection in rejections:
                yield position, name, rejection

    def _work(
        self,
        name: str,
        log: StreamTimes,
        spans: Sequence[ReadingSpan],
        remarks: Sequence[Remark],
        signed: Sequence[SignedReading],
    ) -> WindowQuery[list[tuple[int, Rejection]]]:
        processor, since = self._processors.get(name), log.start
        if processor is None:  # struck off by now, and was registered when they arrived
            first = spans[0] if spans else signed[0]
            since = first.position + 1
            processor = self._start(first.entry, log.times[since - 1])
        return processor.process(log, since, spans, remarks, signed)

    def _has_state(self, source_id: str) -> bool:
        return f"{self._prefix}source/{source_id}" in self._saved

    def _start(self, entry: SourceEntry, now: int) -> SourceProcessor:
        """Start a source from its state, as registered at ``now`` or, struck off, as ``entry``."""
        current = self._registry.source(entry.id, now)
        hours = Hours(
            f"{self._prefix}hour/{entry.id}/",
            self._saved,
            self._hour_starts.pop(entry.id, []),
            self._pending,
        )
        state_key = f"{self._prefix}source/{entry.id}"
        flow = FlowHours(
            f"{self._prefix}flow/{entry.id}/", self._saved, self._flow_days.pop(entry.id, ())
        )
        source = TrackedSource(
            current or entry,
            state_key,
            self._saved,
            hours,
            flow,
            self._context.policy.max_lateness,
        )
        roots = RootTracker(self._context, source, f"{self._prefix}roots/{entry.id}", self._saved)
        processor = SourceProcessor(
            self._context,
            source,
            self._pending,
            roots,
            self._suspicion(source, entry.id),
            self._signatures,
            self._advice(source, entry.id),
        )
        self._processors[entry.id] = processor
        if current is None:
            processor.strike_off()
        self._timers.schedule(entry.id, processor.due)
        return processor

    def _suspicion(self, source: TrackedSource, source_id: str) -> SuspicionTracker | None:
        if not self._context.detectors:
            return None
        key = f"{self._prefix}detection/{source_id}"
        return SuspicionTracker(self._context, source, key, self._saved)

    def _advice(self, source: TrackedSource, source_id: str) -> AdviceTracker | None:
        if not self._context.advises:
            return None
        key = f"{self._prefix}advice/{source_id}"
        return AdviceTracker(self._context, source, self._registry.notices, key, self._saved)

    def end_batch(self) -> None:
        """Publish the last revision of what late readings of the batch re-opened, and roots."""
        for source_id in sorted(self._in_batch):
            self._processors[source_id].publish_reopened()
            self._processors[source_id].publish_roots()
        self._unsaved |= self._in_batch
        self._in_batch.clear()

    def save(self, stream_time: int) -> dict[str, bytes | None]:
        """Encode what has changed since the last call, by key of the state; None: deleted."""
        state: dict[str, bytes | None] = {}
        for source_id in sorted(self._unsaved):
            state.update(self._processors[source_id].save(stream_time))
        self._unsaved.clear()
        return state
