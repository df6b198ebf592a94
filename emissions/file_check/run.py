"""Judge the input of a check in this process, as a replay of it would be judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from emissions.offline.engine import BATCH, OfflineEngine
from emissions.offline.planned_log import PlannedLog
from emissions.offline.quality import Channel, QualityCounter
from emissions.offline.registry import loaded_registry
from emissions.progress import ReportProgress
from emissions.replay.message_buffer import NO_FILE, MessageBuffer
from emissions.replay.publication_plan import PublicationPlan, plan_publication
from schemas.codec import Codec
from streams.core.engine.outcome import Outcome
from streams.core.law.rule import RuleSet
from streams.core.records.findings import DataGap, DeadLetter, Finding, Violation
from streams.core.registry.enterprise import Enterprise
from streams.registry.notices import DatedNotice
from streams.settings import Settings

WITHDRAWN: Final = "WITHDRAWN"
LISTED_ROWS: Final = 100_000
"""Refused rows that are listed; all are counted. A wrong registry refuses every row of a file."""


class RefusedRow(NamedTuple):
    """A row that would end among the dead letters; ``measured_at`` ms UTC."""

    reason: str
    source_id: str
    measured_at: int
    file: str | None
    row: int
    detail: str


@dataclass
class Checked:
    """What was found in an input; of every gap, violation and finding the last revision."""

    plan: PublicationPlan
    violations: dict[str, Violation] = field(default_factory=dict)
    gaps: dict[str, DataGap] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    refused_rows: list[RefusedRow] = field(default_factory=list)
    seconds: dict[Channel, Counter[str]] = field(default_factory=dict)
    used: int = 0
    duplicates: int = 0

    def standing_violations(self) -> list[Violation]:
        """Return the violations that were not withdrawn, sorted as an export is."""
        standing = (each for each in self.violations.values() if each.status != WITHDRAWN)
        return sorted(standing, key=violation_order)

    def standing_gaps(self) -> list[DataGap]:
        """Return the gaps that were not withdrawn, sorted by source, channel and start."""
        standing = (each for each in self.gaps.values() if each.status != WITHDRAWN)
        return sorted(standing, key=lambda gap: (gap.source_id, gap.parameter or "", gap.start))

    def standing_findings(self) -> list[Finding]:
        """Return what an inspector would look at, sorted by kind, source, parameter and start."""
        standing = (each for each in self.findings.values() if each.status != WITHDRAWN)
        return sorted(
            standing,
            key=lambda each: (
                each.kind,
                each.source_id or each.bin,
                each.parameter or "",
                each.start,
            ),
        )


def violation_order(violation: Violation) -> tuple[Any, ...]:
    """Return the sort key of a violation: rule, source, enterprise, parameter, start."""
    return (
        violation.rule,
        violation.source_id or "",
        violation.bin,
        violation.parameter or "",
        violation.start,
        violation.id,
    )


def check_input(
    tape: MessageBuffer,
    enterprises: Sequence[Enterprise],
    *,
    settings: Settings,
    rules: RuleSet,
    codec: Codec,
    until: int | None,
    now: int,
    report: ReportProgress,
    notices: Sequence[DatedNotice] = (),
    seen: Callable[[Outcome], None] = lambda _: None,
) -> Checked:
    """Judge every message of the input; ``until`` and ``now`` as `plan_publication` takes them.

    Topic, number of partitions and policy are those of the settings, so that results are the same
    as those of a replay, ids, offsets and hashes included. ``seen`` receives each outcome.
    """
    plan = plan_publication(tape.arrived, tape.ends, until, now)
    registry = loaded_registry(
        enterprises,
        notices,
        codec=codec,
        settings=settings,
        country=rules.country,
        until=until,
    )
    quality = QualityCounter(codec, registry, settings.policy, settings.partitions)
    engine = OfflineEngine(
        topic=settings.topic_readings,
        partitions=settings.partitions,
        decode=quality.decode,
        rules=rules,
        policy=settings.policy,
        registry=registry,
    )
    log = PlannedLog(tape, plan, codec, settings.partitions)
    found = Checked(plan, seconds=quality.seconds)
    done, total = 0, len(plan.order)
    for partition, records in log.batches(BATCH):
        outcome = engine.apply(partition, records)
        quality.count(partition, records, outcome)
        _take(found, outcome, log, tape)
        seen(outcome)
        done = min(total, done + len(records))
        report("judging", done, total)
    return found


def _take(found: Checked, outcome: Outcome, log: PlannedLog, tape: MessageBuffer) -> None:
    found.used += outcome.used
    found.duplicates += outcome.duplicates
    found.violations.update((each.id, each) for each in outcome.violations)
    found.gaps.update((each.id, each) for each in outcome.gaps)
    found.findings.update((each.id, each) for each in outcome.findings)
    for letter in outcome.dead_letters:
        found.refused[letter.reason] += 1
        if len(found.refused_rows) < LISTED_ROWS:
            row = _refused_row(letter, log, tape)
            if row is not None:
                found.refused_rows.append(row)


def _refused_row(letter: DeadLetter, log: PlannedLog, tape: MessageBuffer) -> RefusedRow | None:
    index = log.index_of(letter.partition, letter.offset)
    if index is None:
        return None
    number = tape.file_numbers[index]
    return RefusedRow(
        letter.reason,
        letter.source_id or tape.keys[tape.key_number(index)].decode(errors="replace"),
        tape.starts[index],
        None if number == NO_FILE else tape.files[number],
        tape.rows[index],
        letter.detail,
    )
