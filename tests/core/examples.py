"""Small registrations, readings and logs, and the fold of a log with all that it published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.core.cases.measures import MeasureHistory
from streams.core.cases.scene import CaseLaw
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.law.rule import RuleSet
from streams.core.quality.authenticity import Signatures
from streams.core.records.advice import Advice
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import DataGap, DeadLetter, Finding, Proof, Violation, WindowMean
from streams.core.records.notice_verdict import NoticeVerdict
from streams.core.records.record import RawRecord
from streams.core.records.root import SourceDayRoot
from streams.core.registry.enterprise import (
    Asm,
    Channel,
    Conditions,
    Criteria,
    Enterprise,
    Excused,
    Limit,
    Names,
    Source,
)
from streams.core.sources.history import RegistryHistory
from streams.core.time.interval import HOUR, MINUTE
from streams.core.time.local_clock import parse_instant
from streams.rules.calendar import load_calendar
from streams.rules.load import load_rules
from streams.rules.payment import load_payment
from streams.signing.ed25519 import verify

ALMATY = "Asia/Almaty"
BIN = "990140001233"
TOPIC = "emissions.readings"
PERIOD = 10 * MINUTE
STANDARD = Conditions(temperature_k=293.15, pressure_kpa=101.3, dry=True)
SO2 = Channel("SO2", "mg/m3", basis="dry", conditions=STANDARD, range=(0.0, 3000.0))
"""A channel that already measures in the reference of `limit`: means are means of what was sent."""

CODEC = Codec(FileIds())
RULES = load_rules()
PAYMENT = load_payment()  # once: an engine is made for each of many examples
CALENDAR = load_calendar("KZ")
SIGNATURES = Signatures(verify)


def local(text: str, zone: str = ALMATY) -> int:
    """An instant written as a date, or as a time at UTC+5: ``2026-04-01 08:00``."""
    return parse_instant(zone, text if len(text) == 10 else f"{text.replace(' ', 'T')}+05:00")


def limit(value: float, parameter: str = "SO2", unit: str = "mg/m3", **changes: Any) -> Limit:
    """A limit that is always in force, in the standard reference."""
    reference = STANDARD if unit == "mg/m3" else None
    return msgspec.structs.replace(Limit(parameter, value, unit, reference=reference), **changes)


def source(identity: str = "A", **changes: Any) -> Source:
    """A source of ten-minute readings of dry SO2 with a limit of 500 mg/m3."""
    plain = Source(identity, 600, (SO2,), limits=(limit(500.0),))
    return msgspec.structs.replace(plain, **changes)


def enterprise(*sources: Source, **changes: Any) -> Enterprise:
    """An enterprise without any duty of its own (category II) and never connected."""
    plain = Enterprise(
        bin=BIN,
        name=Names("Пример", "Мысал", "Example"),
        region="KZ-55",
        category=2,
        business_size="large",
        commissioned_on="2009-05-01",
        sources=sources or (source(),),
    )
    return msgspec.structs.replace(plain, **changes)


def obliged(**changes: Any) -> Enterprise:
    """A category I enterprise with a source that must be monitored, and nothing installed."""
    stack = source(criteria=Criteria(plant="station", fuel="solid", electric_mw=210.0))
    return enterprise(stack, **({"category": 1} | changes))


def connected(*sources: Source, on: str = "2026-01-01", **changes: Any) -> Enterprise:
    """An enterprise whose sources have been connected since a date."""
    return enterprise(*sources, asm=Asm("2020-01-01", on), **changes)


def excused(start: str | None, end: str | None) -> Excused:
    """A period of the registry, given like `local` without its offset."""
    return Excused(_with_offset(start), _with_offset(end))


def _with_offset(text: str | None) -> str | None:
    return text if text is None or len(text) == 10 else f"{text.replace(' ', 'T')}:00+05:00"


def reading(measured_at: int, /, **changes: Any) -> Reading:
    """A normal reading of source A with SO2 = 100; parameters go in as ``values``."""
    plain = Reading("A", measured_at, 600, "NORMAL", None, {"SO2": 100.0}, {})
    return msgspec.structs.replace(plain, **changes)


def history(*enterprises: Enterprise) -> RegistryHistory:
    """A registry that was loaded before everything else."""
    registry = RegistryHistory()
    for number, each in enumerate(enterprises):
        registry.add(-(1 << 61), each.bin, each, proof(number))
    return registry


def proof(offset: int) -> Proof:
    """The evidence of a registration."""
    return Proof("emissions.registry", 0, offset, offset, 0, "0" * 64)


TICK = CODEC.encode("StreamTick", {"sent_at": 0})


@dataclass
class Log:
    """A partition's log, written record by record."""

    records: list[RawRecord] = field(default_factory=list)

    def raw(
        self,
        arrival: int,
        value: bytes | None,
        key: str | None = "A",
        headers: tuple[tuple[str, bytes | None], ...] = (),
    ) -> Log:
        """Any message."""
        name = None if key is None else key.encode()
        self.records.append(RawRecord(len(self.records), arrival, name, value, headers))
        return self

    def tick(self, at: int) -> Log:
        """Time passes."""
        return self.raw(at, TICK, None)

    def add(
        self,
        item: Reading,
        arrival: int | None = None,
        headers: tuple[tuple[str, bytes | None], ...] = (),
    ) -> Log:
        """A reading, arriving at its interval's end unless told otherwise."""
        value = CODEC.encode("EmissionReading", msgspec.structs.asdict(item))
        at = item.ends_at if arrival is None else arrival
        return self.raw(at, value, item.source_id, headers)

    def series(self, start: int, values: Iterable[float | None], **changes: Any) -> Log:
        """Readings of SO2 in a row, each on time; None: nothing was sent."""
        period = changes.get("period_s", 600) * 1000
        for index, value in enumerate(values):
            if value is not None:
                at = start + index * period
                self.add(reading(at, **({"values": {"SO2": value}} | changes)))
        return self


