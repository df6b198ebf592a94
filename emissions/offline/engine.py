"""The judging code on the partitions of a log, with the state in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from schemas.columns import DecodedBatch
from streams.core.engine.memory_log import MemoryLog
from streams.core.engine.outcome import Outcome
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.law.rule import RuleSet
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory

Decode = Callable[[Sequence[bytes | None]], DecodedBatch]

BATCH: Final = 10_000
"""Records that are judged at once: as many as a worker fetches."""

SAVED_AFTER: Final = 30_000
"""Records of a partition after which changed hours are encoded: they take a tenth of the room."""


class OfflineEngine:
    """Judges batches of any partition; results are those of workers that judge the same log.

    Nothing is held: a log that is judged again has no deployment that could be wrong.
    """

    def __init__(
        self,
        *,
        topic: str,
        partitions: int,
        decode: Decode,
        rules: RuleSet,
        policy: Policy,
        registry: RegistryHistory,
    ) -> None:
        self._states: list[dict[str, bytes]] = [{} for _ in range(partitions)]
        self._unsaved = [0] * partitions
        self._processors = [
            PartitionProcessor(
                topic=topic,
                partition=partition,
                partitions=partitions,
                decode=decode,
                rules=rules,
                policy=policy,
                registry=registry,
                state=state,
            )
            for partition, state in enumerate(self._states)
        ]
        self._logs = [MemoryLog(each, registry.notices) for each in self._processors]

    def apply(self, partition: int, records: Sequence[RawRecord]) -> Outcome:
        """Judge the next records of a partition, in the order of their offsets."""
        self._logs[partition].supply(records)
        outcome = self._processors[partition].apply(records, save=False)
        self._unsaved[partition] += len(records)
        if self._unsaved[partition] >= SAVED_AFTER:
            self._save(partition)
        return outcome

    def _save(self, partition: int) -> None:
        state, processor = self._states[partition], self._processors[partition]
        for key, value in processor.save().items():
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
        processor.commit()
        self._unsaved[partition] = 0
