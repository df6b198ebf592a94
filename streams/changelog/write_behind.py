"""Writes the state of a partition to its changelog little by little, behind the log.

The engine's state is a function of the log, so it need not be saved with every batch: a start
restores the last complete checkpoint and replays what came after it. A checkpoint is taken when
enough has changed and written along with the batches that follow, in pieces that stand in a fixed
share to the bytes of the readings processed meanwhile. So the changelog grows with the readings and
not with the size of the state, in every minute of every hour.

Before anything else a writer claims the changelog (`WriteBehind.claim`): see
`streams.changelog.replica`.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from streams.changelog.replica import (
    BASE,
    EPOCH,
    NEXT_OFFSET,
    ChangelogReplica,
    Epoch,
    claim_key,
    ledger_key,
    marker_key,
)
from streams.kafka.producer import PartitionRecord
from streams.transport.batch import PartitionBatch

SHARE: Final = 2.0
"""Bytes that the changelog may take for each byte of processed records; a record is written when
it fits, so that those of few sources come seldom."""
HURRY_S: Final = 1800.0
"""Age at which a checkpoint in progress is completed at once: until its marker is there, nothing
may compact what it replaces (``min.compaction.lag.ms`` of the changelog is six hours)."""
_MAX_HOURS: Final = 10_000  # changed hours of sources kept in memory before they are saved,
_MAX_HOURS_PER_SOURCE: Final = 2  # in addition, for each source
_CHECK_RECORDS: Final = 1000  # records between two looks at the number of changed hours
_MAX_DEBT: Final = 4096.0  # bytes: ledgers of an idle partition do not add up without end
_OVERHEAD: Final = 20  # most bytes of a record beside key, value and headers


class Checkpointable(Protocol):
    """Give the state of one partition (`streams.core.engine.partition.PartitionProcessor`)."""

    @property
    def next_offset(self) -> int:
        """Offset after the last applied record."""
        ...

    @property
    def unsaved(self) -> int:
        """Number of sources' hours that changed since the last save."""
        ...

    @property
    def sources(self) -> int:
        """Number of sources with state."""
        ...

    def ledger(self) -> bytes:
        """Encode where the messages up to ``next_offset`` ended."""
        ...

    def save(self) -> Mapping[str, bytes | None]:
        """Return what changed since the last call, as state at ``next_offset``."""
        ...

    def commit(self) -> None:
        """Note that the state given to the engine has everything that was saved by now."""
        ...


class CheckpointPolicy(NamedTuple):
    """Take a checkpoint after this many records, or this many seconds."""

    records: int = 30_000
    seconds: float = 600.0