@dataclass
class Found:
    """Everything that was published, in order, the last state and the ledger."""

    means: list[WindowMean] = field(default_factory=list)
    gaps: list[DataGap] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    notices: list[NoticeVerdict] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    cases: list[AdministrativeCase] = field(default_factory=list)
    roots: list[SourceDayRoot] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    duplicate_offsets: list[int] = field(default_factory=list)
    state: dict[str, bytes] = field(default_factory=dict)
    used: int = 0
    duplicates: int = 0
    ticks: int = 0
    largest: tuple[int, int] = (0, 0)

    @property
    def last_means(self) -> dict[tuple[str, str, str, str, int], WindowMean]:
        """The last revision of each mean."""
        return {_mean_key(mean): mean for mean in self.means}

    @property
    def last_gaps(self) -> dict[str, DataGap]:
        """The last revision of each gap, withdrawn ones included."""
        return {gap.id: gap for gap in self.gaps}

    @property
    def last_violations(self) -> dict[str, Violation]:
        """The last revision of each violation, withdrawn ones included."""
        return {violation.id: violation for violation in self.violations}

    def last_findings(self, kind: str) -> list[Finding]:
        """The last revision of each finding of a kind, withdrawn ones included, by start."""
        last = {each.id: each for each in self.findings if each.kind == kind}
        return sorted(last.values(), key=lambda each: (each.start, each.source_id or ""))

    def mean(self, window: str, start: int, **other: str) -> WindowMean:
        """The last revision of one mean of source A."""
        of = {"parameter": "SO2", "unit": "mg/m3"} | other
        return self.last_means["A", of["parameter"], of["unit"], window, start]

    def standing(self, rule: str) -> list[Violation]:
        """The violations of a rule that were not withdrawn, by start."""
        kept = [each for each in self.last_violations.values() if each.rule == rule]
        kept = [each for each in kept if each.status != "WITHDRAWN"]
        return sorted(kept, key=lambda each: (each.start, each.source_id or ""))

    def spans(self, parameter: str | None = None) -> list[tuple[int, int | None]]:
        """The gaps that were not withdrawn, as intervals."""
        gaps = [gap for gap in self.last_gaps.values() if gap.status != "WITHDRAWN"]
        return sorted((gap.start, gap.end) for gap in gaps if gap.parameter == parameter)

    @property
    def last_cases(self) -> dict[str, AdministrativeCase]:
        """The last revision of each case, withdrawn ones included."""
        return {case.id: case for case in self.cases}

    @property
    def last_roots(self) -> dict[tuple[str, str], SourceDayRoot]:
        """The last revision of the root of each source and day."""
        return {(root.source_id, root.day): root for root in self.roots}

    @property
    def verdicts(self) -> dict[str, str]:
        """The last verdict on each notice."""
        return {each.notice_id: each.verdict for each in self.notices}

    def story(self, identity: str) -> list[tuple[int, str]]:
        """The revisions of one violation in the order of publication."""
        return [(each.revision, each.status) for each in self.violations if each.id == identity]


