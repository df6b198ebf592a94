"""What the judging core finds in a simulated nation, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from emissions.simulation.nation import Nation
from emissions.simulation.results import PipelineResults
from emissions.simulation.stream import records
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.cases.measures import MeasureHistory
from streams.core.cases.pending import pending_cases
from streams.core.cases.scene import CaseLaw, CaseScene, CaseSubject
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Proof, Violation
from streams.core.records.partitioning import partition_of
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory
from streams.rules.calendar import load_calendar
from streams.rules.detectors import load_detectors
from streams.rules.load import load_rules
from streams.rules.payment import load_payment

PARTITIONS = 2
WITHDRAWN = "WITHDRAWN"
ZONE = "Asia/Almaty"
LAW = CaseLaw(load_payment(), load_calendar("KZ"), MeasureHistory())


def judge(nation: Nation) -> PipelineResults:
    """The last revision of every finding after the whole log and one tick at its end."""
    codec, rules = Codec(FileIds()), load_rules()
    registry = RegistryHistory()
    for number, enterprise in enumerate(nation.enterprises):
        proof = Proof("emissions.registry", 0, number, number, 0, "0" * 64)
        registry.add(nation.start, enterprise.bin, enterprise, proof)
    means: dict[Any, Any] = {}
    gaps: dict[str, Any] = {}
    violations: dict[str, Any] = {}
    findings: dict[str, Any] = {}
    cases: dict[str, Any] = {}
    first_seen: dict[str, int] = {}
    dead_letters: list[Any] = []
    duplicates = 0
    for partition, log in enumerate(logs(nation, codec)):
        engine = PartitionProcessor(
            topic="emissions.readings",
            partition=partition,
            partitions=PARTITIONS,
            decode=codec.decode_readings,
            rules=rules,
            policy=Policy(),
            registry=registry,
            state={},
            detectors=load_detectors(),
            cases=LAW,
        )
        for at in range(0, len(log), 1000):
            outcome = engine.apply(log[at : at + 1000])
            for mean in outcome.means:
                means[mean.source_id, mean.parameter, mean.unit, mean.window, mean.start] = mean
            findings |= {finding.id: finding for finding in outcome.findings}
            gaps |= {gap.id: gap for gap in outcome.gaps}
            violations |= {violation.id: violation for violation in outcome.violations}
            for each in outcome.violations:
                first_seen.setdefault(each.id, each.detected_at)
            cases |= {case.id: case for case in outcome.cases}
            dead_letters += outcome.dead_letters
            duplicates += outcome.duplicates
    plain = msgspec.structs.asdict
    return PipelineResults(
        violations=[plain(each) for each in violations.values() if each.status != WITHDRAWN],
        gaps=[plain(gap) for gap in gaps.values() if gap.status != WITHDRAWN],
        dead_letters=[plain(letter) for letter in dead_letters],
        means=[plain(mean) for mean in means.values()],
        duplicates=duplicates,
        findings=[plain(each) for each in findings.values() if each.status != WITHDRAWN],
        cases=[
            plain(each) | {"count": len(each.violations)}
            for each in cases.values()
            if each.state != WITHDRAWN
        ],
        pending=list(ahead(violations.values(), first_seen, cases.values())),
    )


def ahead(
    violations: Iterable[Violation], first_seen: dict[str, int], cases: Iterable[AdministrativeCase]
) -> Iterator[dict[str, Any]]:
    """What is of no case yet, as episodes with the moment at which each opens."""
    taken = {name for each in cases for name in (*each.violations, *each.absorbed)}
    subjects: dict[tuple[str, str | None], list[Violation]] = {}
    for each in violations:
        subjects.setdefault((each.bin, each.source_id), []).append(each)
    for (bin_, source_id), known in subjects.items():
        scene = CaseScene(CaseSubject(bin_, source_id, ZONE), *LAW[:3])
        for case in pending_cases(known, first_seen, taken, scene):
            yield case._asdict() | {"count": len(case.violations)}


def logs(nation: Nation, codec: Codec) -> list[list[RawRecord]]:
    tick = codec.encode("StreamTick", {"sent_at": nation.until})
    logs: list[list[RawRecord]] = [[] for _ in range(PARTITIONS)]
    for batch in records(nation, codec):
        for record in batch:
            log = logs[partition_of(record.key.decode(), PARTITIONS)]
            headers = record.headers
            log.append(RawRecord(len(log), record.arrived_at, record.key, record.value, headers))
    for log in logs:
        log.append(RawRecord(len(log), nation.until, None, tick, ()))
    return logs
