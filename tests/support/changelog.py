"""Checkpoints in the changelog, made without an engine."""

from __future__ import annotations

from collections.abc import Mapping

from streams.changelog.replica import NEXT_OFFSET, ChangelogReplica, marker_key
from streams.kafka.producer import PartitionRecord


def checkpoint_records(
    partition: int, state: Mapping[str, bytes | None], reached: int, saved: ChangelogReplica
) -> list[PartitionRecord]:
    """The records of a checkpoint on top of what was saved before, its mark last."""
    headers = ((NEXT_OFFSET, str(reached).encode()),)
    records = [PartitionRecord(key.encode(), value, headers) for key, value in state.items()]
    return [*records, PartitionRecord(marker_key(partition), saved.marker(state, reached), headers)]
