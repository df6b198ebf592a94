"""A log and what was found in it, as a store would hold them for an explanation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.engine.memory_log import MemoryLog
from streams.core.engine.partition import PartitionProcessor
from streams.core.explanation.facts import Facts, Refusal, StoredMessage
from streams.core.explanation.rerun import Wire
from streams.core.explanation.scope import readings_of, spans_of
from streams.core.law.policy import Policy
from streams.core.law.rule import RuleSet
from streams.core.records.findings import DataGap, DeadLetter, Violation, WindowMean
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory
from streams.rules.load import load_rules

CODEC = Codec(FileIds())
RULES = load_rules()
TOPIC = "emissions.readings"
WIRE = Wire(CODEC.decode_readings, CODEC.encode("StreamTick", {"sent_at": 0}))


class Stored:
    """One partition's log, judged once in batches of ``size``, with every revision it made."""

    def __init__(
        self,
        registry: RegistryHistory,
        log: Sequence[RawRecord],
        *,
        partition: int = 0,
        partitions: int = 1,
        size: int = 1000,
        rules: RuleSet = RULES,
    ) -> None:
        self.registry = registry
        self.rules = rules
        self.partition = partition
        self.means: list[WindowMean] = []
        self.gaps: list[DataGap] = []
        self.violations: list[Violation] = []
        letters: dict[int, DeadLetter] = {}
        engine = PartitionProcessor(
            topic=TOPIC,
            partition=partition,
            partitions=partitions,
            decode=CODEC.decode_readings,
            rules=rules,
            policy=Policy(),
            registry=registry,
            state={},
        )
        kept = MemoryLog(engine, registry.notices)
        for at in range(0, len(log), size):
            kept.supply(log[at : at + size])
            outcome = engine.apply(log[at : at + size])
            self.means += outcome.means
            self.gaps += outcome.gaps
            self.violations += outcome.violations
            letters |= {letter.offset: letter for letter in outcome.dead_letters}
        self.messages: dict[str, list[StoredMessage]] = {}
        for record in log:
            reading = CODEC.decode_reading(record.value)
            letter = letters.get(record.offset)
            if isinstance(reading, Reading):
                refusal = None if letter is None else Refusal(letter.reason, letter.detail)
                own = self.messages.setdefault(reading.source_id, [])
                own.append(StoredMessage(record, reading, refusal))

    def facts(
        self,
        source_id: str | None,
        since: int,
        until: int,
        *,
        violations: Iterable[Violation] = (),
        gaps: Iterable[DataGap] = (),
        means: Iterable[WindowMean] = (),
        silent_from: int | None = None,
    ) -> Facts:
        """What a store gives for an explanation; ``silent_from``: also the last reading before."""
        own = self.messages.get(source_id or "", [])
        found = [each for each in own if since <= each.reading.measured_at < until]
        if silent_from is not None:
            before = [
                each
                for each in own
                if each.reading.measured_at < silent_from and each.refusal is None
            ]
            last = max(before, key=lambda each: each.reading.measured_at, default=None)
            if last is not None and last not in found:
                found = sorted([*found, last], key=lambda each: each.record.offset)
        return Facts(
            TOPIC,
            self.partition,
            self.rules,
            Policy(),
            self.registry,
            tuple(found),
            tuple(means),
            tuple(gaps),
            tuple(violations),
            as_sent=True,
        )

    def of_violation(self, identity: str, revisions: slice = slice(None)) -> Facts:
        """What is stored of a violation; ``revisions`` those that were not merged away."""
        own = [each for each in self.violations if each.id == identity][revisions]
        last = own[-1]
        means = [
            each
            for each in self.means
            if (each.source_id, each.parameter) == (last.source_id, last.parameter)
            and last.start <= each.start < (last.end or last.start)
        ]
        silent = last.start if last.unit == "s" else None
        spans = spans_of(last) if last.source_id is not None else []
        found = self.facts(last.source_id, 0, 0, violations=own, means=means)
        messages: dict[int, StoredMessage] = {}
        for since, until in spans:
            part = self.facts(last.source_id, since, until, silent_from=silent)
            messages |= {each.record.offset: each for each in part.messages}
        return found._replace(messages=tuple(messages[at] for at in sorted(messages)))

    def of_gap(self, identity: str, revisions: slice = slice(None)) -> Facts:
        """What is stored of a gap."""
        own = [each for each in self.gaps if each.id == identity][revisions]
        last = own[-1]
        since, until = readings_of(last.start, last.end, last.detected_at)
        return self.facts(last.source_id, since, until, gaps=own, silent_from=last.start)

    def of_mean(self, key: tuple[str, str, str, str, int]) -> Facts:
        """What is stored of a mean."""
        own = [
            each
            for each in self.means
            if (each.source_id, each.parameter, each.unit, each.window, each.start) == key
        ]
        since, until = readings_of(own[-1].start, own[-1].end, own[-1].stream_time)
        return self.facts(key[0], since, until, means=own)
