"""The state of one partition as its changelog has it: complete checkpoints, and nothing else.

A checkpoint is many records, and a crash can cut it short. Every record says which input offset
its checkpoint reaches, and the mark that ends a checkpoint says it too. State at an offset is a
function of the input up to it, whoever wrote it; so once a mark reaches an offset, the value of
a key is that of its record that reaches farthest without going beyond. A record at or below an
earlier mark comes from a worker that had lost the partition (or is a repetition): it is left
out. Compaction does not disturb this as long as the last record of each key is a good one:
a key over which such a worker wrote is written again (`SavedState.overwritten`). Whether every
key is there can be told, because a mark says how many there are (`SavedState.missing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from streams.state_store import StateStore

NEXT_OFFSET: Final = "next"
"""Header of a state record: the input offset its checkpoint reaches."""


def changelog_topic(app_id: str) -> str:
    """Name of the compacted topic that holds the state of an application."""
    return f"{app_id}-state-changelog"


def judged_key(partition: int) -> bytes:
    """Key of the ledger that is written with every batch; it is no part of the state."""
    return f"judged/{partition}".encode()


def mark_key(partition: int) -> bytes:
    """Key of a partition's checkpoint mark; no key of the state itself begins like that."""
    return f"checkpoint/{partition}".encode()


