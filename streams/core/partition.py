"""One partition of the readings topic, folded over its log: the whole of the judging code.

Stream time is the highest arrival time seen; nothing else tells the time. What is found after a
record depends on the log up to it, and not on how the log was cut into batches, how many workers
there are, or what crashed in between. Sources do not see each other: each is followed along the
whole batch, and the windows of many are judged together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

import msgspec

from streams.core.columns import Decoded
from streams.core.context import Context, Findings
from streams.core.dead_letter_limit import (
    OFF,
    UNUSED,
    DeadLetterLimit,
    LimitPolicy,
    Resumed,
    never,
)
from streams.core.ending import Ending, count, judged_alone, refused_by_source
from streams.core.findings import DataGap, Violation
from streams.core.hours import starts_by_source
from streams.core.intake import Intake, Segment
from streams.core.log import (
    OTHER_PARTITIONS,
    STATE_FORM,
    Ledger,
    Outcome,
    RawRecord,
    UnusableStateError,
)
from streams.core.obligation import ObligationJudge, Obligations
from streams.core.overlay import Overlay
from streams.core.partitioning import Share
from streams.core.policy import Policy
from streams.core.quality import Refusal, arrival_refusal
from streams.core.registry_history import RegistryHistory
from streams.core.rules import RuleSet
from streams.core.source import BEGINNING, FOREVER, SourceEntry
from streams.core.source_fold import SourceFold
from streams.core.timeline import Timeline, stream_times
from streams.core.timers import ENTERPRISE, SOURCE, Timers
from streams.core.together import Asking, together

_encoder = msgspec.msgpack.Encoder()
_detected_at = attrgetter("detected_at")

_AT_HAND = 40_000
"""Slots of windows that are judged together: of the days of some 280 sources, or of a nation's
hours."""


_Finding = TypeVar("_Finding", DataGap, Violation)


def _last_revisions(found: Sequence[_Finding]) -> list[_Finding]:
    """Of the changes of one batch the last of each id, of all sources, in order of detection.

    Revisions count the changes in the log, so a number is left out and never used twice.
    """
    return sorted({each.id: each for each in found}.values(), key=_detected_at)


class PartitionEngine:
    """The fold of one partition; built anew from the saved state when the partition comes.

    ``state`` is looked at for as long as the engine lives and never written: changes are kept
    over it until `confirmed` is called. Whoever never calls it may change ``state`` no more.
    Raises `UnusableStateError` where another version wrote it.
    """

    def __init__(
        self,
        *,
        topic: str,
        partition: int,
        partitions: int,
        decode: Callable[[Sequence[bytes | None]], Decoded],
        rules: RuleSet,
        policy: Policy,
        registry: RegistryHistory,
        state: Mapping[str, bytes],
        limit: LimitPolicy = OFF,
        resumed: Resumed = never,
    ) -> None:
        self._share = Share(partition, partitions)
        self._intake = Intake(decode, registry, policy, self._share)
        self._registry = registry
        self._context = Context(topic, partition, rules, policy)
        self._prefix = f"{partition}/"
        self._saved = Overlay(state)
        saved = self._saved.get(f"{self._prefix}ledger")
        self._ledger = (
            msgspec.msgpack.decode(saved, type=Ledger) if saved else Ledger(form=STATE_FORM)
        )
        if self._ledger.form != STATE_FORM:
            raise UnusableStateError(
                f"the state of partition {partition} has form {self._ledger.form}, this version "
                f"reads form {STATE_FORM}: let it begin anew under another name of the "
                "application, from offset 0 (results have the same ids), or run the version before"
            )
        if self._ledger.observed_from is not None:
            self._context.observed_from = self._ledger.observed_from
        if self._ledger.partitions not in (0, partitions):
            raise UnusableStateError(
                f"the state of partition {partition} was made with {self._ledger.partitions} "
                f"partitions of {topic}, and now there are to be {partitions}: {OTHER_PARTITIONS}"
            )
        self._ledger.partitions = partitions
        self._limit = DeadLetterLimit(limit, self._saved.get(f"{self._prefix}limit"), resumed)
        self._hours = starts_by_source(state, f"{self._prefix}hour/")
        self._folds: dict[str, SourceFold] = {}
        self._duties: dict[str, ObligationJudge] = {}
        self._timers = Timers()
        self._fresh: set[str] = set()  # touched by the batch in work
        self._touched: set[str] = set()  # and by earlier ones, since the state was saved
        self._judged: set[str] = set()
        self._version = -1
        self._next_registration = BEGINNING

    @property
    def next_offset(self) -> int:
        """Records below it were applied before."""
        return self._ledger.next_offset

    @property
    def stream_time(self) -> int:
        """The highest arrival time seen, ms UTC."""
        return self._ledger.stream_time

    @property
    def unsaved(self) -> int:
        """Hours of sources that have changed since the state was saved; they are in memory."""
        return sum(self._folds[source_id].unsaved for source_id in self._touched)

    @property
    def sources(self) -> int:
        """How many sources are followed."""
        return len(self._folds)

    def ledger(self) -> bytes:
        """Where the messages up to `next_offset` ended, as it is saved."""
        return _encoder.encode(self._ledger)

    def apply(
        self, records: Sequence[RawRecord], *, save: bool = True, again: bool = False
    ) -> Outcome:
        """Apply a batch of records in the order of their offsets.

        Without ``save`` the outcome has no state: it is asked for with a later batch, by `save`.
        ``again``: they were judged and acknowledged before, so that no limit holds them any more.
        """
        self._limit.holds = not again
        ledger = self._ledger
        before = (ledger.used, ledger.duplicates, ledger.ticks)
        records = [record for record in records if record.offset >= ledger.next_offset]
        if records:
            self._go_along(records)
        for source_id in sorted(self._fresh):
            self._folds[source_id].flush()
        self._touched |= self._fresh
        self._fresh.clear()
        state = self.save() if save else {}
        findings, self._context.findings = self._context.findings, Findings()
        return Outcome(
            means=findings.means,
            gaps=_last_revisions(findings.gaps),
            violations=_last_revisions(findings.violations),
            dead_letters=findings.dead_letters,
            state=state,
            used=ledger.used - before[0],
            duplicates=ledger.duplicates - before[1],
            ticks=ledger.ticks - before[2],
            reached=self._limit.reached,
        )

    def confirmed(self) -> None:
        """``state`` as it was given has everything that `save` has told by now."""
        self._saved.confirmed()

    def _go_along(self, records: Sequence[RawRecord]) -> None:
        prepared = self._intake.prepare(records)
        times = stream_times(records, self._ledger.stream_time)
        self._observe(records)
        endings: list[Ending] = []
        start = 0
        while start < len(records):
            now = times[start]
            if now >= self._next_registration or self._version != self._registry.version:
                self._follow_registry(now)
            end = bisect_left(times, self._next_registration, start)
            whole = end - start == len(records)
            readings = prepared.readings if whole else prepared.between(start, end)
            endings += self._stretch(Timeline(records, times, start, end), readings)
            start = end
        self._ledger.stream_time = times[-1]
        passed = records[-1].offset + 1 - self._ledger.next_offset
        self._ledger.skipped += passed - len(records)
        self._ledger.next_offset += passed
        endings += [judged_alone(at, records[at], item) for at, item in prepared.others.items()]
        count(records, endings, self._ledger, self._limit, self._context)

    def _observe(self, records: Sequence[RawRecord]) -> None:
        """Note from when on the log is observed: the arrival of its first record that has one."""
        if self._ledger.observed_from is None:
            first = next(
                (each.timestamp for each in records if arrival_refusal(each.timestamp) is None),
                None,
            )
            if first is not None:
                self._ledger.observed_from = self._context.observed_from = first

    def _stretch(
        self, line: Timeline, readings: Mapping[str, Sequence[Segment]]
    ) -> Iterator[Ending]:
        """Go along a stretch under one state of the registry, source by source."""
        names = dict.fromkeys(readings)
        for due, (kind, name) in self._timers.due(line.times[line.end - 1]):
            if kind == SOURCE:
                names[name] = None
            else:
                self._pass_duty(name, line, due)
        works = ((name, self._follow(name, line, readings.get(name, ()))) for name in names)
        for name, refused in together(works, self._intake.settle, _AT_HAND):
            self._fresh.add(name)
            self._timers.schedule(SOURCE, name, self._folds[name].due)
            for position, refusal in refused:
                yield refused_by_source(position, name, refusal)

    def _follow(
        self, name: str, line: Timeline, segments: Sequence[Segment]
    ) -> Asking[list[tuple[int, Refusal]]]:
        fold, since = self._folds.get(name), line.start
        if fold is None:  # struck off by now, and was registered when they arrived
            since = segments[0].position + 1
            fold = self._fold(segments[0].entry, line.times[since - 1])
        return fold.follow(line, since, segments)

    def _pass_duty(self, name: str, line: Timeline, due: int) -> None:
        """Judge the duties of an enterprise at each position at which they are due."""
        duty, at = self._duties[name], line.reached(due, line.start)
        while at < line.end:
            now = line.times[at]
            self._context.offset = line.records[at].offset
            duty.advance(self._registry.enterprise(name, now), now)
            self._judged.add(name)
            due = max(duty.due, now + 1)
            at = line.reached(due, at + 1)
        self._timers.schedule(ENTERPRISE, name, due)

    def _follow_registry(self, now: int) -> None:
        """Take over the registrations that have arrived by ``now``."""
        registry = self._registry
        self._version = registry.version
        changes = registry.changes_after(now)
        self._next_registration = FOREVER if changes is None else changes
        for source_id in registry.source_ids():
            if not self._share.has(source_id):
                continue  # state of it, from when it was judged here, is looked at no more
            entry = registry.source(source_id, now)
            fold = self._folds.get(source_id)
            if entry is None:
                if fold is not None:
                    fold.strike_off()
                elif self._known(source_id):
                    last = registry.last_known(source_id, now)
                    if last is not None:
                        self._fold(last, now)
            elif fold is not None:
                if fold.registered is not entry:
                    fold.register(entry, now)
                    self._fresh.add(source_id)
                    self._timers.schedule(SOURCE, source_id, fold.due)
            elif self._known(source_id) or not entry.test:
                self._fold(entry, now)
        for bin_ in registry.bins():
            if self._share.has(bin_) and registry.enterprise(bin_, now) is not None:
                duty = self._duties.get(bin_)
                if duty is None:
                    saved = self._saved.get(f"{self._prefix}enterprise/{bin_}")
                    state = msgspec.msgpack.decode(saved, type=Obligations) if saved else None
                    duty = ObligationJudge(self._context, state or Obligations())
                    self._duties[bin_] = duty
                self._timers.schedule(ENTERPRISE, bin_, now)

    def _known(self, source_id: str) -> bool:
        return f"{self._prefix}source/{source_id}" in self._saved

    def _fold(self, entry: SourceEntry, now: int) -> SourceFold:
        """The fold of a source as it is registered at ``now``, or was before it was struck off."""
        current = self._registry.source(entry.id, now)
        fold = SourceFold(
            self._context,
            current or entry,
            f"{self._prefix}source/{entry.id}",
            f"{self._prefix}hour/{entry.id}/",
            self._saved,
            self._hours.pop(entry.id, []),
            self._intake,
        )
        self._folds[entry.id] = fold
        if current is None:
            fold.strike_off()
        self._timers.schedule(SOURCE, entry.id, fold.due)
        return fold

    def save(self) -> dict[str, bytes | None]:
        """What has changed since the last call, as state at `next_offset`."""
        state: dict[str, bytes | None] = {}
        for source_id in sorted(self._touched):
            state.update(self._folds[source_id].save(self._ledger.stream_time))
        for bin_ in sorted(self._judged):
            key = f"{self._prefix}enterprise/{bin_}"
            saved = _encoder.encode(self._duties[bin_].state)
            if self._saved.get(key) != saved:
                state[key] = saved
                self._saved.put(key, saved)
        self._touched.clear()
        self._judged.clear()
        state[f"{self._prefix}ledger"] = self.ledger()
        key, limit = f"{self._prefix}limit", self._limit.save()
        if (self._saved.get(key) or UNUSED) != limit:
            state[key] = limit
            self._saved.put(key, limit)
        return state
