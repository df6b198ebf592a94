"""Checkpoints in the changelog, made without an engine."""

from __future__ import annotations

from collections.abc import Mapping

from streams.outbox import RawOutput
from streams.saved_state import NEXT_OFFSET, SavedState, mark_key


def checkpoint_records(
    partition: int, state: Mapping[str, bytes | None], reached: int, saved: SavedState
) -> list[RawOutput]:
    """The records of a checkpoint on top of what was saved before, its mark last."""
    headers = ((NEXT_OFFSET, str(reached).encode()),)
    records = [RawOutput(key.encode(), value, headers) for key, value in state.items()]
    return [*records, RawOutput(mark_key(partition), saved.mark(state, reached), headers)]