def _mean_key(mean: WindowMean) -> tuple[str, str, str, str, int]:
    return mean.source_id, mean.parameter, mean.unit, mean.window, mean.start


def engine(
    registry: RegistryHistory,
    state: dict[str, bytes] | None = None,
    *,
    policy: Policy | None = None,
    rules: RuleSet = RULES,
    measures: MeasureHistory | None = None,
    signatures: Signatures | None = SIGNATURES,
    advice: bool = False,
) -> PartitionProcessor:
    """The engine of the only partition there is."""
    return PartitionProcessor(
        topic=TOPIC,
        partition=0,
        partitions=1,
        decode=CODEC.decode_readings,
        rules=rules,
        policy=policy or Policy(),
        registry=registry,
        state={} if state is None else state,
        cases=CaseLaw(PAYMENT, CALENDAR, measures or MeasureHistory()),
        signatures=signatures,
        advice=advice,
    )


def fold(
    log: Log | Sequence[RawRecord],
    registry: RegistryHistory | Enterprise | None = None,
    cuts: Iterable[int] = (),
    *,
    rebuilt: bool = False,
    policy: Policy | None = None,
    rules: RuleSet = RULES,
    measures: MeasureHistory | None = None,
    advice: bool = False,
) -> Found:
    """Apply a log, cut into batches before the offsets given; ``rebuilt``: a new engine each."""
    records = log.records if isinstance(log, Log) else log
    if not isinstance(registry, RegistryHistory):
        registry = history(registry or enterprise())
    found = Found()

    def started() -> PartitionProcessor:
        return engine(
            registry, found.state, policy=policy, rules=rules, measures=measures, advice=advice
        )

    running = started()
    edges = [0, *sorted(set(cuts)), len(records)]
    for start, end in pairwise(edges):
        if rebuilt:
            running = started()
        take(found, running, records[start:end], records)
        running.commit()
    return found


def one_by_one(
    log: Log,
    registry: RegistryHistory | Enterprise | None = None,
    *,
    policy: Policy | None = None,
    rules: RuleSet = RULES,
) -> Found:
    """Apply a log record by record: every change of a gap or violation is published."""
    return fold(log, registry, range(1, len(log.records)), policy=policy, rules=rules)


def take(
    found: Found,
    running: PartitionProcessor,
    batch: Sequence[RawRecord],
    log: Sequence[RawRecord] = (),
) -> None:
    """Apply one batch and write down what it brought; ``log`` is what may be read again."""
    for start, end in running.wanted(batch):
        running.supply([record for record in log if start <= record.offset < end])
    outcome = running.apply(batch)
    found.means += outcome.means
    found.gaps += outcome.gaps
    found.violations += outcome.violations
    found.dead_letters += outcome.dead_letters
    found.notices += outcome.notices
    found.findings += outcome.findings
    found.cases += outcome.cases
    found.roots += outcome.roots
    found.advice += outcome.advice
    found.duplicate_offsets += outcome.duplicate_offsets
    found.used += outcome.used
    found.duplicates += outcome.duplicates
    found.ticks += outcome.ticks
    for key, value in outcome.state.items():
        if value is None:
            del found.state[key]
        else:
            found.state[key] = value
    # Cases are kept for as long as an act is punished (КоАП 62), whatever the lateness is.
    size = sum(
        len(key) + len(value) for key, value in found.state.items() if not key.startswith("0/case")
    )
    found.largest = max(found.largest[0], len(found.state)), max(found.largest[1], size)


def quiet(log: Log, after: int = 2 * HOUR) -> Log:
    """The log with a tick a while after its latest record."""
    return log.tick(max(record.timestamp for record in log.records) + after)
