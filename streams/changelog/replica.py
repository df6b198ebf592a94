"""The state of one partition as its changelog has it: complete checkpoints, and nothing else.

A checkpoint is many records, and a crash can cut it short. Every record carries the input offset
that its checkpoint reaches, and so does the marker that ends a checkpoint. State at an offset is a
function of the input up to it, whoever wrote it; so once a marker reaches an offset, the value of
a key is that of its record that reaches farthest without going beyond. A record at or below an
earlier marker comes from a worker that had lost the partition (or is a repetition) and is ignored.
Compaction is harmless as long as the last record of each key is a good one: a key that such a
worker overwrote is written again (`ChangelogReplica.overwritten`). A marker carries the number of
keys, so a restore can tell whether all are there (`ChangelogReplica.missing`).

A checkpoint holds what changed since the one before, so who writes one must know all that counts.
Therefore a writer claims the changelog first, under an epoch above those it has read
(`ChangelogReplica.confirm_claim`): from that record on, what is written under an earlier epoch is
ignored like what comes too late. Compaction may take claims and markers away; but every record
names its epoch, and a marker the checkpoint that it rests on: of records of earlier epochs, those
count that do not go beyond it. Records without an epoch, as earlier versions write them, are heard
as they were then. What makes a record count is one question, so this file is longer than others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from streams.changelog.store import StateStore

NEXT_OFFSET: Final = "next"
"""Header of a state record: the input offset that its checkpoint reaches."""

EPOCH: Final = "epoch"
"""Header of a claim and of a state record: the epoch in which its writer wrote."""

BASE: Final = "base"
"""Header of a marker: the input offset that the checkpoint before it reaches."""


class Epoch(NamedTuple):
    """Who writes to a changelog since when: counted up by each claim, unique by its writer.

    Of two claims of one number the greater writer's counts, wherever compaction left them.
    """

    number: int
    writer: bytes

    def encode(self) -> bytes:
        """Encode it as the value of a header."""
        return b"%d %b" % self


_IGNORED: Final = object()
"""In the place of the value of a record that nobody hears: not the value of any key."""


class _Staged(NamedTuple):
    """A record that no marker has made valid yet."""

    reaches: int
    place: int | None  # of its value; None: a deletion
    epoch: Epoch | None


def ledger_key(partition: int) -> bytes:
    """Return the key of the ledger, which is written with every batch and is no state."""
    return f"judged/{partition}".encode()


def marker_key(partition: int) -> bytes:
    """Return the key of a partition's checkpoint marker; no state key begins like that."""
    return f"checkpoint/{partition}".encode()


def claim_key(partition: int) -> bytes:
    """Return the key of the claim of a partition's changelog, which is no state."""
    return f"claim/{partition}".encode()


