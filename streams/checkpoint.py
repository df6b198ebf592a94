"""The order in which the results of a batch become durable, owned by one class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from streams.outbox import Outbox, Output, Revoked
from streams.saving import Saving
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
    2. what is due of the state (`streams.saving`) and the ledger are written to the changelog,
       and the broker has confirmed them;
    3. the saved state in memory takes over a checkpoint that is complete by it;
    4. the batch is acknowledged, so that its offsets may be committed.

    A step begins when the one before it is confirmed. Steps 1 and 2 repeat what fails until it
    works. State follows behind the log: the next owner of the partition judges again what lies
    between the last complete checkpoint and the committed offset, and a crash between two steps
    repeats the batch as well. Outputs carry deterministic ids, and state beyond the last complete
    mark is not taken over (`streams.saved_state`). When the partition leaves between two steps,
    what remains is not done and `Revoked` is raised.
    """

    def __init__(self, outbox: Outbox, changelog: str) -> None:
        self._outbox = outbox
        self._changelog = changelog

    async def complete(
        self, event: Acknowledged, outputs: Iterable[Output], saving: Saving
    ) -> None:
        """Take a batch through the four steps."""
        batch: PartitionBatch = event.value

        def revoked() -> bool:
            return batch.revoked

        await self.publish(outputs, revoked=revoked)
        saving.judged(batch)
        await self.save(batch.partition, saving, revoked=revoked)
        event.ack()

    async def publish(self, outputs: Iterable[Output], *, revoked: Callable[[], bool]) -> None:
        """The first step alone: of what is judged again, and was acknowledged before."""
        await self._outbox.produce(outputs, revoked=revoked)

    async def save(
        self,
        partition: int,
        saving: Saving,
        *,
        revoked: Callable[[], bool],
        whole: bool = False,
    ) -> None:
        """The second and third step; ``whole``: all of the state, whatever is due of it."""
        records = saving.records(whole=whole)
        first = await self._outbox.produce_to(self._changelog, partition, records, revoked=revoked)
        if revoked():
            raise Revoked
        saving.confirmed(first, len(records))