class SavedState:
    """What a worker knows to be written down of one partition.

    ``items`` is the state by key, its values on the local disk; those of records that no mark has
    made valid yet are held there too. ``reached`` is the input offset up to which it goes (0:
    nothing), ``position`` the offset of the changelog from which reading has to go on,
    ``overwritten`` the keys whose last record in the changelog is not what ``items`` says.
    ``disturbed`` turns true when somebody else wrote between this worker's records: the changelog
    is to be read on. ``readings`` counts how often that was begun. ``judged`` is the ledger that
    came with the last batch, None where none ever did.
    """

    __slots__ = (
        "_end", "_judged", "_keys", "_last", "_mark", "_pending", "_reaches", "_rivals",
        "disturbed", "items", "judged", "overwritten", "position", "reached", "readings",
    )  # fmt: skip

    def __init__(self, partition: int, items: StateStore | None = None) -> None:
        self._mark = mark_key(partition)
        self._judged = judged_key(partition)
        # By key what its record reaches, and the place of its value (None: a deletion).
        self._pending: dict[str, tuple[int, int | None]] = {}
        self._rivals: list[tuple[int, str, int | None]] = []  # more of the same keys
        self._last: dict[str, bytes | None] = {}  # what came last of a key with rivals
        self._reaches: tuple[Sequence[tuple[str, bytes]], int | None] = ((), None)
        self._end = 0  # up to where the changelog is known
        self._keys: int | None = None  # so many there must be, as the last mark says
        self.items = StateStore() if items is None else items
        self.reached = 0
        self.position = 0
        self.overwritten: set[str] = set()
        self.disturbed = False
        self.readings = 0
        self.judged: bytes | None = None

    def take(
        self,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> None:
        """The next record of the changelog; one that is none of ours is passed over."""
        self._end = offset + 1
        if headers != self._reaches[0]:  # the same for all records of a checkpoint
            self._reaches = (headers, reached_by(headers))
        reaches = self._reaches[1]
        if key is not None and reaches is not None:
            if key == self._mark:
                if reaches > self.reached:
                    self._complete(reaches)
                    self._keys = _keys_of(value)
            elif reaches <= self.reached:
                self._look(key.decode(), value)
            else:
                self._hold(key.decode(), value, reaches)
        elif key == self._judged and value is not None:
            self.judged = value
        if not self._pending:
            self.position = self._end

    def rewind(self) -> None:
        """Reading begins at ``position``: forget what was read after it and is not complete."""
        self._let_go()
        self._last.clear()
        self._end = self.position
        self.disturbed = False
        self.readings += 1

    def passed(self, first: int | None, records: int, *, underway: bool) -> None:
        """Go past records of our own that the changelog has confirmed and that end no checkpoint.

        ``underway``: there are some among them, or before them, that the next mark makes valid.
        Reading would begin with those.
        """
        if first != self._end:
            self.disturbed = True
            return
        self._end = first + records
        if not underway and not self._pending:
            self.position = self._end

    def wrote(
        self, state: Mapping[str, bytes | None], reached: int, first: int | None, records: int
    ) -> None:
        """Take over a checkpoint of our own that the changelog has confirmed.

        ``first`` is the offset of its first record, None when its records do not follow one
        another. The position moves along only if nobody wrote in between: otherwise the next
        reading begins where this worker last knew every record.
        """
        for key, value in state.items():
            self._set(key, None if value is None else self.items.hold(key, value))
        self.overwritten.difference_update(state)
        self.reached = reached
        self._keys = len(self.items)
        beyond = any(upto > reached for upto, _ in self._pending.values())
        if first == self._end and not beyond and not self._rivals:
            self._let_go()
            self.items.tidy()
            self.position = self._end = first + records
        else:
            self.disturbed = True

    def mark(self, state: Mapping[str, bytes | None], reached: int) -> bytes:
        """Value of the mark that ends a checkpoint of ours: what it reaches, and how many keys."""
        new = sum(value is not None and key not in self.items for key, value in state.items())
        gone = sum(value is None and key in self.items for key, value in state.items())
        return b"%d %d" % (reached, len(self.items) + new - gone)

    @property
    def missing(self) -> int:
        """How many keys are not there that must be, when the changelog was read to its end.

        It can only happen to a checkpoint of several record batches that was cut short, when
        nobody wrote for longer than ``min.compaction.lag.ms`` and the broker compacted what was
        there of it: that pushed out what had been complete.
        """
        return 0 if self._keys is None else self._keys - len(self.items)

    def _look(self, key: str, value: bytes | None) -> None:
        """At a record that does not count: it must not be the last word on its key."""
        if self.items.get(key) == value:
            self.overwritten.discard(key)
        else:
            self.overwritten.add(key)

    def _hold(self, key: str, value: bytes | None, reaches: int) -> None:
        """Keep a record until a mark tells whether it counts."""
        held = self._pending.get(key)
        if held is not None:
            if held[0] != reaches:
                self._rivals.append((held[0], key, held[1]))
                self._last[key] = value
            elif held[1] is not None:
                self.items.release(key, held[1])
        if key in self._last:
            self._last[key] = value
        self._pending[key] = (reaches, None if value is None else self.items.hold(key, value))

    def _let_go(self) -> None:
        """Forget the records that no mark has made valid."""
        for key, (_, place) in self._pending.items():
            if place is not None:
                self.items.release(key, place)
        for _, key, place in self._rivals:
            if place is not None:
                self.items.release(key, place)
        self._pending.clear()
        self._rivals.clear()

    def _complete(self, reaches: int) -> None:
        """Take over what a mark makes valid; of several records of a key the farthest."""
        found: Iterable[tuple[int, str, int | None]] = (
            (upto, key, place) for key, (upto, place) in self._pending.items()
        )
        if self._rivals:
            found = sorted([*self._rivals, *found], key=lambda record: record[0])
        left: dict[str, tuple[int, int | None]] = {}
        self._rivals = []
        for upto, key, place in found:
            if upto <= reaches:
                self._set(key, place)
                if key in self._last:
                    self._look(key, self._last[key])
                continue
            held = left.get(key)
            if held is not None:
                self._rivals.append((held[0], key, held[1]))
            left[key] = (upto, place)
        self._pending = left
        if not left:
            self._last.clear()
            self.items.tidy()
        self.reached = reaches

    def _set(self, key: str, place: int | None) -> None:
        self.overwritten.discard(key)
        if place is not None:
            self.items.adopt(key, place)
        elif key in self.items:
            del self.items[key]


def _keys_of(value: bytes | None) -> int | None:
    words = (value or b"").split()
    return int(words[1]) if len(words) == 2 and words[1].isdigit() else None


def reached_by(headers: Sequence[tuple[str, bytes]]) -> int | None:
    """The input offset that a state record's checkpoint reaches; None when it is none of ours."""
    for name, value in headers:
        if name == NEXT_OFFSET:
            return int(value) if value.isdigit() else None
    return None
