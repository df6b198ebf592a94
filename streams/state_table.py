"""The keyed state of the partitions: a Faust table that recovers complete checkpoints only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import faust
from faust.types import TP

from streams.checkpoint import NEXT_OFFSET, mark_key

NAME: Final = "state"


def changelog_topic(app_id: str) -> str:
    """Name of the compacted topic that holds the state of an application."""
    return f"{app_id}-{NAME}-changelog"


class _Recovering:
    """What was read of one partition's changelog and is not known to be complete yet."""

    __slots__ = ("pending", "reached")

    def __init__(self) -> None:
        self.reached = -1
        self.pending: dict[bytes, tuple[int, Any]] = {}  # key -> (offset it reaches, event)


class StateTable(faust.Table):  # type: ignore[misc]
    """Bytes by key, one changelog partition for each partition of the input.

    A checkpoint is many records, and a crash can cut it short. Every record says which input
    offset its checkpoint reaches, and the mark that ends a checkpoint says it too: recovery
    takes a record over once a mark reaches as far. A record at or below a mark seen before it
    comes from a worker that had lost the partition (or is a repetition): it is left out.
    Compaction does not disturb this: the last mark always stays.
    """

    def __init__(self, app: faust.App, *, partitions: int) -> None:
        super().__init__(app, name=NAME, partitions=partitions, key_type=bytes, value_type=bytes)
        self._recovering: dict[int, _Recovering] = {}

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Take over what complete checkpoints wrote."""
        ready: list[Any] = []
        for event in batch:
            ready += self._complete(event)
        if ready:
            super().apply_changelog_batch(ready)

    def _complete(self, event: Any) -> list[Any]:
        message = event.message
        state = self._recovering.setdefault(message.partition, _Recovering())
        reaches = int(dict(message.headers)[NEXT_OFFSET])
        if reaches <= state.reached:
            return []
        if message.key != mark_key(message.partition):
            state.pending[message.key] = (reaches, event)
            return []
        state.reached = reaches
        complete = [key for key, (upto, _) in state.pending.items() if upto <= reaches]
        return [*(state.pending.pop(key)[1] for key in complete), event]

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """The rest belongs to checkpoints that a crash cut short."""
        self._recovering.clear()
        await super().on_recovery_completed(active_tps, standby_tps)

    def put(self, partition: int, state: Mapping[str, bytes | None]) -> None:
        """Take over state that the changelog has confirmed."""
        found = self.data.data
        for name, value in state.items():
            key = name.encode()
            if value is None:
                found.pop(key, None)
                self.data._key_partition.pop(key, None)
            else:
                found[key] = value
                self.data._key_partition[key] = partition

    def of_partition(self, partition: int) -> dict[str, bytes]:
        """Every item of one partition."""
        prefix = f"{partition}/".encode()
        return {
            key.decode(): value for key, value in self.data.data.items() if key.startswith(prefix)
        }

    def forget(self) -> None:
        """Partitions leave: whatever comes next is recovered from the beginning.

        Another worker may write the changelog meanwhile, and Faust would go on where it stopped
        reading it, without the deletions that compaction has removed.
        """
        self.data.data.clear()
        self.data._key_partition.clear()
        self._recovering.clear()
        recovery = self.app.tables.recovery
        for tp in list(recovery.active_offsets):
            recovery.revoke(tp)
