"""One partition of the readings topic, folded over its log: the whole of the judging code.

Stream time is the highest arrival time seen; nothing else tells the time. Records are applied
one by one, so what is found after a record depends on the log up to it and not on how the log
was cut into batches, how many workers there are, or what crashed in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from aiokafka.partitioner import murmur2

from streams.core.bury import dead_letter
from streams.core.columns import Decoded
from streams.core.context import Context, Findings
from streams.core.fuse import OFF, UNUSED, Fuse, FusePolicy
from streams.core.hours import starts_by_source
from streams.core.intake import Arrived, Intake, Item, Refused
from streams.core.log import STATE_FORM, Ledger, Outcome, RawRecord, UnusableStateError
from streams.core.mean import summaries
from streams.core.obligation import ObligationJudge, Obligations
from streams.core.overlay import Overlay
from streams.core.policy import Policy
from streams.core.quality import (
    CONFLICTING_DUPLICATE,
    LATEST_ARRIVAL,
    Refusal,
    arrival_refusal,
)
from streams.core.reading import Tick
from streams.core.registry_history import RegistryHistory
from streams.core.rules import RuleSet
from streams.core.source import BEGINNING, FOREVER, SourceEntry
from streams.core.source_fold import DUPLICATE, SourceFold
from streams.core.timers import ENTERPRISE, SOURCE, Timers

_encoder = msgspec.msgpack.Encoder()

_TOGETHER = 256
"""So many sources close their windows together: a day of each is at hand meanwhile."""

DECODE = "decode"
VALIDATE = "validate"
DEDUPLICATE = "deduplicate"
"""Stages at which a message may end in the dead letters."""


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key by Kafka's default partitioner."""
    hashed: int = murmur2(key.encode())
    return (hashed & 0x7FFFFFFF) % partitions


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
        fuse: FusePolicy = OFF,
    ) -> None:
        self._partition = partition
        self._partitions = partitions
        self._intake = Intake(decode, registry, policy)
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
        self._fuse = Fuse(fuse, self._saved.get(f"{self._prefix}fuse"))
        self._hours = starts_by_source(state, f"{self._prefix}hour/")
        self._folds: dict[str, SourceFold] = {}
        self._duties: dict[str, ObligationJudge] = {}
        self._timers = Timers()
        self._touched: set[str] = set()
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

    def apply(self, records: Sequence[RawRecord]) -> Outcome:
        """Apply a batch of records in the order of their offsets."""
        ledger = self._ledger
        before = (ledger.used, ledger.duplicates, ledger.ticks)
        records = [record for record in records if record.offset >= ledger.next_offset]
        for record, item in zip(records, self._intake.prepare(records), strict=True):
            ledger.next_offset = record.offset + 1
            self._context.offset = record.offset
            if ledger.stream_time < record.timestamp <= LATEST_ARRIVAL:
                ledger.stream_time = record.timestamp
            now = ledger.stream_time
            if now >= self._next_registration or self._version != self._registry.version:
                self._follow_registry(now)
            if self._timers.next <= now:
                self._fire(now)
            self._take(record, item, now)
        state = self._save()
        findings, self._context.findings = self._context.findings, Findings()
        return Outcome(
            means=findings.means,
            gaps=findings.gaps,
            violations=findings.violations,
            dead_letters=findings.dead_letters,
            state=state,
            used=ledger.used - before[0],
            duplicates=ledger.duplicates - before[1],
            ticks=ledger.ticks - before[2],
            blown=self._fuse.blown,
        )

    def confirmed(self) -> None:
        """``state`` as it was given has the state of every outcome by now."""
        self._saved.confirmed()

    def _take(self, record: RawRecord, item: Item, now: int) -> None:
        if isinstance(item, Arrived):
            self._read(record, item, now)
        elif isinstance(item, Refused):
            self._bury(record, VALIDATE, item.refusal, item.source_id)
        elif (untimely := arrival_refusal(record.timestamp)) is not None:
            self._bury(record, DECODE, untimely, None)
        elif isinstance(item, Tick):
            self._ledger.ticks += 1
        else:
            self._bury(record, DECODE, Refusal(item.reason, item.detail), item.source_id)

    def _read(self, record: RawRecord, item: Arrived, now: int) -> None:
        group, at, entry = item
        fold = self._folds.get(entry.id)
        if fold is None:
            fold = self._fold(entry, now)
        self._touched.add(entry.id)
        refused = fold.accept(group, at, entry, record.offset, record.value or b"", now)
        if refused is None:
            self._ledger.used += 1
            self._fuse.good()
            self._timers.schedule(SOURCE, entry.id, fold.due)
        elif refused is DUPLICATE:
            self._ledger.duplicates += 1
            self._fuse.good()
        else:
            stage = DEDUPLICATE if refused.reason == CONFLICTING_DUPLICATE else VALIDATE
            self._bury(record, stage, refused, entry.id)

    def _bury(self, record: RawRecord, stage: str, refused: Refusal, source_id: str | None) -> None:
        self._ledger.dead_letters += 1
        self._fuse.dead(refused.reason, record.offset)
        self._context.findings.dead_letters.append(
            dead_letter(
                record,
                topic=self._context.topic,
                partition=self._partition,
                stage=stage,
                reason=refused.reason,
                detail=refused.detail,
                source_id=source_id,
            )
        )

    def _follow_registry(self, now: int) -> None:
        """Take over the registrations that have arrived by ``now``."""
        registry = self._registry
        self._version = registry.version
        changes = registry.changes_after(now)
        self._next_registration = FOREVER if changes is None else changes
        for source_id in registry.source_ids():
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
                    self._touched.add(source_id)
                    self._timers.schedule(SOURCE, source_id, fold.due)
            elif self._known(source_id) or (not entry.test and self._owns(source_id)):
                self._fold(entry, now)
        for bin_ in registry.bins():
            if self._owns(bin_) and registry.enterprise(bin_, now) is not None:
                duty = self._duties.get(bin_)
                if duty is None:
                    saved = self._saved.get(f"{self._prefix}enterprise/{bin_}")
                    state = msgspec.msgpack.decode(saved, type=Obligations) if saved else None
                    duty = ObligationJudge(self._context, state or Obligations())
                    self._duties[bin_] = duty
                self._timers.schedule(ENTERPRISE, bin_, now)

    def _known(self, source_id: str) -> bool:
        return f"{self._prefix}source/{source_id}" in self._saved

    def _owns(self, key: str) -> bool:
        return partition_of(key, self._partitions) == self._partition

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

    def _fire(self, now: int) -> None:
        """Let time pass for all whose time has come: windows that close together are one work."""
        folds = []
        for kind, name in self._timers.due(now):
            if kind == SOURCE:
                folds.append(self._folds[name])
            else:
                duty = self._duties[name]
                duty.advance(self._registry.enterprise(name, now), now)
                self._judged.add(name)
                self._timers.schedule(kind, name, max(duty.due, now + 1))
        for start in range(0, len(folds), _TOGETHER):
            self._advance(folds[start : start + _TOGETHER], now)

    def _advance(self, folds: list[SourceFold], now: int) -> None:
        closing = [fold.closing(now) for fold in folds]
        added = iter(summaries([window for windows in closing for window in windows]))
        for fold, windows in zip(folds, closing, strict=True):
            if fold.due <= now:
                fold.advance(now, [(window, next(added)) for window in windows])
                self._touched.add(fold.id)
            self._timers.schedule(SOURCE, fold.id, max(fold.due, now + 1))

    def _save(self) -> dict[str, bytes | None]:
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
        state[f"{self._prefix}ledger"] = _encoder.encode(self._ledger)
        key, fuse = f"{self._prefix}fuse", self._fuse.save()
        if (self._saved.get(key) or UNUSED) != fuse:
            state[key] = fuse
            self._saved.put(key, fuse)
        return state