class ChangelogReplica:
    """Replicate the changelog of one partition.

    ``items`` is the state by key, its values on the local disk; those of records that no marker
    has made valid yet are staged there too. ``reached`` is the input offset up to which the state
    goes (0: none), ``position`` the changelog offset from which to read on, ``overwritten`` the
    keys whose last record in the changelog differs from ``items``. ``stale`` turns true when
    another worker wrote between this worker's records: the changelog must be read on. ``restores``
    counts how often that was begun. ``ledger`` is the one of the last batch, None before the first.
    ``epoch`` is the last that was claimed. ``diverged`` turns true when a checkpoint of our own
    that was taken over proves to count for nobody: discard the replica then.
    """

    __slots__ = (
        "_contenders", "_end", "_expected_keys", "_headers", "_last", "_ledger_key",
        "_marker_epoch", "_marker_key", "_pending", "_unproven",
        "diverged", "epoch", "items", "ledger", "overwritten", "position", "reached", "restores",
        "stale",
    )  # fmt: skip

    def __init__(self, partition: int, items: StateStore | None = None) -> None:
        self._marker_key = marker_key(partition)
        self._ledger_key = ledger_key(partition)
        self._pending: dict[str, _Staged] = {}
        self._contenders: list[tuple[str, _Staged]] = []  # more records of pending keys
        self._last: dict[str, object] = {}  # last value of keys that are staged
        self._marker_epoch = Epoch(0, b"")  # of the last complete checkpoint
        self._headers: tuple[Sequence[tuple[str, bytes]], StateHeaders] = ((), StateHeaders())
        self._unproven: int | None = None  # what a checkpoint of ours reaches that is not read yet
        self._end = 0  # changelog offset after the last known record
        self._expected_keys: int | None = None  # from the last marker
        self.items = StateStore() if items is None else items
        self.reached = 0
        self.position = 0
        self.overwritten: set[str] = set()
        self.stale = False
        self.restores = 0
        self.ledger: bytes | None = None
        self.epoch = Epoch(0, b"")
        self.diverged = False

    def apply(
        self,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> None:
        """Apply the next record of the changelog; skip one that is no state record."""
        self._end = offset + 1
        if headers != self._headers[0]:  # the same for all records of a checkpoint
            self._headers = (headers, state_headers(headers))
        reaches, epoch, base = self._headers[1]
        late = epoch is not None and not self._follow(epoch)
        if key is not None and reaches is not None:
            # The first checkpoint of an epoch counts wherever it ends: where compaction took a
            # claim away, a marker of the epoch before may have been heard that came too late.
            first = epoch is not None and epoch > self._marker_epoch
            heard = not late and (first or reaches > self.reached)
            if key == self._marker_key:
                if not late and epoch == self.epoch and reaches == self._unproven:
                    self._unproven = None
                if heard:
                    self._complete(reaches, epoch, base)
                    self._expected_keys = _key_count(value)
                    self._marker_epoch = epoch or self._marker_epoch
            elif not heard:
                # Who writes late has the same value at best, but the record is heard by nobody.
                self._check_last(key.decode(), _IGNORED if late else value)
            else:
                self._stage(key.decode(), value, reaches, epoch)
        elif key == self._ledger_key and value is not None:
            self.ledger = value
        if not self._pending:
            self.position = self._end

    def _follow(self, epoch: Epoch) -> bool:
        """Follow a record to its epoch; return False if a later one was claimed."""
        if epoch > self.epoch:
            self.epoch = epoch
            # What we took over had not been read before somebody else claimed the changelog.
            self.diverged = self.diverged or self._unproven is not None
        return epoch == self.epoch

    def rewind(self) -> None:
        """Prepare to read from ``position``: discard the incomplete checkpoint after it."""
        self._discard_pending()
        self._last.clear()
        self._end = self.position
        self.stale = False
        self.restores += 1

    def confirm_claim(self, epoch: Epoch, first: int | None) -> bool:
        """Take note of a claim of our own at an offset; return False if others wrote before it.

        Then the changelog must be read on, which tells whether the claim counts.
        """
        if first != self._end:
            self.stale = True
            return False
        self._follow(epoch)
        self.advance(first, 1, incomplete=False)
        return True

    def advance(self, first: int | None, records: int, *, incomplete: bool) -> None:
        """Skip confirmed records of our own that end no checkpoint.

        ``incomplete``: the next marker makes some of them, or of those before, valid, so a restore
        would begin with those.
        """
        if first != self._end:
            self.stale = True
            return
        self._end = first + records
        if not incomplete and not self._pending:
            self.position = self._end

    def committed(
        self, state: Mapping[str, bytes | None], reached: int, first: int | None, records: int
    ) -> None:
        """Take over a checkpoint of our own that the changelog has confirmed.

        ``first`` is the offset of its first record, None when its records do not follow one
        another. The position moves along only if nobody wrote in between: otherwise the next
        restore begins where this worker last knew every record.
        """
        for key, value in state.items():
            self._set(key, None if value is None else self.items.stage(key, value))
        self.overwritten.difference_update(state)
        self.reached = reached
        self._marker_epoch = self.epoch
        self._expected_keys = len(self.items)
        beyond = any(staged.reaches > reached for staged in self._pending.values())
        if first == self._end and not beyond and not self._contenders:
            self._discard_pending()
            self.items.compact()
            self.position = self._end = first + records
        else:
            self.stale = True
            self._unproven = reached

    def marker(self, state: Mapping[str, bytes | None], reached: int) -> bytes:
        """Encode the marker that ends a checkpoint of ours: its offset and the number of keys."""
        new = sum(value is not None and key not in self.items for key, value in state.items())
        gone = sum(value is None and key in self.items for key, value in state.items())
        return b"%d %d" % (reached, len(self.items) + new - gone)

    @property
    def to_write_again(self) -> set[str]:
        """Keys that our next checkpoint must hold, changed or not.

        Those that were written over, and those of a checkpoint that was cut short: a key of it that
        is gone meanwhile would come back with our marker, since who never had it deletes nothing.
        """
        cut_short = (key for key, _ in self._contenders)
        return self.overwritten | self._pending.keys() | set(cut_short)

    @property
    def missing(self) -> int:
        """Number of keys that are missing once the changelog was read to its end.

        It can only happen to a checkpoint of several record batches that was cut short, when
        nobody wrote for longer than ``min.compaction.lag.ms`` and the broker compacted what was
        there of it: that removed what had been complete.
        """
        return 0 if self._expected_keys is None else self._expected_keys - len(self.items)

    def _check_last(self, key: str, value: object) -> None:
        """Note whether an ignored record is now the last one of its key.

        One that is staged may become valid later, and is not the last word on its key either.
        """
        if key in self._pending:
            self._last[key] = value
        if self.items.get(key) == value:
            self.overwritten.discard(key)
        else:
            self.overwritten.add(key)

    def _stage(self, key: str, value: bytes | None, reaches: int, epoch: Epoch | None) -> None:
        """Stage a record until a marker makes it valid."""
        before = self._pending.get(key)
        if before is not None:
            if before.reaches != reaches:
                self._contenders.append((key, before))
                self._last[key] = value
            elif before.place is not None:
                self.items.discard(key, before.place)
        if key in self._last:
            self._last[key] = value
        place = None if value is None else self.items.stage(key, value)
        self._pending[key] = _Staged(reaches, place, epoch)

    def _discard_pending(self) -> None:
        """Discard the records that no marker has made valid."""
        for key, staged in self._all_staged():
            if staged.place is not None:
                self.items.discard(key, staged.place)
        self._pending.clear()
        self._contenders.clear()

    def _all_staged(self) -> list[tuple[str, _Staged]]:
        """Return every staged record, those of one key in the order in which they came."""
        return [*self._contenders, *self._pending.items()]

    def _keep_staged(self, kept: Iterable[tuple[str, _Staged]]) -> None:
        """Stage these and no others; the last of each key is the pending one."""
        self._pending, self._contenders = {}, []
        for key, staged in kept:
            before = self._pending.get(key)
            if before is not None:
                self._contenders.append((key, before))
            self._pending[key] = staged
        if not self._pending:
            self._last.clear()

    def _complete(self, reaches: int, epoch: Epoch | None, base: int | None) -> None:
        """Commit what a marker makes valid; of several records of a key the farthest.

        What was written under an earlier epoch and goes beyond the base was never valid, and its
        writer is not heard any more. If it is the last record of its key, it took the good one's
        place.
        """
        found = self._all_staged()
        if self._contenders:
            found.sort(key=lambda record: record[1].reaches)
        left = []
        for key, staged in found:
            outdated = epoch is not None and staged.epoch is not None and staged.epoch < epoch
            if outdated and base is not None and staged.reaches > base:
                if staged.place is not None:
                    self.items.discard(key, staged.place)
                self._check_last(key, self._last.get(key, _IGNORED))
            elif staged.reaches > reaches:
                left.append((key, staged))
            else:
                self._set(key, staged.place)
                if key in self._last:
                    self._check_last(key, self._last[key])
        self._keep_staged(left)
        if not left:
            self.items.compact()
        self.reached = reaches

    def _set(self, key: str, place: int | None) -> None:
        self.overwritten.discard(key)
        if place is not None:
            self.items.commit(key, place)
        elif key in self.items:
            del self.items[key]


def _key_count(value: bytes | None) -> int | None:
    words = (value or b"").split()
    return int(words[1]) if len(words) == 2 and words[1].isdigit() else None


class StateHeaders(NamedTuple):
    """What the headers of a record tell; None where they do not."""

    reaches: int | None = None
    epoch: Epoch | None = None
    base: int | None = None


def state_headers(headers: Sequence[tuple[str, bytes]]) -> StateHeaders:
    """Read the input offset that a record's checkpoint reaches, its epoch, and a marker's base.

    Without the first it is no state record; without the second an earlier version wrote it.
    """
    reaches, epoch, base = None, None, None
    for name, value in headers:
        if name == NEXT_OFFSET and value.isdigit():
            reaches = int(value)
        elif name == BASE and value.isdigit():
            base = int(value)
        elif name == EPOCH:
            number, _, writer = value.partition(b" ")
            epoch = Epoch(int(number), writer) if number.isdigit() else None
    return StateHeaders(reaches, epoch, base)
