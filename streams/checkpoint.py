"""The order in which the results of a batch become durable, owned by one class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from streams.outbox import Outbox, Output, RawOutput, Revoked
from streams.saved_state import NEXT_OFFSET, SavedState, mark_key
from streams.transport import PartitionBatch


class Acknowledged(Protocol):
    """What Faust gives an agent: the batch and the way to acknowledge it."""

    value: Any

    def ack(self) -> bool:
        """Let the batch's offsets be committed."""
        ...


class Checkpoint:
    """Writes down what a batch led to. The order is the whole point, and it is this:

    1. every output is produced, and the broker has confirmed each of them;
    2. the state is written to the changelog, marked with the input offset it reaches, the
       partition's checkpoint mark last, and the broker has confirmed all of it;
    3. the saved state in memory takes it over;
    4. the batch is acknowledged, so that its offsets may be committed.

    A step begins when the one before it is confirmed. Steps 1 and 2 repeat what fails until it
    works. A crash between two steps repeats the batch: outputs carry deterministic ids, and
    state beyond the last complete mark is not taken over (`streams.saved_state`). When the
    partition leaves between two steps, what remains is not done and `Revoked` is raised.
    """

    def __init__(self, outbox: Outbox, changelog: str) -> None:
        self._outbox = outbox
        self._changelog = changelog

    async def complete(
        self,
        event: Acknowledged,
        outputs: Iterable[Output],
        state: Mapping[str, bytes | None],
        saved: SavedState,
    ) -> None:
        """Take a batch through the four steps."""
        batch: PartitionBatch = event.value

        def revoked() -> bool:
            return batch.revoked

        await self._outbox.produce(outputs, revoked=revoked)
        again = {key: saved.items.get(key) for key in saved.overwritten}
        state = {**again, **state}
        records = state_records(batch, state, saved)
        first = await self._outbox.produce_to(
            self._changelog, batch.partition, records, revoked=revoked
        )
        if batch.revoked:
            raise Revoked
        saved.wrote(state, batch.next_offset, first, len(records))
        event.ack()


def state_records(
    batch: PartitionBatch, state: Mapping[str, bytes | None], saved: SavedState
) -> list[RawOutput]:
    """The changelog records of a checkpoint on top of what was saved before, its mark last.

    The mark is never a deletion and never out of date, so a compacted changelog always ends with
    a record that exists.
    """
    headers = ((NEXT_OFFSET, str(batch.next_offset).encode()),)
    records = [RawOutput(key.encode(), value, headers) for key, value in state.items()]
    mark = saved.mark(state, batch.next_offset)
    records.append(RawOutput(mark_key(batch.partition), mark, headers))
    return records