class WriteBehind:
    """Decide what of a partition's state is written with each batch.

    `claim` gives what to write first, and `confirm_claim` must follow; until others are known to
    have written nothing before it, no state is. `next_records` gives what to write then, and
    `confirm` must follow once the changelog has it. If that fails, drop the engine and this
    object: their successors begin at ``base``. ``writer`` (default: random) is in its claims.
    """

    def __init__(
        self,
        partition: int,
        engine: Checkpointable,
        replica: ChangelogReplica,
        policy: CheckpointPolicy,
        clock: Callable[[], float] = time.monotonic,
        writer: bytes | None = None,
    ) -> None:
        self._writer = secrets.token_hex(4).encode() if writer is None else writer
        self._epoch: Epoch | None = None  # the one of our last claim
        self._partition = partition
        self._engine = engine
        self._replica = replica
        self._policy = policy
        self._clock = clock
        self._taken_at = clock()
        self._unsaved = 0  # records in no checkpoint, not even the one in progress
        self._replayed = 0  # of which replayed
        self._ledger_from = 0  # offset up to which the changelog has a ledger
        self._checked_at = 0  # value of ``_unsaved`` at the last look at the changed hours
        self._credit = 0.0  # bytes that may be written now
        # The checkpoint in progress: all of it, its keys not written yet, the offset it reaches.
        self._state: dict[str, bytes | None] | None = None
        self._left: deque[str] = deque()
        self._reaches = 0
        self._ends = False  # the records being written complete it
        self._ledger: bytes | None = None  # among the records being written
        self._restores = replica.restores
        self.base = replica.reached
        """The input offset of the last complete checkpoint."""

    def record_batch(self, batch: PartitionBatch) -> None:
        """Count a processed batch, which gives credit for bytes of the changelog."""
        self._unsaved += len(batch)
        self._credit += SHARE * sum(
            len(record.key or b"") + len(record.value or b"") for record in batch.records
        )

    def begin_replay(self, end: int) -> None:
        """Begin to replay records up to offset ``end``.

        No ledger is written on the way: it would take back what the last one accounts for.
        """
        self._ledger_from = end

    def record_replayed(self, records: int) -> None:
        """Count records that were replayed."""
        self._unsaved += records
        self._replayed += records

    @property
    def replay_due(self) -> bool:
        """True when enough was replayed to save it at once.

        So no start, and no new owner, has to do the same again.
        """
        return self._replayed >= self._policy.records

    @property
    def dirty(self) -> bool:
        """True when something was processed that no complete checkpoint has."""
        return self._state is not None or self._unsaved > 0

    @property
    def claimed(self) -> bool:
        """True while nobody is known to have claimed the changelog after this object."""
        return self._epoch is not None and self._epoch == self._replica.epoch

    def claim(self) -> PartitionRecord:
        """Return the record that claims the changelog."""
        self._epoch = Epoch(self._replica.epoch.number + 1, self._writer)
        return PartitionRecord(claim_key(self._partition), b"", ((EPOCH, self._epoch.encode()),))

    def confirm_claim(self, first: int | None) -> None:
        """Note that the changelog has the claim, at this offset."""
        assert self._epoch is not None  # noqa: S101 (it was claimed)
        self._replica.confirm_claim(self._epoch, first)

    def next_records(self, *, full: bool = False) -> list[PartitionRecord]:
        """Return the records to write now, the ledger last; ``full``: all of the state."""
        full = full or self.replay_due
        self._check_replica()
        found: list[PartitionRecord] = []
        if self.claimed:
            if (full and self._unsaved) or (self._state is None and self._due()):
                self._take()
            found = [] if self._state is None else self._pieces(full or self._hurries())
        if self._engine.next_offset >= self._ledger_from:
            self._ledger = self._engine.ledger()
            found.append(PartitionRecord(ledger_key(self._partition), self._ledger))
            self._credit = max(self._credit - _size(found[-1]), -_MAX_DEBT)
        if self._state is None:
            self._credit = min(self._credit, 0.0)  # never saved up: it would be spent at once
        return found

    def _pieces(self, hurry: bool) -> list[PartitionRecord]:
        """Return what may be written of the checkpoint in progress; all of it in a ``hurry``."""
        assert self._state is not None  # noqa: S101 (its caller checks)
        headers = self._headers()
        found: list[PartitionRecord] = []
        while self._left:
            key = self._left[0]
            record = PartitionRecord(key.encode(), self._state[key], headers)
            if self._credit < _size(record) and not hurry:
                return found
            self._credit -= _size(record)
            found.append(record)
            self._left.popleft()
        self._ends = True
        marker = self._replica.marker(self._state, self._reaches)
        headers = (*headers, (BASE, b"%d" % self.base))
        found.append(PartitionRecord(marker_key(self._partition), marker, headers))
        return found

    def _headers(self) -> tuple[tuple[str, bytes], ...]:
        assert self._epoch is not None  # noqa: S101 (it was claimed)
        return ((NEXT_OFFSET, b"%d" % self._reaches), (EPOCH, self._epoch.encode()))

    def _check_replica(self) -> None:
        """Restart the checkpoint in progress where another worker wrote to the changelog.

        So the last record of each key is ours (`ChangelogReplica.to_write_again`).
        """
        if self._replica.restores == self._restores:
            return
        self._restores = self._replica.restores
        if self._state is not None:
            for key in self._replica.to_write_again - self._state.keys():
                self._state[key] = self._replica.items.get(key)
            self._left = deque(self._state)

    def confirm(self, first: int | None, records: int) -> float | None:
        """Note that the changelog has the last records, from offset ``first`` on (None: gaps).

        Returns the seconds since the checkpoint was taken that is complete by them, or None.
        """
        if self._ledger is not None:
            # Whoever builds the next engine of this replica learns that there is something to
            # replay, also where no checkpoint was ever completed: our own records are never read.
            self._replica.ledger = self._ledger
        if self._state is None or not self._ends:
            self._replica.advance(first, records, incomplete=self._state is not None)
            return None
        self._replica.committed(self._state, self._reaches, first, records)
        self._engine.commit()
        self.base = self._reaches
        self._state, self._ends = None, False
        self._credit = 0.0
        return self._clock() - self._taken_at

    def _take(self) -> None:
        """Take a checkpoint; one in progress is merged into it."""
        before = self._state or {}
        # What the checkpoint in progress has of such a key is newer.
        keys = self._replica.to_write_again - before.keys()
        again = {key: self._replica.items.get(key) for key in keys}
        new = {**again, **self._engine.save()}
        self._state = {**before, **new}
        waiting = set(self._left) - new.keys()
        self._left = deque([*(key for key in self._left if key in waiting), *new])
        self._reaches = self._engine.next_offset
        self._unsaved = self._checked_at = self._replayed = 0
        self._taken_at = self._clock()

    def _due(self) -> bool:
        policy = self._policy
        if self._unsaved >= policy.records:
            return True
        if self._clock() - self._taken_at >= policy.seconds:
            return self._unsaved > 0
        return self._much_changed()

    def _hurries(self) -> bool:
        return self._clock() - self._taken_at >= HURRY_S or self._much_changed()

    def _much_changed(self) -> bool:
        """Tell whether too much changed to keep it in memory; not asked at every record."""
        if self._unsaved - self._checked_at < _CHECK_RECORDS:
            return False
        self._checked_at = self._unsaved
        return self._engine.unsaved > _MAX_HOURS + _MAX_HOURS_PER_SOURCE * self._engine.sources


def _size(record: PartitionRecord) -> int:
    named = sum(len(name) + len(value) for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + named + _OVERHEAD
