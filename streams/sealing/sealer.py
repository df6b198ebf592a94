"""Seals records as they are read: collects their leaves, appends them, publishes checkpoints.

Leaves of one partition stand in the log in the order of its offsets. Those of one append stand by
topic (registrations, roots, violations, cases), then by partition and offset. An append is due when
there are many leaves, or once in an interval; a checkpoint once in an interval, while something is
new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import structlog

from streams.core.evidence.checkpoint import Checkpoint
from streams.core.evidence.leaf import Leaf
from streams.kafka.partitions import PartitionId
from streams.sealing.log_files import LogFiles
from streams.sealing.log_keys import NoteSigner
from streams.sealing.log_writer import LogWriter
from streams.sealing.publish import publish
from streams.sealing.records import LeafReader, Record, UnsealedError

log = structlog.get_logger(__name__)

MOST_LEAVES: Final = 1 << 16
"""Leaves that are held in memory at most before they are appended."""

_NAMED: Final = 200  # characters of a sentence about a record

Clock = Callable[[], float]
"""Seconds: of a monotonic clock, or since 1970."""


class Sealer:
    """Append the leaves of records to a log, and publish its checkpoints.

    ``monotonic`` and ``now`` are the clocks; the first paces, the second dates checkpoints.
    """

    def __init__(
        self,
        writer: LogWriter,
        reader: LeafReader,
        signer: NoteSigner,
        *,
        interval_s: float,
        monotonic: Clock,
        now: Clock,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._signer = signer
        self._interval_s = interval_s
        self._monotonic = monotonic
        self._now = now
        self._order = {topic: at for at, topic in enumerate(reader.topics)}
        self._leaves: list[tuple[int, int, int, bytes]] = []
        self._upto: dict[PartitionId, int] = {}
        self._appended_at = self._published_at = -interval_s
        self._told_at: float | None = None
        self.unsealed = 0
        """Records that were none of those that are sealed."""

    @property
    def sealed(self) -> dict[PartitionId, int]:
        """How far the topics are in the log."""
        return self._writer.offsets

    @property
    def files(self) -> LogFiles:
        """The files of the log."""
        return self._writer.files

    @property
    def size(self) -> int:
        """Number of leaves of the log."""
        return self._writer.size

    def seal_rules(self, version: str, packed: bytes) -> None:
        """Append the leaf of a rule set in force, which is kept beside the log."""
        self._writer.append([Leaf.of("rules", version, 1, packed).entry()], {})

    def take(self, records: Iterable[Record], upto: dict[PartitionId, int]) -> None:
        """Take records of the sealed topics; ``upto`` is where the partitions go on after them.

        Raises SchemaRegistryError; then nothing was taken.
        """
        taken = []
        for record in records:
            try:
                leaf = self._reader.leaf(record)
            except UnsealedError as error:
                self._tell(record, error)
                continue
            if leaf is not None:
                place = (self._order[record.topic], record.partition, record.offset)
                taken.append((*place, leaf.entry()))
        self._leaves += taken
        self._upto.update(upto)

    @property
    def append_due(self) -> bool:
        """Whether there are many leaves, or some, or only offsets, for long."""
        if len(self._leaves) >= MOST_LEAVES:
            return True
        changed = bool(self._leaves) or any(
            self._writer.offsets.get(place) != offset for place, offset in self._upto.items()
        )
        return changed and self._monotonic() - self._appended_at >= self._interval_s

    @property
    def publication_due(self) -> bool:
        """Whether the last checkpoint was published so long ago that another one may be."""
        return self._monotonic() - self._published_at >= self._interval_s

    def append(self) -> int:
        """Append what was taken; return how many leaves are new. Raises LogError."""
        self._leaves.sort()
        entries = [each[-1] for each in self._leaves]
        new = self._writer.append(entries, self._upto)
        self._leaves.clear()
        self._upto.clear()
        self._appended_at = self._monotonic()
        return new

    def publish(self) -> bool:
        """Publish a checkpoint if the log has one that is not published. Raises LogError."""
        self._published_at = self._monotonic()
        if not self._writer.size:
            return False
        checkpoint = Checkpoint(self._signer.public.name, self._writer.size, self._writer.root)
        at = datetime.fromtimestamp(self._now(), UTC)
        if not publish(self._writer.files, checkpoint, self._signer, at):
            return False
        log.info("checkpoint_published", size=checkpoint.size, root=checkpoint.root.hex())
        return True

    def _tell(self, record: Record, error: UnsealedError) -> None:
        """Count a record that is not sealed; log the first one of each interval."""
        self.unsealed += 1
        now = self._monotonic()
        if self._told_at is None or now - self._told_at >= self._interval_s:
            self._told_at = now
            log.warning(
                "record_not_sealed",
                problem=str(error)[:_NAMED],
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                count=self.unsealed,
            )
