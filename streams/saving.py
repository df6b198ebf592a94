"""How the state of a partition is written down: little by little, behind the log.

What the engine holds is a function of the log, so it need not be saved with every batch: a start
takes the last complete checkpoint and judges again what came after it. A checkpoint is taken when
enough has changed and written along with the batches that follow, in pieces that stand in a fixed
share to the bytes of the readings judged meanwhile. So the changelog grows with the readings and
not with what is remembered of them, in every minute of every hour.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from streams.outbox import RawOutput
from streams.saved_state import NEXT_OFFSET, SavedState, judged_key, mark_key
from streams.transport import PartitionBatch

SHARE: Final = 2.0
"""Bytes that the changelog may take for each byte of the records that are judged; a record is
written when it fits, so that those of few sources come seldom."""
HURRY_S: Final = 1800.0
"""A checkpoint that is under way for so long is ended at once: until its mark is there, nobody
may compact what it replaces (``min.compaction.lag.ms`` of the changelog is six hours)."""
_HOURS: Final = 10_000  # changed hours of sources are in memory until they are saved: so many,
_HOURS_A_SOURCE: Final = 2  # and so many for each source
_LOOK_RECORDS: Final = 1000
_MOST_OWED: Final = 4096.0  # ledgers of a partition without readings are not owed for ever
_OVERHEAD: Final = 20  # bytes of a record beside key, value and headers, at most


class Savable(Protocol):
    """The judging code of one partition (`streams.core.partition.PartitionEngine`)."""

    @property
    def next_offset(self) -> int:
        """Records below it were applied before."""
        ...

    @property
    def unsaved(self) -> int:
        """Hours of sources that have changed since the state was saved."""
        ...

    @property
    def sources(self) -> int:
        """How many sources are followed."""
        ...

    def ledger(self) -> bytes:
        """Where the messages up to ``next_offset`` ended."""
        ...

    def save(self) -> Mapping[str, bytes | None]:
        """What has changed since the last call, as state at ``next_offset``."""
        ...

    def confirmed(self) -> None:
        """The state that the engine was given has everything that was saved by now."""
        ...


class SavePolicy(NamedTuple):
    """When a checkpoint is taken: after so many records, or so many seconds."""

    records: int = 30_000
    seconds: float = 600.0


class Saving:
    """Decides what of a partition's state is written with a batch, and keeps count of it.

    ``records`` gives what to write; ``confirmed`` has to follow when the changelog has it. Whoever
    does not get so far lets go of the engine and of this: the next ones begin at ``base``.
    """

    def __init__(
        self,
        partition: int,
        engine: Savable,
        saved: SavedState,
        policy: SavePolicy,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._partition = partition
        self._engine = engine
        self._saved = saved
        self._policy = policy
        self._clock = clock
        self._taken_at = clock()
        self._unsaved = 0  # records that no checkpoint has, also not the one that is under way
        self._repeated = 0  # of which so many had been judged before
        self._ledger_from = 0  # the changelog has a ledger that goes so far
        self._looked = 0  # at so many of them it was asked how much has changed
        self._credit = 0.0  # bytes that may be written
        # The checkpoint that is under way: all of it, what is not written yet, what it reaches.
        self._state: dict[str, bytes | None] | None = None
        self._left: deque[str] = deque()
        self._reaches = 0
        self._ends = False  # what is being written ends it
        self._readings = saved.readings
        self.base = saved.reached
        """The input offset of the last complete checkpoint."""

    def judged(self, batch: PartitionBatch) -> None:
        """A batch was judged, and may be followed by so many bytes more."""
        self._unsaved += len(batch)
        self._credit += SHARE * sum(
            len(record.key or b"") + len(record.value or b"") for record in batch.records
        )

    def begin_again(self, end: int) -> None:
        """What was judged before up to offset ``end`` is judged again now.

        No ledger is written on the way: it would take back what the last one accounts for.
        """
        self._ledger_from = end

    def repeated(self, records: int) -> None:
        """Records that had been judged before the last start were judged again."""
        self._unsaved += records
        self._repeated += records

    @property
    def much_repeated(self) -> bool:
        """Whether they are so many that they are to be saved at once.

        So no start, and no new owner, has to do the same again.
        """
        return self._repeated >= self._policy.records

    @property
    def outstanding(self) -> bool:
        """Whether something was judged that no complete checkpoint has."""
        return self._state is not None or self._unsaved > 0

    def records(self, *, whole: bool = False) -> list[RawOutput]:
        """What the changelog is to have now, the ledger last; ``whole``: all of the state."""
        whole = whole or self.much_repeated
        self._look_again()
        if (whole and self._unsaved) or (self._state is None and self._due()):
            self._take()
        found = [] if self._state is None else self._pieces(whole or self._hurries())
        if self._engine.next_offset >= self._ledger_from:
            found.append(RawOutput(judged_key(self._partition), self._engine.ledger()))
            self._credit = max(self._credit - _size(found[-1]), -_MOST_OWED)
        if self._state is None:
            self._credit = min(self._credit, 0.0)  # nothing is saved up: it would come at once
        return found

    def _pieces(self, hurry: bool) -> list[RawOutput]:
        """So much of the checkpoint under way as may be written; all of it in a ``hurry``."""
        assert self._state is not None  # noqa: S101 (nothing is written else)
        headers = ((NEXT_OFFSET, b"%d" % self._reaches),)
        found: list[RawOutput] = []
        while self._left:
            key = self._left[0]
            record = RawOutput(key.encode(), self._state[key], headers)
            if self._credit < _size(record) and not hurry:
                return found
            self._credit -= _size(record)
            found.append(record)
            self._left.popleft()
        self._ends = True
        mark = self._saved.mark(self._state, self._reaches)
        found.append(RawOutput(mark_key(self._partition), mark, headers))
        return found

    def _look_again(self) -> None:
        """Begin the checkpoint under way anew where somebody else wrote to the changelog.

        So the last record of each key is ours (`SavedState.overwritten`).
        """
        if self._saved.readings == self._readings:
            return
        self._readings = self._saved.readings
        if self._state is not None:
            for key in self._saved.overwritten - self._state.keys():
                self._state[key] = self._saved.items.get(key)
            self._left = deque(self._state)

    def confirmed(self, first: int | None, records: int) -> None:
        """The changelog has what `records` gave, from offset ``first`` on (None: scattered)."""
        if self._state is None or not self._ends:
            self._saved.passed(first, records, underway=self._state is not None)
            return
        self._saved.wrote(self._state, self._reaches, first, records)
        self._engine.confirmed()
        self.base = self._reaches
        self._state, self._ends = None, False
        self._credit = 0.0

    def _take(self) -> None:
        """Take a checkpoint; one that is under way goes on as this one."""
        again = {key: self._saved.items.get(key) for key in self._saved.overwritten}
        before = self._state or {}
        new = {**again, **self._engine.save()}
        self._state = {**before, **new}
        waiting = set(self._left) - new.keys()
        self._left = deque([*(key for key in self._left if key in waiting), *new])
        self._reaches = self._engine.next_offset
        self._unsaved = self._looked = self._repeated = 0
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
        """Whether more has changed than is kept in memory for long; not asked at every record."""
        if self._unsaved - self._looked < _LOOK_RECORDS:
            return False
        self._looked = self._unsaved
        return self._engine.unsaved > _HOURS + _HOURS_A_SOURCE * self._engine.sources


def _size(record: RawOutput) -> int:
    named = sum(len(name) + len(value) for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + named + _OVERHEAD
