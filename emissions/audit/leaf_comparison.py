"""Compare the records of one holder with a log, leaf by leaf, and hold only the differences.

A leaf is looked up by the log's index and the hash in its tile, many at a time, and its place is
marked. Then the entries are read once: what is not marked is in the log alone. So memory is a byte
for each leaf of the log, and what is not in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple

import numpy as np

from emissions.audit.check import AuditCheck, first_named
from streams.core.evidence.leaf import Leaf, LeafKind, read_entry
from streams.core.evidence.merkle import leaf_hash, leaf_hashes
from streams.core.evidence.tiles import HASH_BYTES
from streams.counted import counted
from streams.sealing.leaf_places import LeafHashes, places_of
from streams.sealing.log_files import LogFiles

PART: Final = "log"
CHUNK: Final = 8_192
"""Leaves that are looked up, and entries that are read, at once."""
MOST_UNKNOWN: Final = 100_000
"""Records that are not in the log, as many as are held; with more of them nothing is compared."""

LeafKey = tuple[LeafKind, str, int]
"""Kind, id and revision of a leaf."""
_KINDS: Final[tuple[LeafKind, ...]] = ("registration", "rules", "root", "violation", "case")
_PLURALS: Final = {"rules": "rule sets"}


class Holder(NamedTuple):
    """Who holds the records: what is added to the kind's name, and what is said of differences."""

    suffix: str
    unknown: str
    absent: str
    altered: str


TOPICS: Final = Holder(
    "",
    "is missing in the log",
    "is in the log, and the topic has no such record",
    "was altered: the log has another hash of it",
)
CLICKHOUSE: Final = Holder(
    " in ClickHouse",
    "is in ClickHouse, and the log has no such record",
    "is in the log, and ClickHouse has no such row",
    "was altered in ClickHouse: the log has another hash of it",
)

Otherwise = Callable[[], Iterable[Leaf]]
"""Returns the other leaves that the same record may have made."""
Excuse = Callable[[Sequence[Leaf]], Collection[Leaf]]
"""Returns which leaves of the log a holder rightly does not have any more."""


class LeafComparison:
    """What a holder has of the first ``size`` leaves of a log, and what it has besides."""

    def __init__(self, files: LogFiles, size: int, holder: Holder) -> None:
        self._files = files
        self._size = size
        self._holder = holder
        self._marked = np.zeros(size, dtype=np.bool_)
        self._waiting: dict[Leaf, Otherwise] = {}
        self._unknown: dict[Leaf, None] = {}
        self._optional: set[LeafKey] = set()
        self.overflowed = False

    def take(
        self, leaf: Leaf, *, otherwise: Otherwise = lambda: (), optional: bool = False
    ) -> None:
        """Add the leaf of a record; an ``optional`` one need not be in the log."""
        if optional:
            self._optional.add(leaf[:3])
        self._waiting[leaf] = otherwise
        if len(self._waiting) >= CHUNK:
            self.unknown()

    def unknown(self) -> Collection[Leaf]:
        """Return the leaves that the log does not have, as far as they are held."""
        waiting, self._waiting = self._waiting, {}
        lacking = self._lacking(list(waiting))
        others = {other: leaf for leaf in lacking for other in waiting[leaf]()}
        if others:
            lacking -= {others[other] for other in others.keys() - self._lacking(list(others))}
        for leaf in waiting:
            if leaf in lacking and len(self._unknown) < MOST_UNKNOWN:
                self._unknown[leaf] = None
            elif leaf in lacking:
                self.overflowed = True
        return self._unknown.keys()

    def _lacking(self, leaves: Sequence[Leaf]) -> set[Leaf]:
        """Mark the places of leaves; return those that the log does not have."""
        hashes = [leaf_hash(leaf.entry()) for leaf in leaves]
        places = places_of(self._files, self._size, hashes) if hashes else {}
        self._marked[list(places.values())] = True
        return {leaf for number, leaf in enumerate(leaves) if number not in places}

    def forget(self, leaf: Leaf) -> None:
        """Leave out a leaf that is on its way into the log."""
        self._unknown.pop(leaf, None)

    def checks(self, excuse: Excuse = lambda _: ()) -> list[AuditCheck]:
        """Return a check for each kind of leaf that is there.

        Raises OSError and ValueError where the entries of the log cannot be read.
        """
        self.unknown()
        if self.overflowed:
            why = f"more than {MOST_UNKNOWN} records are not in the log"
            return [AuditCheck(PART, f"leaves{self._holder.suffix}", "not compared", [why])]
        strange: defaultdict[LeafKey, list[Leaf]] = defaultdict(list)
        for leaf in self._unknown:
            strange[leaf[:3]].append(leaf)
        counts, wrong = Counter[LeafKind](), _Differences(self._holder)
        altered: set[LeafKey] = set()
        tiles = LeafHashes(self._files, lambda: self._size)
        entries = self._files.entries(self._size)
        begin = 0
        while batch := list(islice(entries, CHUNK)):
            end = begin + len(batch)
            _check_hashes(batch, begin, tiles(begin, end))
            leaves = [read_entry(entry) for entry in batch]
            counts.update(leaf.kind for leaf in leaves)
            altered.update(key for leaf in leaves if (key := leaf[:3]) in strange)
            absent = [leaves[at] for at in np.flatnonzero(~self._marked[begin:end])]
            absent = [leaf for leaf in absent if leaf[:3] not in strange]
            excused = set(excuse(absent)) if absent else set()
            for leaf in absent:
                if leaf not in excused:
                    wrong.add(leaf[:3], self._holder.absent)
            begin = end
        for key, leaves in strange.items():
            if key in altered:
                wrong.add(key, self._holder.altered)
            elif key not in self._optional:
                counts[key[0]] += len(leaves)
                wrong.add(key, self._holder.unknown)
        return [
            AuditCheck(
                PART,
                f"{_PLURALS.get(kind, f'{kind}s')}{self._holder.suffix}",
                counted(counts[kind], "leaf", "leaves"),
                wrong.of(kind),
            )
            for kind in _KINDS
            if counts[kind]
        ]


class _Differences:
    """Sentences by kind, of each the first ones in the order of their keys, and how many."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._held: defaultdict[LeafKind, list[tuple[LeafKey, str]]] = defaultdict(list)
        self._beyond = Counter[LeafKind]()

    def add(self, key: LeafKey, what: str) -> None:
        held = self._held[key[0]]
        if len(held) < MOST_UNKNOWN:
            held.append((key, what))
        else:
            self._beyond[key[0]] += 1

    def of(self, kind: LeafKind) -> list[str]:
        said = [f"{key[0]} {key[1]}, revision {key[2]}: {what}" for key, what in self._sorted(kind)]
        beyond = self._beyond[kind]
        return [*first_named(said), *([f"and {beyond} beyond those"] if beyond else [])]

    def _sorted(self, kind: LeafKind) -> list[tuple[LeafKey, str]]:
        return sorted(self._held[kind])


def _check_hashes(entries: Sequence[bytes], begin: int, hashes: bytes) -> None:
    """Raise ValueError where an entry is not the one whose hash is in the tile."""
    if b"".join(leaf_hashes(entries)) == hashes:
        return
    for at, entry in enumerate(entries):
        if leaf_hash(entry) != hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES]:
            raise ValueError(
                f"entry {begin + at} is not the one whose hash is in the tile; "
                "`emissions log check` says what else differs"
            )
