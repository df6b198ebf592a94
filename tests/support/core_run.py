"""Runs the judging core alone, in this process: what a replay finds, without broker and sinks.

``python -m tests.support.core_run REGISTRY INPUT [--until T] --export DIR``
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from emissions.input.cells import instant
from emissions.input.read_inputs import read_inputs
from emissions.input.reading_row import ReadingRow
from emissions.replay.export import ReplayResults, write_export
from emissions.replay.publication_plan import UNKNOWN, plan_publication
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.cases.measures import MeasureHistory
from streams.core.cases.scene import CaseLaw
from streams.core.engine.outcome import Outcome
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.findings import DeadLetter, Proof
from streams.core.records.partitioning import partition_of
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Enterprise
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.registry.document import load_registry
from streams.registry.measures import load_measures
from streams.registry.notices import DatedNotice, load_notices
from streams.rules.calendar import load_calendar
from streams.rules.country import home
from streams.rules.load import load_rules
from streams.rules.payment import load_payment

TOPIC = "emissions.readings"
NOW = 1_795_300_000_000  # 2026-11-21, later than any scenario

Cut = Callable[[Sequence[RawRecord]], Iterator[Sequence[RawRecord]]]


def by(size: int) -> Cut:
    """Cut a partition's log into batches of a size."""

    def cut(log: Sequence[RawRecord]) -> Iterator[Sequence[RawRecord]]:
        for start in range(0, len(log), size):
            yield log[start : start + size]

    return cut


_BY_500 = by(500)


def history(
    enterprises: Iterable[Enterprise], notices: Iterable[DatedNotice] = ()
) -> RegistryHistory:
    """A registry that was loaded before everything else, and notices by their arrival."""
    told = NoticeHistory(load_calendar(home().code))
    for each in notices:
        told.add(each.notice, each.arrived_at or 0)
    registry = RegistryHistory(told)
    for number, enterprise in enumerate(enterprises):
        proof = Proof("emissions.registry", 0, number, number, 0, "0" * 64)
        registry.add(-(1 << 61), enterprise.bin, enterprise, proof)
    return registry


def logs(
    rows: Sequence[ReadingRow],
    until: int | None,
    partitions: int,
    now: int = NOW,
    misplaced: Container[int] = (),
) -> list[list[RawRecord]]:
    """The log of every partition as a replay publishes it.

    ``misplaced``: numbers of rows, from 1, of which a producer puts the even ones into another
    partition than their key's, the odd ones under another key.
    """
    codec = Codec(FileIds())
    arrived = [UNKNOWN if row.arrived_at is None else row.arrived_at for row in rows]
    plan = plan_publication(arrived, [row.reading.ends_at for row in rows], until, now)
    tick = codec.encode("StreamTick", {"sent_at": plan.first_tick})
    found = [[RawRecord(0, plan.first_tick, None, tick, ())] for _ in range(partitions)]
    for index, timestamp in zip(plan.order, plan.timestamps, strict=True):
        reading = rows[index].reading
        key, partition = reading.source_id, partition_of(reading.source_id, partitions)
        if index + 1 in misplaced:
            partition = (partition + 1) % partitions
            key = key if index % 2 else _key_of(partition, partitions)
        log = found[partition]
        value = codec.encode("EmissionReading", msgspec.structs.asdict(reading))
        log.append(RawRecord(len(log), timestamp, key.encode(), value, ()))
    for log in found:
        log.append(RawRecord(len(log), plan.until, None, tick, ()))
    return found


def _key_of(partition: int, partitions: int) -> str:
    keys = (f"another-{number}" for number in range(1000))
    return next(key for key in keys if partition_of(key, partitions) == partition)


def as_on_the_topic(letter: DeadLetter) -> dict[str, Any]:
    """A dead letter of the core as the record that its topic has."""
    headers = [{"name": name, "value": value} for name, value in letter.headers]
    return {**msgspec.structs.asdict(letter), "headers": headers}


def judge(
    registry: RegistryHistory,
    partition_logs: Sequence[Sequence[RawRecord]],
    cut: Cut = _BY_500,
    *,
    restart: bool = False,
    measures: MeasureHistory | None = None,
) -> tuple[ReplayResults, list[Outcome]]:
    """Apply every log; with ``restart`` the engine is built anew from its state each batch."""
    findings, outcomes = ReplayResults(), []
    rules, codec = load_rules(), Codec(FileIds())
    for partition, log in enumerate(partition_logs):
        state: dict[str, bytes] = {}
        engine: PartitionProcessor | None = None
        for batch in cut(log):
            if engine is None or restart:
                engine = PartitionProcessor(
                    topic=TOPIC,
                    partition=partition,
                    partitions=len(partition_logs),
                    decode=codec.decode_readings,
                    rules=rules,
                    policy=Policy(),
                    registry=registry,
                    state=state,
                    cases=CaseLaw(
                        load_payment(), load_calendar("KZ"), measures or MeasureHistory()
                    ),
                )
            for start, end in engine.wanted(batch):
                engine.supply([each for each in log if start <= each.offset < end])
            outcome = engine.apply(batch)
            outcomes.append(outcome)
            for key, value in outcome.state.items():
                if value is None:
                    del state[key]
                else:
                    state[key] = value
            engine.commit()
            for mean in outcome.means:
                findings.add("WindowMean", msgspec.structs.asdict(mean))
            for gap in outcome.gaps:
                findings.add("DataGap", msgspec.structs.asdict(gap))
            for finding in outcome.findings:
                findings.add("Finding", msgspec.structs.asdict(finding))
            for notice in outcome.notices:
                findings.add("NoticeVerdict", msgspec.structs.asdict(notice))
            for case in outcome.cases:
                findings.add("AdministrativeCase", msgspec.to_builtins(case))
            for violation in outcome.violations:
                findings.add("Violation", msgspec.to_builtins(violation))
            for letter in outcome.dead_letters:
                findings.add("DeadLetter", as_on_the_topic(letter))
    return findings, outcomes


def _rows(enterprises: Iterable[Enterprise], input_path: Path) -> list[ReadingRow]:
    parameters = {
        channel.parameter
        for enterprise in enterprises
        for source in enterprise.sources
        for channel in source.channels
    }
    return list(read_inputs([input_path], parameters))


def run(
    registry_path: Path,
    input_path: Path,
    until: int | None = None,
    *,
    partitions: int = 4,
    cut: Cut = _BY_500,
    restart: bool = False,
    now: int = NOW,
    misplaced: Container[int] = (),
    notices: Path | None = None,
    measures: Path | None = None,
) -> ReplayResults:
    """What a replay of one input under one registry finds."""
    enterprises = load_registry(registry_path)
    rows = _rows(enterprises, input_path)
    partition_logs = logs(rows, until, partitions, now, misplaced)
    told = () if notices is None else load_notices(notices, dated=True)
    decided = MeasureHistory()
    if measures is not None:
        for each in load_measures(measures, now=now, dated=True):
            decided.add(each.measure, each.arrived_at or 0)
    registered = history(enterprises, told)
    return judge(registered, partition_logs, cut, restart=restart, measures=decided)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("registry", type=Path)
    parser.add_argument("input", type=Path)
    parser.add_argument("--until")
    parser.add_argument("--export", type=Path, required=True)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--restart", action="store_true")
    given = parser.parse_args()
    until = None if given.until is None else instant("until", given.until)
    found = run(
        given.registry,
        given.input,
        until,
        partitions=given.partitions,
        cut=by(given.batch),
        restart=given.restart,
    )
    write_export(found, given.export)


if __name__ == "__main__":
    main()
