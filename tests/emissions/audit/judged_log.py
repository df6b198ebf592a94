"""The worked example judged by the core alone, and an audit of its logs as they are or altered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from emissions.audit.check import AuditCheck
from emissions.audit.evidence_check import EvidenceCheck, ViolationSample
from emissions.audit.ledger_check import check_ledger
from emissions.audit.partition_log import PartitionLog
from emissions.audit.published_results import PublishedResults
from emissions.audit.root_check import RootCheck, RootSample
from emissions.input.read_inputs import read_inputs
from emissions.input.reading_row import ReadingRow
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.engine.outcome import Ledger
from streams.core.law.policy import Policy
from streams.core.records.partitioning import Share
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Enterprise
from streams.registry.document import load_registry
from tests.oracle.scenarios import scenario
from tests.support.core_run import TOPIC, history, judge, logs

EXAMPLE = Path(__file__).parents[2] / "oracle" / "example"
CODEC = Codec(FileIds())


@dataclass
class Judged:
    """Logs by partition, the ledgers they led to, and everything published."""

    enterprises: list[Enterprise]
    logs: list[list[RawRecord]]
    ledgers: list[Ledger]
    published: PublishedResults

    def copy(self) -> Judged:
        """The same, with logs, ledgers and dead letters that may be altered."""
        buried = {number: dict(letters) for number, letters in self.published.buried.items()}
        return Judged(
            self.enterprises,
            [list(log) for log in self.logs],
            [msgspec.structs.replace(ledger) for ledger in self.ledgers],
            replace(self.published, buried=buried),
        )

    def audit(self, *, sample: int | None = None, committed: int | None = None) -> list[AuditCheck]:
        """The checks that need no ClickHouse: a ledger a partition, the evidence, the roots."""
        ends = [log[-1].offset + 1 if log else 0 for log in self.logs]
        reach = {
            number: (log[0].offset if log else 0, ledger.next_offset)
            for number, (log, ledger) in enumerate(zip(self.logs, self.ledgers, strict=True))
        }
        chosen = ViolationSample(self.published.standing(), TOPIC, reach, sample, Policy().grace)
        rooted = RootSample(self.published.roots.values(), TOPIC, reach)
        checks, wrong, unlike = [], list[str](), list[str]()
        registry = history(self.enterprises)
        for number, (log, ledger) in enumerate(zip(self.logs, self.ledgers, strict=True)):
            evidence = EvidenceCheck(number, chosen.claims)
            buried = self.published.buried.get(number, {})
            share = Share(number, len(self.logs))
            roots = RootCheck(number, rooted.claims, Policy().day_grace)
            audited = PartitionLog(
                CODEC.decode_reading, registry, Policy(), share, buried, evidence, roots
            )
            for record in log:
                if record.offset < ledger.next_offset:
                    audited.take(record)
            upto = ledger.next_offset if committed is None else committed
            begin, _ = reach[number]
            checks.append(check_ledger(number, ledger, audited, buried, upto, begin, ends[number]))
            wrong += evidence.differences()
            unlike += audited.wrong_roots()
        return [*checks, chosen.check(wrong), rooted.check(unlike)]


def judged(registry: Path, source: Path) -> Judged:
    """Judge an input under a registry."""
    enterprises = load_registry(registry)
    parameters = {c.parameter for e in enterprises for s in e.sources for c in s.channels}
    rows = list(read_inputs([source], parameters))
    return judged_rows(list(enterprises), rows)


def judged_rows(enterprises: list[Enterprise], rows: list[ReadingRow]) -> Judged:
    """Judge rows of an input, and keep what was published."""
    made = logs(rows, None, 2)
    found, ledgers = PublishedResults(TOPIC), []
    for number, log in enumerate(made):
        alone = [log if at == number else [] for at in range(len(made))]
        _, outcomes = judge(history(enterprises), alone)
        for outcome in outcomes:
            for name, records in (
                ("WindowMean", outcome.means),
                ("DataGap", outcome.gaps),
                ("Finding", outcome.findings),
                ("NoticeVerdict", outcome.notices),
                ("Violation", outcome.violations),
                ("SourceDayRoot", outcome.roots),
                ("DeadLetter", outcome.dead_letters),
            ):
                for record in records:
                    found.add(name, CODEC.decode(encoded(name, record))[1])
        saved = outcomes[-1].state[f"{number}/ledger"]
        assert saved is not None
        ledgers.append(msgspec.msgpack.decode(saved, type=Ledger))
    return Judged(enterprises, made, ledgers, found)


def encoded(name: str, record: msgspec.Struct) -> bytes:
    """A finding as a message of its topic."""
    fields = msgspec.structs.asdict(record)
    if name == "Violation":
        fields = msgspec.to_builtins(record)
    if name == "DeadLetter":
        fields["headers"] = [{"name": n, "value": v} for n, v in fields["headers"]]
    return CODEC.encode(name, fields)


def nasty(seed: int, directory: Path) -> Judged:
    """One of the generated scenarios with everything that real streams have."""
    registry, readings = scenario(seed).write(directory)
    return judged(registry, readings)
