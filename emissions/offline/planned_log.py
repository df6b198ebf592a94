"""The log that a replay of an input publishes, without a broker."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from emissions.replay.message_buffer import MessageBuffer
from emissions.replay.publication_plan import PublicationPlan
from schemas.codec import TICK, Codec
from streams.core.records.partitioning import partition_of
from streams.core.records.record import RawRecord


class PlannedLog:
    """Each partition's records as `emissions.replay.publish` writes them, offsets included.

    Records have no headers: `index_of` finds the row of the input that a record came from.
    """

    def __init__(
        self, tape: MessageBuffer, plan: PublicationPlan, codec: Codec, partitions: int
    ) -> None:
        self._tape = tape
        self._plan = plan
        self._codec = codec
        self._partitions = partitions
        self._indexes = [array("Q") for _ in range(partitions)]

    def batches(self, size: int) -> Iterator[tuple[int, list[RawRecord]]]:
        """Yield partition and records, each partition's in order of offsets, ``size`` at most."""
        tape, plan = self._tape, self._plan
        tick = RawRecord(
            0, plan.first_tick, None, self._codec.encode(TICK, {"sent_at": plan.first_tick}), ()
        )
        filling = [[tick] for _ in self._indexes]
        keys = tape.keys
        partition_of_key = [partition_of(key, self._partitions) for key in keys]
        for index, timestamp in zip(plan.order, plan.timestamps, strict=True):
            number = tape.key_number(index)
            partition = partition_of_key[number]
            indexes, records = self._indexes[partition], filling[partition]
            indexes.append(index)
            records.append(RawRecord(len(indexes), timestamp, keys[number], tape.value(index), ()))
            if len(records) >= size:
                filling[partition] = []
                yield partition, records
        last = self._codec.encode(TICK, {"sent_at": plan.until})
        for partition, records in enumerate(filling):
            offset = len(self._indexes[partition]) + 1
            yield partition, [*records, RawRecord(offset, plan.until, None, last, ())]

    def index_of(self, partition: int, offset: int) -> int | None:
        """Return the index in the input of a record that was yielded; None for a tick."""
        indexes = self._indexes[partition]
        return indexes[offset - 1] if 0 < offset <= len(indexes) else None
