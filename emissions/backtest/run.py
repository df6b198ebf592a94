"""Judge a recorded stream once, by the rules in force and by a draft.

The log is judged from its first record on, so that runs, silences and the mass of a year are what
they are in the live system; only what lies in the asked time is compared. Nothing is produced, no
group is joined: live results are untouched.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from emissions.backtest.draft import Drafts
from emissions.offline.engine import BATCH, OfflineEngine
from emissions.offline.planned_log import PlannedLog
from emissions.offline.registry import loaded_registry
from emissions.progress import ReportProgress
from emissions.registry_history import read_registry_history
from emissions.replay.message_buffer import MessageBuffer
from emissions.replay.publication_plan import plan_publication
from schemas.codec import Codec
from streams.core.law.policy import Policy
from streams.core.records.findings import Violation
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Enterprise
from streams.core.sources.history import RegistryHistory
from streams.core.time.interval import DAY
from streams.kafka.clients import consumer_of
from streams.kafka.reader import FETCH_MS, ends_of
from streams.registry.notices import DatedNotice
from streams.settings import Settings


class Window(NamedTuple):
    """The time that is compared, ms UTC: ``[start, end)``; None is open."""

    start: int | None = None
    end: int | None = None

    def holds(self, violation: Violation) -> bool:
        """Tell whether some of a violation lies in it; one that goes on has no end."""
        begins_before = self.end is None or violation.start < self.end
        ends_after = self.start is None or violation.end is None or violation.end > self.start
        return begins_before and ends_after


@dataclass
class Judged:
    """The last revision of every violation by either rule set, by id; withdrawn ones too."""

    base: dict[str, Violation] = field(default_factory=dict)
    draft: dict[str, Violation] = field(default_factory=dict)
    readings: int = 0
    refused: int = 0
    zones: dict[str, str] = field(default_factory=dict)

    def take(self, drafts: Drafts, violations: Iterable[Violation]) -> None:
        """Add the violations of an outcome."""
        for violation in violations:
            base, draft = drafts.tell_apart(violation)
            if base is not None:
                self.base[base.id] = base
            if draft is not None:
                self.draft[draft.id] = draft


class _Judge:
    """Both rule sets over the batches of a log."""

    def __init__(
        self, drafts: Drafts, codec: Codec, settings: Settings, partitions: int,
        registry: RegistryHistory,
    ) -> None:  # fmt: skip
        self._drafts = drafts
        self._engine = OfflineEngine(
            topic=settings.topic_readings,
            partitions=partitions,
            decode=codec.decode_readings,
            rules=drafts.together(),
            policy=settings.policy,
            registry=registry,
        )
        self.judged = Judged()
        for source in registry.source_ids():
            entry = registry.last_known(source, 1 << 62)
            if entry is not None:
                self.judged.zones[source] = entry.zone

    def apply(self, partition: int, records: Sequence[RawRecord]) -> None:
        outcome = self._engine.apply(partition, records)
        self.judged.readings += outcome.used + outcome.duplicates + len(outcome.dead_letters)
        self.judged.refused += len(outcome.dead_letters)
        self.judged.take(self._drafts, outcome.violations)


def backtest_input(
    tape: MessageBuffer,
    enterprises: Sequence[Enterprise],
    drafts: Drafts,
    *,
    settings: Settings,
    codec: Codec,
    now: int,
    report: ReportProgress,
    notices: Sequence[DatedNotice] = (),
) -> Judged:
    """Judge the messages of files, in the order of their arrival."""
    plan = plan_publication(tape.arrived, tape.ends, None, now)
    registry = loaded_registry(
        enterprises,
        notices,
        codec=codec,
        settings=settings,
        country=drafts.base.country,
        until=None,
    )
    judge = _Judge(drafts, codec, settings, settings.partitions, registry)
    log = PlannedLog(tape, plan, codec, settings.partitions)
    done, total = 0, len(plan.order)
    for partition, records in log.batches(BATCH):
        judge.apply(partition, records)
        done = min(total, done + len(records))
        report("judging", done, total)
    return judge.judged


async def backtest_topic(
    drafts: Drafts,
    *,
    settings: Settings,
    codec: Codec,
    window: Window,
    warm_up_days: int | None,
    report: ReportProgress,
) -> Judged:
    """Judge the readings topic of the broker, with the registrations of the registry topic.

    From its first record, or from ``warm_up_days`` before the window on: what began earlier (a
    silence, the mass of a year) then begins there. To what arrived within the allowed lateness
    after the window. Raises LookupError for a missing topic, and the errors of Kafka.
    """
    registry = await read_registry_history(settings, codec)
    ends = await ends_of(settings, settings.topic_readings)
    judge = _Judge(drafts, codec, settings, len(ends), registry)
    cut_off = _cut_off(window, settings.policy)
    done = 0
    async with consumer_of(settings) as consumer:
        since = _since(window, warm_up_days)
        starts = await _starts(consumer, ends, since)
        total = sum(max(0, end - starts[tp]) for tp, end in ends.items())
        async for partition, records in _batches(consumer, starts, ends, since, cut_off):
            judge.apply(partition, records)
            done += len(records)
            report("judging", min(done, total), total)
    return judge.judged


def _cut_off(window: Window, policy: Policy) -> int | None:
    """Return the arrival from which on nothing changes what lies in the window."""
    if window.end is None:
        return None
    return window.end + policy.max_lateness + policy.day_grace


def _since(window: Window, warm_up_days: int | None) -> int | None:
    """Return the arrival from which on the log is judged; None: from its beginning."""
    if warm_up_days is None or window.start is None:
        return None
    return max(0, window.start - warm_up_days * DAY)


async def _starts(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int], since: int | None
) -> dict[TopicPartition, int]:
    """Return where to begin to read: a broker may answer with an earlier offset than asked."""
    found: dict[TopicPartition, int] = await consumer.beginning_offsets(list(ends))
    if since is None:
        return found
    later = await consumer.offsets_for_times(dict.fromkeys(ends, since))
    return {
        tp: end if later.get(tp) is None else max(found[tp], later[tp].offset)
        for tp, end in ends.items()
    }


async def _batches(
    consumer: AIOKafkaConsumer,
    starts: dict[TopicPartition, int],
    ends: dict[TopicPartition, int],
    since: int | None,
    cut_off: int | None,
) -> AsyncIterator[tuple[int, Sequence[RawRecord]]]:
    """Yield partition and records from the first at ``since`` to the last before ``cut_off``.

    Not beyond ``ends``. Both are arrivals, which do not go back in a topic that stamps them.
    """
    begun = set(ends) if since is None else set()
    left = {tp for tp, end in ends.items() if starts[tp] < end}
    if not left:
        return
    consumer.assign(left)
    for tp in left:
        consumer.seek(tp, starts[tp])
    while left:
        fetched = await consumer.getmany(*left, timeout_ms=FETCH_MS, max_records=BATCH)
        for tp, records in fetched.items():
            kept = [record for record in records if record.offset < ends[tp]]
            if tp not in begun:
                kept = [*dropwhile(lambda record: record.timestamp < (since or 0), kept)]
                if kept:
                    begun.add(tp)
            wanted = kept if cut_off is None else list(_before(kept, cut_off))
            if wanted:
                yield tp.partition, wanted
            if len(wanted) < len(kept):
                left.discard(tp)
                consumer.pause(tp)
        for tp in list(left):
            if await consumer.position(tp) >= ends[tp]:
                left.discard(tp)


def _before(records: Iterable[RawRecord], cut_off: int) -> Iterator[RawRecord]:
    for record in records:
        if record.timestamp >= cut_off:
            return
        yield record
