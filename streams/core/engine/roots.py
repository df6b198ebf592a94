"""Grows the trees over the accepted messages of one source and publishes the roots of its days.

A message belongs to the local day of its ``measured_at``, on the clock of the registration that was
in force when it arrived. Messages are accepted in the order of offsets, so a tree only grows at its
end, and the roots of its whole subtrees are all that is kept of it. Stream time closes a day as it
closes the day's mean; late messages change it until nothing of the day can be accepted any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from typing import Final

import msgspec

from streams.core.engine.retention import retained_for
from streams.core.engine.tracked_source import TrackedSource
from streams.core.evidence.merkle import CompactRange
from streams.core.judging.context import Context
from streams.core.records.record import RawRecord
from streams.core.records.root import SourceDayRoot
from streams.core.state.day_trees import DayTree, DayTrees
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.interval import FOREVER
from streams.core.time.window_kinds import WHOLE_DAY
from streams.core.windows.assigner import LocalDay

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(DayTrees)
_LEAF: Final = sha256(b"\x00")


class RootTracker:
    """Tracks the days of one source; saved under a key of its own."""

    def __init__(
        self, context: Context, source: TrackedSource, key: str, saved: UncommittedState
    ) -> None:
        policy = context.policy
        self._grace = policy.grace_of(WHOLE_DAY)
        self._final_after = policy.max_lateness + 1  # as of means: beyond the lateness
        self._kept_for = retained_for(policy.max_lateness)
        self._context = context
        self._source = source
        self._key = key
        self._saved = saved
        self._trees = self._load()
        self._days = {tree.day: tree for tree in self._trees.days}
        self._tree: DayTree | None = None  # of the messages in ``_taken``
        self._of: LocalDay | None = None
        self._taken: list[RawRecord] = []
        self._unpublished: set[int] = set()
        self._changed = False
        self.due = FOREVER
        """The stream time (ms) at which a day closes, is final, or is forgotten next."""
        self._update_due()

    def _load(self) -> DayTrees:
        """Decode the saved trees; those that miss messages are incomplete."""
        encoded, last = self._saved.get(self._key), self._source.state.last_offset
        if encoded is None:
            return DayTrees(since=last + 1, upto=last)
        trees = _decoder.decode(encoded)
        if trees.upto != last:  # a version before this one has accepted messages since
            trees.since, trees.upto = last + 1, last
            for tree in trees.days:
                tree.complete = False
        return trees

    def take(self, day: LocalDay, records: Sequence[RawRecord], stream_time: int) -> None:
        """Add accepted messages of a day (one at least); all of them are on time, or it is one."""
        if day is not self._of:
            self.hash_taken()
            self._tree, self._of = self._tree_of(day, stream_time), day
        tree = self._tree
        assert tree is not None  # noqa: S101 (set with the day)
        self._taken += records
        if tree.closed:
            self._note(tree, len(records), stream_time)

    def _tree_of(self, day: LocalDay, stream_time: int) -> DayTree:
        tree = self._days.get(day.number)
        if tree is None:
            closed = stream_time >= day.end + self._grace
            final = stream_time >= day.end + self._final_after
            tree = DayTree(day.number, day.start, day.end, closed, final, self._is_whole(day))
            self._days[day.number] = tree
            self._update_due()
        elif (tree.start, tree.end) != (day.start, day.end):  # the source's zone has changed
            tree.start, tree.end = min(tree.start, day.start), max(tree.end, day.end)
            self._update_due()
        return tree

    def _is_whole(self, day: LocalDay) -> bool:
        """Tell whether no message of a day without a tree had been accepted before."""
        since, source = self._trees.since, self._source
        if since == 0:
            return True
        if source.state.evicted_until > day.start:
            return False
        slots = source.hours.slots_in(day.start, day.end)
        return all(slot.first_offset < 0 or slot.first_offset >= since for slot in slots)

    def _note(self, tree: DayTree, changes: int, stream_time: int) -> None:
        """Count changes of a closed day, the last one at a stream time (ms)."""
        tree.revision += changes
        tree.stream_time = stream_time
        tree.bin = self._source.entry.enterprise.bin
        self._unpublished.add(tree.day)

    def settle(self, stream_time: int) -> None:
        """Close, make final and forget the days that are due at ``stream_time`` (ms)."""
        self.hash_taken()
        self._changed = True
        for tree in sorted(self._days.values(), key=lambda each: each.day):
            if not tree.closed and stream_time >= tree.end + self._grace:
                tree.closed = True
                self._note(tree, 1, stream_time)
            if not tree.final and stream_time >= tree.end + self._final_after:
                tree.final = True
                self._note(tree, 1, stream_time)
            if stream_time >= tree.end + self._kept_for:
                self._publish(tree)
                del self._days[tree.day]
                self._of = self._tree = None
        self._update_due()

    def _update_due(self) -> None:
        self.due = min(map(self._due_of, self._days.values()), default=FOREVER)

    def _due_of(self, tree: DayTree) -> int:
        if not tree.closed:
            return tree.end + self._grace
        return tree.end + (self._kept_for if tree.final else self._final_after)

    def hash_taken(self) -> None:
        """Hash the messages taken since the last call into their tree."""
        tree, taken = self._tree, self._taken
        if tree is None or not taken:
            return
        leaves = []
        for record in taken:
            leaf = _LEAF.copy()
            leaf.update(record.value or b"")
            leaves.append(leaf.digest())
        grown = CompactRange(tree.size, tree.subtrees)
        grown.extend(leaves)
        tree.size, tree.subtrees = grown.size, list(grown.subtrees)
        if tree.first_offset < 0:
            tree.first_offset = taken[0].offset
        tree.last_offset = self._trees.upto = taken[-1].offset
        self._taken = []
        self._changed = True

    def publish(self) -> None:
        """Publish the last revision of each day that has changed since the last call."""
        self.hash_taken()
        for day in sorted(self._unpublished):
            self._publish(self._days[day])

    def _publish(self, tree: DayTree) -> None:
        if tree.day not in self._unpublished:
            return
        self._unpublished.discard(tree.day)
        self._context.findings.roots.append(
            SourceDayRoot(
                self._source.entry.id,
                tree.bin,
                date.fromordinal(tree.day).isoformat(),
                tree.start,
                tree.end,
                self._context.topic,
                self._context.partition,
                tree.first_offset,
                tree.last_offset,
                tree.size,
                CompactRange(tree.size, tree.subtrees).root.hex(),
                tree.revision,
                tree.final,
                tree.complete,
                tree.stream_time,
            )
        )

    def save(self) -> Iterator[tuple[str, bytes | None]]:
        """Encode what has changed since the last call, by key of the state."""
        self.hash_taken()
        if self._changed:
            self._changed = False
            self._trees.days = [self._days[day] for day in sorted(self._days)]
            encoded = _encoder.encode(self._trees)
            self._saved.put(self._key, encoded)
            yield self._key, encoded
