"""Processes the log of one partition of the readings topic: the entry of the judging code.

Stream time is the highest arrival time seen; nothing else tells the time. What is published after
a record depends on the log up to it, and not on how the log was cut into batches, how many
workers there are, or what crashed in between. Sources do not see each other, so each is processed
along the whole batch before the next one, and the windows of many are summed together.

One file, although a long one: here alone registrations, notices and readings meet in the order of
stream time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

import msgspec

from schemas.columns import DecodedBatch
from schemas.reading import Rejected, Tick
from streams.core.cases.scene import CaseLaw
from streams.core.detection.detector import AnyDetector
from streams.core.engine.advice import SHORT_WINDOWS
from streams.core.engine.case_tracker import SpanClock
from streams.core.engine.dead_letter_limit import (
    OFF,
    UNUSED,
    DeadLetterLimit,
    LimitPolicy,
    Resumed,
    never,
)
from streams.core.engine.disposition import (
    Disposition,
    count_dispositions,
    disposition_of_reading,
    disposition_of_record,
)
from streams.core.engine.outcome import OTHER_PARTITIONS, STATE_FORM, Ledger, Outcome
from streams.core.engine.partition_cases import PartitionCases
from streams.core.engine.partition_enterprises import PartitionEnterprises
from streams.core.engine.partition_exceedances import PartitionExceedances
from streams.core.engine.partition_notices import COUNTED_ANEW, Denial, PartitionNotices
from streams.core.engine.partition_sources import PartitionSources
from streams.core.engine.preparation import BatchPreparer, ReadingSpan, RejectedReading
from streams.core.engine.remarking import Accepted, Remark, with_margin
from streams.core.engine.signed_readings import signed_between
from streams.core.engine.stream_time import StreamTimes, stream_times
from streams.core.engine.transmission import Transmission
from streams.core.judging.context import Context
from streams.core.law.policy import Policy
from streams.core.law.rule import RuleSet
from streams.core.quality.authenticity import Signatures
from streams.core.quality.rejection import arrival_rejection
from streams.core.records.findings import DataGap, Finding, Violation
from streams.core.records.notice_verdict import NoticeVerdict
from streams.core.records.partitioning import Share
from streams.core.records.record import RawRecord
from streams.core.records.root import SourceDayRoot
from streams.core.registry.notice import OUTAGES, ReceivedNotice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.source import SourceEntry
from streams.core.state.errors import UnusableStateError
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.interval import BEGINNING, FOREVER, Interval, union_of

_encoder = msgspec.msgpack.Encoder()
_detected_at = attrgetter("detected_at")
_told_at = attrgetter("told_at", "source_id")

_Finding = TypeVar("_Finding", DataGap, Violation, Finding)


def _last_revisions(found: Sequence[_Finding]) -> list[_Finding]:
    """Keep the last revision of each id, in the order of detection.

    Revisions count the changes in the log, so a number may be left out and is never used twice.
    """
    return sorted({each.id: each for each in found}.values(), key=_detected_at)


def _last_verdicts(found: Sequence[NoticeVerdict]) -> list[NoticeVerdict]:
    """Keep the last revision of each verdict, in the order in which they were decided."""
    return list({each.notice_id: each for each in found}.values())


def _last_roots(found: Sequence[SourceDayRoot]) -> list[SourceDayRoot]:
    """Keep the last revision of the root of each day, in the order of sources and days."""
    last = {(each.source_id, each.day): each for each in found}
    return [last[place] for place in sorted(last)]


class PartitionProcessor:
    """Processes one partition; made from the saved state when the partition is assigned.

    ``state`` is read for as long as the processor lives and never written: changes are kept over
    it until `commit` says that it has them. ``detectors`` look at each closed day of a source, by
    their code. Without ``cases`` violations open none. Whoever never calls `commit` must not
    change it.
    ``signatures``: how stations are asked for them; None: not at all. ``advice``: operators are
    told of what they can still avert.
    Raises `UnusableStateError` where another version, or another number of partitions, wrote it.
    """

    def __init__(
        self,
        *,
        topic: str,
        partition: int,
        partitions: int,
        decode: Callable[[Sequence[bytes | None]], DecodedBatch],
        rules: RuleSet,
        policy: Policy,
        registry: RegistryHistory,
        state: Mapping[str, bytes],
        limit: LimitPolicy = OFF,
        resumed: Resumed = never,
        detectors: Mapping[str, AnyDetector] | None = None,
        cases: CaseLaw | None = None,
        signatures: Signatures | None = None,
        advice: bool = False,
    ) -> None:
        share, prefix = Share(partition, partitions), f"{partition}/"
        self._decode = decode
        self._supplied: dict[str, dict[int, RawRecord]] = {}
        self._own: dict[str, list[RawRecord]] | None = None
        self._asked: dict[str, list[Interval]] = {}
        self._kept_from = 0
        self._as_sent: dict[str, list[Accepted]] = {}
        self._batch: Sequence[RawRecord] = ()
        self._registry = registry
        self._registry_version = -1
        self._next_registration = BEGINNING
        self._context = Context(topic, partition, rules, policy, detectors or {}, advises=advice)
        self._saved = UncommittedState(state)
        self._ledger_key, self._limit_key = f"{prefix}ledger", f"{prefix}limit"
        self._ledger = _read_ledger(self._saved.get(self._ledger_key), topic, share)
        if self._ledger.observed_from is not None:
            self._context.observed_from = self._ledger.observed_from
        self._limit = DeadLetterLimit(limit, self._saved.get(self._limit_key), resumed)
        self._sources = PartitionSources(
            self._context, registry, share, prefix, self._saved, state, signatures
        )
        self._enterprises = PartitionEnterprises(
            self._context, registry, share, prefix, self._saved
        )
        self._exceedances = PartitionExceedances(
            self._context, registry, prefix, self._saved, state, self._ledger.stream_time
        )
        # Nothing here refers back to this object: so all of it goes with the last reference, and
        # does not wait for a collection of garbage, which is rare in a worker.
        notices = self._notices = PartitionNotices(
            self._context, registry, share, prefix, self._saved, state
        )
        self._cases: PartitionCases | None = None
        if cases is not None:
            self._cases = PartitionCases(
                self._context,
                registry,
                cases,
                prefix,
                self._saved,
                state,
                lambda: notices.contradicted,
            )
        self._preparer = BatchPreparer(
            decode,
            registry,
            policy,
            share,
            self._notices.contradicted,
            signatures=None if signatures is None else signatures.otherwise,
            levels=self._context.index.levels(SHORT_WINDOWS) if advice else {},
        )

    @property
    def next_offset(self) -> int:
        """The offset of the next record: those below it were applied."""
        return self._ledger.next_offset

    @property
    def stream_time(self) -> int:
        """The highest arrival time seen, ms UTC."""
        return self._ledger.stream_time

    @property
    def unsaved(self) -> int:
        """Hours of sources that have changed since the state was saved; they are in memory."""
        return self._sources.unsaved_hours

    @property
    def sources(self) -> int:
        """The number of sources that are processed."""
        return len(self._sources)

    def silences(self) -> list[int]:
        """Return for each source of which readings are due now how long it is silent, ms."""
        return self._sources.silences(self._ledger.stream_time)

    def transmissions(self) -> dict[str, Transmission]:
        """Count the 20-minute values of the last hour of stream time, by region."""
        return self._sources.transmissions(self._ledger.stream_time)

    def oldest_pending_mark(self) -> int | None:
        """Return when the oldest mark without a final verdict arrived (ms); None: there is none."""
        return self._notices.oldest_pending

    def ledger(self) -> bytes:
        """Encode where the messages below `next_offset` ended, as the state has it."""
        return _encoder.encode(self._ledger)

    def apply(
        self, records: Sequence[RawRecord], *, save: bool = True, again: bool = False
    ) -> Outcome:
        """Apply a batch of records in the order of their offsets.

        Without ``save`` the outcome has no state: a later batch, or `save`, brings it. ``again``:
        the batch was acknowledged before, so the dead-letter limit does not hold it any more.
        """
        self._limit.holds = not again
        ledger = self._ledger
        before = (ledger.used, ledger.duplicates, ledger.ticks)
        records = [record for record in records if record.offset >= ledger.next_offset]
        self._batch, self._own = records, None
        while records:
            records = self._process_some(records)
        self.forget_supplied()
        self._batch, self._own = (), None
        self._sources.end_batch()
        self._exceedances.end_batch()
        if self._cases is not None:
            self._cases.end_batch()
        state = self.save() if save else {}
        findings = self._context.drain_findings()
        return Outcome(
            means=findings.means,
            gaps=_last_revisions(findings.gaps),
            violations=_last_revisions(self._context.publisher.drain()),
            dead_letters=findings.dead_letters,
            state=state,
            used=ledger.used - before[0],
            duplicates=ledger.duplicates - before[1],
            ticks=ledger.ticks - before[2],
            reached=self._limit.reached,
            findings=_last_revisions(self._context.finding_publisher.drain()),
            duplicate_offsets=findings.duplicate_offsets,
            notices=_last_verdicts(findings.notices),
            cases=[] if self._cases is None else self._cases.drain(),
            roots=_last_roots(findings.roots),
            advice=sorted(findings.advice, key=_told_at),
        )

    def _process_some(self, records: Sequence[RawRecord]) -> Sequence[RawRecord]:
        """Process records up to where a notice changes something; returns the rest."""
        times = stream_times(records, self._ledger.stream_time)
        if self._pass_notices(records[0], times[0]):
            return records
        self._follow_notices(times[0])
        end = bisect_left(times, self._notices.due, 1)
        if self._notices.standing:  # a registration may change when they are due
            end = min(end, self._until_registration(times))
        if end == len(records):
            self._process(records, times)
            return ()
        self._process(records[:end], times[:end])
        return records[end:]

    def _follow_notices(self, now: int) -> None:
        """Judge the notices that count by stream time ``now``, and do what they change."""
        self._as_sent.clear()
        self._count_anew(self._notices.follow(now, self._is_denied), now)

    def _pass_notices(self, record: RawRecord, until: int) -> bool:
        """Let time pass to the next notice that counts before ``until``; False: there is none.

        Where stream time jumps to that of ``record``, a notice in between still counts at its own
        moment (specification, section 12), and what was due before it knows nothing of it.
        """
        before = self._ledger.stream_time
        if before == BEGINNING:
            return False
        moment = self._notices.next_arrival(before, until)
        if moment is None:
            return False
        steps = [at for at in (moment - 1, moment) if before < at < until]
        for at in steps:
            self._pass_time(record, at)
        return bool(steps)

    def _pass_time(self, record: RawRecord, now: int) -> None:
        """Do what time brings about at a stream time before that of ``record``, the next one."""
        self._follow_notices(now)
        self._follow_registry(now)
        log = StreamTimes((record,), (now,), 0, 1)
        self._enterprises.process(log)
        deque(self._sources.process(log, {}, {}), maxlen=0)
        self._exceedances.process(log)
        if self._cases is not None:
            self._cases.process(SpanClock(log, self._ledger.stream_time, {now}), {})
        self._ledger.stream_time = now

    def _until_registration(self, times: Sequence[int]) -> int:
        """Return the position of the next registration; 1 where one is to be followed now."""
        if self._registry_version != self._registry.version:
            return 1
        return bisect_left(times, self._next_registration, 1)

    def _process(self, records: Sequence[RawRecord], times: Sequence[int]) -> None:
        """Process records in spans under one state of the registry each."""
        prepared = self._preparer.prepare(records, times[0])
        self._observe(records)
        dispositions: list[Disposition] = []
        ticks = [at for at, item in prepared.others.items() if isinstance(item, Tick)]
        cuts = self._cuts(times, ticks)
        start = 0
        while start < len(records):
            self._follow_registry(times[start])
            end = bisect_left(times, self._next_registration, start)
            end = min(end, cuts[bisect_right(cuts, start)])
            whole = end - start == len(records)
            readings = prepared.readings if whole else prepared.between(start, end)
            signed = signed_between(prepared.signed, start, end)
            log = StreamTimes(records, times, start, end)
            self._enterprises.process(log)
            refused = [
                disposition_of_reading(position, name, rejection)
                for position, name, rejection in self._sources.process(log, readings, signed)
            ]
            dispositions += refused
            self._exceedances.process(log)
            if self._cases is not None:
                clock = SpanClock(log, self._before(times, start), self._moments(log, ticks))
                self._cases.process(clock, self._refused(log, prepared.others, refused))
            start = end
        self._ledger.stream_time = times[-1]
        passed = records[-1].offset + 1 - self._ledger.next_offset
        self._ledger.skipped += passed - len(records)
        self._ledger.next_offset += passed
        dispositions += (
            disposition_of_record(at, records[at], item) for at, item in prepared.others.items()
        )
        count_dispositions(records, dispositions, self._ledger, self._limit, self._context)

    def _cuts(self, times: Sequence[int], ticks: Iterable[int]) -> list[int]:
        """Return the positions before which a span ends: after a tick that ends its moment.

        Records of one stream time that follow a tick of it come after what that tick brings about.
        """
        found = [len(times)]
        if self._cases is not None:
            found += (at + 1 for at in ticks if at + 1 < len(times) and times[at + 1] == times[at])
        return sorted(found)

    def _before(self, times: Sequence[int], start: int) -> int:
        """Return the stream time before a position; before the first record, that of itself."""
        if start:
            return times[start - 1]
        return times[0] if self._ledger.stream_time == BEGINNING else self._ledger.stream_time

    @staticmethod
    def _moments(log: StreamTimes, ticks: Iterable[int]) -> set[int]:
        return {log.times[at] for at in ticks if log.start <= at < log.end}

    def _refused(
        self,
        log: StreamTimes,
        others: Mapping[int, RejectedReading | Rejected | Tick],
        dispositions: Iterable[Disposition],
    ) -> dict[str, list[tuple[int, int]]]:
        """Return the stream times and arrivals of the dead letters of each source.

        A message that cannot be decoded is that of the source which its key names.
        """
        found: dict[str, list[tuple[int, int]]] = {}
        own = [each for each in dispositions if each.is_dead_letter]
        own += (
            disposition_of_record(at, log.records[at], item)
            for at, item in others.items()
            if log.start <= at < log.end and not isinstance(item, Tick)
        )
        for each in own:
            record, now = log.records[each.position], log.times[each.position]
            name = each.source_id or (record.key or b"").decode(errors="replace")
            found.setdefault(name, []).append((now, min(max(record.timestamp, 0), now)))
        return found

    def wanted(self, records: Sequence[RawRecord]) -> list[Interval]:
        """Return the offsets, ``[first, end)``, of the readings that a batch needs again.

        They lie before it, and notices that arrive in it, or are due, say something of them. Each
        is to be handed to `supply` before the batch is applied. Nothing is wanted without notices.
        """
        if not records:
            return []
        until = max(self._ledger.stream_time, *(record.timestamp for record in records))
        intervals: dict[str, list[Interval]] = {}
        for source_id, interval in self._notices.intervals(until):
            intervals.setdefault(source_id, []).append(with_margin(interval))
        found = []
        for source_id, own in intervals.items():
            processor = self._sources.ready(source_id, self._ledger.stream_time)
            known = self._asked.setdefault(source_id, [])
            self._supplied.setdefault(source_id, {})
            if processor is None:
                continue
            for each in union_of(own):
                offsets = processor.remarking.offsets(each)
                if offsets is not None and offsets not in known:
                    known.append(offsets)
                    found.append(offsets)
        return union_of(found)

    def supply(self, records: Sequence[RawRecord]) -> None:
        """Keep the readings that the next batch needs, of any records of the log before it."""
        for name, record in self._named(records):
            if name in self._supplied:
                self._supplied[name][record.offset] = record

    def supply_lost(self, kept_from: int) -> None:
        """Note that the log does not hold the readings before an offset any more."""
        self._kept_from = max(self._kept_from, kept_from)

    def forget_supplied(self) -> None:
        """Forget what was supplied: `wanted` asks for all of it again."""
        self._supplied.clear()
        self._asked.clear()
        self._as_sent.clear()
        self._kept_from = 0

    def _named(self, records: Sequence[RawRecord]) -> Iterator[tuple[str, RawRecord]]:
        """Yield the readings among records, each with its source."""
        for block in self._decode([record.value for record in records]).blocks:
            for name, row in zip(block.source_ids, block.rows.tolist(), strict=True):
                yield name, records[row]

    def _read_again(self, source_id: str, now: int, *, marked: bool) -> list[ReadingSpan]:
        """Assess the readings of a source that were supplied, and those of the batch so far."""
        if self._own is None:
            self._own = {}
            for name, record in self._named(self._batch):
                self._own.setdefault(name, []).append(record)
        known = dict(self._supplied.get(source_id, {}))
        upto = self._ledger.next_offset
        known |= {each.offset: each for each in self._own.get(source_id, ()) if each.offset < upto}
        records = [known[offset] for offset in sorted(known)]
        prepared = self._preparer.prepare(records, now, marked=marked)
        return prepared.readings.get(source_id, [])

    def _is_denied(self, entry: SourceEntry, interval: Interval, now: int) -> Denial:
        """Tell whether the mean flow in an interval was half of the median of 30 days or more."""
        processor = self._sources.ready(entry.id, now)
        if processor is None or entry.flow_key is None:
            return Denial(denied=False, whole=True)
        accepted = self._as_sent.get(entry.id)
        if accepted is None:
            spans = self._read_again(entry.id, now, marked=False)
            accepted = self._as_sent[entry.id] = processor.remarking.accepted(spans)
        remarking = processor.remarking
        denied = remarking.denies(accepted, interval)
        return Denial(denied=denied, whole=remarking.is_whole(accepted, interval))

    def _count_anew(self, changes: Sequence[ReceivedNotice], now: int) -> None:
        """Let notices excuse their sources, and have counted anew what they are about."""
        for source_id in dict.fromkeys(each.notice.source_id for each in changes):
            self._sources.follow_notice(source_id, now)
        # A station's clock may go before: so far may readings reach that have arrived.
        latest = now + self._context.policy.future
        past: dict[str, list[Interval]] = {}
        excused: dict[str, list[Interval]] = {}
        for received in changes:
            notice, interval = received.notice, received.notice.interval
            if notice.kind in COUNTED_ANEW and interval is not None and interval[0] < latest:
                own = past.setdefault(notice.source_id, [])
                own.append((interval[0], min(interval[1], latest)))
                if notice.kind in OUTAGES:
                    excused.setdefault(notice.source_id, []).append(own[-1])
        for source_id, intervals in past.items():
            if self._sources.ready(source_id, now) is None:
                continue
            spans = self._read_again(source_id, now, marked=True)
            marks = self._notices.marks(source_id, now) if self._kept_from else ()
            self._sources.remark(
                source_id,
                Remark(
                    union_of(intervals), spans, marks, self._kept_from, excused.get(source_id, ())
                ),
            )

    def _observe(self, records: Sequence[RawRecord]) -> None:
        """Note from when on the log is observed: the arrival of its first record that has one."""
        if self._ledger.observed_from is None:
            first = next(
                (each.timestamp for each in records if arrival_rejection(each.timestamp) is None),
                None,
            )
            if first is not None:
                self._ledger.observed_from = self._context.observed_from = first

    def _follow_registry(self, now: int) -> None:
        """Take over the registrations that have arrived by stream time ``now``."""
        registry = self._registry
        if now < self._next_registration and self._registry_version == registry.version:
            return
        self._registry_version = registry.version
        changes = registry.changes_after(now)
        self._next_registration = FOREVER if changes is None else changes
        self._sources.follow_registry(now)
        self._enterprises.follow_registry(now)
        self._notices.follow_registry(now)
        if self._cases is not None:
            self._cases.follow_registry(now)

    def save(self) -> dict[str, bytes | None]:
        """Encode what has changed since the last call, as state at `next_offset`."""
        state = self._sources.save(self._ledger.stream_time) | self._enterprises.save()
        state |= self._notices.save() | self._exceedances.save()
        if self._cases is not None:
            state |= self._cases.save()
        state[self._ledger_key] = self.ledger()
        limit = self._limit.save()
        if (self._saved.get(self._limit_key) or UNUSED) != limit:
            state[self._limit_key] = limit
            self._saved.put(self._limit_key, limit)
        return state

    def commit(self) -> None:
        """Drop the changes kept over ``state``: it has everything that `save` returned."""
        self._saved.commit()


def _read_ledger(saved: bytes | None, topic: str, share: Share) -> Ledger:
    """Decode the ledger of a state, or begin one; raises `UnusableStateError`."""
    ledger = msgspec.msgpack.decode(saved, type=Ledger) if saved else Ledger(form=STATE_FORM)
    if ledger.form != STATE_FORM:
        raise UnusableStateError(
            f"the state of partition {share.partition} has form {ledger.form}, this version "
            f"reads form {STATE_FORM}: let it begin anew under another name of the "
            "application, from offset 0 (results have the same ids), or run the version before"
        )
    if ledger.partitions not in (0, share.partitions):
        raise UnusableStateError(
            f"the state of partition {share.partition} was made with {ledger.partitions} "
            f"partitions of {topic}, and now there are to be {share.partitions}: "
            f"{OTHER_PARTITIONS}"
        )
    ledger.partitions = share.partitions
    return ledger
