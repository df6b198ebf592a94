"""What the judging core finds in a simulated nation, in this process."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.findings import Proof
from streams.core.log import RawRecord
from streams.core.partition import PartitionEngine
from streams.core.partitioning import partition_of
from streams.core.policy import Policy
from streams.core.registry_history import RegistryHistory
from streams.rule_files import load_rules
from streams.simulation.found import Found
from streams.simulation.nation import Nation
from streams.simulation.stream import records

PARTITIONS = 2
WITHDRAWN = "WITHDRAWN"


def judge(nation: Nation) -> Found:
    """The last revision of every finding after the whole log and one tick at its end."""
    codec, rules = Codec(FileIds()), load_rules()
    registry = RegistryHistory()
    for number, enterprise in enumerate(nation.enterprises):
        proof = Proof("emissions.registry", 0, number, number, 0, "0" * 64)
        registry.add(nation.start, enterprise.bin, enterprise, proof)
    means: dict[Any, Any] = {}
    gaps: dict[str, Any] = {}
    violations: dict[str, Any] = {}
    dead_letters: list[Any] = []
    duplicates = 0
    for partition, log in enumerate(_logs(nation, codec)):
        engine = PartitionEngine(
            topic="emissions.readings",
            partition=partition,
            partitions=PARTITIONS,
            decode=codec.decode_readings,
            rules=rules,
            policy=Policy(),
            registry=registry,
            state={},
        )
        for at in range(0, len(log), 1000):
            outcome = engine.apply(log[at : at + 1000])
            for mean in outcome.means:
                means[mean.source_id, mean.parameter, mean.unit, mean.window, mean.start] = mean
            gaps |= {gap.id: gap for gap in outcome.gaps}
            violations |= {violation.id: violation for violation in outcome.violations}
            dead_letters += outcome.dead_letters
            duplicates += outcome.duplicates
    plain = msgspec.structs.asdict
    return Found(
        violations=[plain(each) for each in violations.values() if each.status != WITHDRAWN],
        gaps=[plain(gap) for gap in gaps.values() if gap.status != WITHDRAWN],
        dead_letters=[plain(letter) for letter in dead_letters],
        means=[plain(mean) for mean in means.values()],
        duplicates=duplicates,
    )


def _logs(nation: Nation, codec: Codec) -> list[list[RawRecord]]:
    tick = codec.encode("StreamTick", {"sent_at": nation.until})
    logs: list[list[RawRecord]] = [[] for _ in range(PARTITIONS)]
    for batch in records(nation, codec):
        for record in batch:
            log = logs[partition_of(record.key.decode(), PARTITIONS)]
            log.append(RawRecord(len(log), record.arrived_at, record.key, record.value, ()))
    for log in logs:
        log.append(RawRecord(len(log), nation.until, None, tick, ()))
    return logs
