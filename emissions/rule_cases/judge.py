"""Judges cases by the core alone, in this process: no broker, no store."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

import msgspec

from emissions.input.read_inputs import read_inputs
from emissions.replay.publication_plan import UNKNOWN, plan_publication
from emissions.rule_cases.case import CaseError, CaseFile
from emissions.rule_cases.scenario import Scenario, scenario
from emissions.rule_cases.sentences import SentenceError, differences, finding
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.law.rule import RuleSet
from streams.core.records.findings import Proof
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory
from streams.registry.document import load_registry

_BEFORE_EVERYTHING = -(1 << 61)

_SHORT: Final = 3000
"""Records of a log that are applied one by one."""


def check_cases(cases: CaseFile, rules: RuleSet) -> list[str]:
    """Return a sentence for each thing that the core finds otherwise than a case says.

    Raises CaseError for a case that is not understood.
    """
    if cases.rule not in {rule.code for rule in rules.rules}:
        raise CaseError(f"{cases.rule}: there are cases of it and no rule")
    said = []
    for case in cases.cases:
        try:
            wanted = [finding(text, case.local_day) for text in case.found]
            made = scenario(case, rules.country)
        except SentenceError as error:
            raise CaseError(f"{cases.rule}, {case.case}: {error}") from None
        found = differences(wanted, violations(made, rules), cases.rule, zone_name=case.zone)
        said += [f"{cases.rule}, {case.case}: {each}" for each in found]
    return said


def violations(made: Scenario, rules: RuleSet) -> list[dict[str, Any]]:
    """Return the last revision of every violation in a scenario, with times in ms UTC."""
    with tempfile.TemporaryDirectory(prefix="emissions-case-") as directory:
        registry_path, readings_path = made.write(Path(directory))
        enterprises = load_registry(registry_path, rules.country)
        parameters = {
            channel.parameter
            for enterprise in enterprises
            for source in enterprise.sources
            for channel in source.channels
        }
        rows = list(read_inputs([readings_path], parameters))
    registry = RegistryHistory()
    for number, enterprise in enumerate(enterprises):
        proof = Proof("registry", 0, number, number, 0, "0" * 64)
        registry.add(_BEFORE_EVERYTHING, enterprise.bin, enterprise, proof)
    codec = Codec(FileIds())
    engine = PartitionProcessor(
        topic="readings",
        partition=0,
        partitions=1,
        decode=codec.decode_readings,
        rules=rules,
        policy=Policy(),
        registry=registry,
        state={},
    )
    arrived = [UNKNOWN if row.arrived_at is None else row.arrived_at for row in rows]
    ends = [row.reading.ends_at for row in rows]
    plan = plan_publication(arrived, ends, made.until, made.until)
    tick = codec.encode("StreamTick", {"sent_at": plan.first_tick})
    log = [RawRecord(0, plan.first_tick, None, tick, ())]
    for index, timestamp in zip(plan.order, plan.timestamps, strict=True):
        reading = rows[index].reading
        value = codec.encode("EmissionReading", msgspec.structs.asdict(reading))
        log.append(RawRecord(len(log), timestamp, reading.source_id.encode(), value, ()))
    log.append(RawRecord(len(log), plan.until, None, tick, ()))
    found: dict[str, dict[str, Any]] = {}
    # One by one, so that every revision is seen; of a year that would take a minute.
    step = 1 if len(log) < _SHORT else _SHORT // 10
    for at in range(0, len(log), step):
        for violation in engine.apply(log[at : at + step]).violations:
            found[violation.id] = msgspec.to_builtins(violation)
    return list(found.values())
