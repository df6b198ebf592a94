"""Proves that a record is in a log: from its leaf, in a directory, as one text (tlog-proof)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from streams.core.evidence.checkpoint import Checkpoint, Proof
from streams.core.evidence.leaf import Leaf, read_entry
from streams.core.evidence.merkle import inclusion_proof, leaf_hash
from streams.core.evidence.tiles import ENTRIES, WIDTH, Tile, TileReader, entries_of
from streams.sealing.leaf_places import places_of
from streams.sealing.log_files import LogError, LogFiles


def find_leaf(
    files: LogFiles, size: int, identity: str, revision: int | None
) -> tuple[int, Leaf] | None:
    """Find the leaf of an id, of its last revision where none is named, among ``size`` entries.

    Looks through the entries, the newest first, where later revisions stand: of a log of ten
    million leaves it reads 1.7 GB in the worst case. Whoever has the record itself finds it by its
    hash (`LogProver.places`).
    """
    needle = json.dumps(identity, ensure_ascii=False).encode()
    found: tuple[int, Leaf] | None = None
    for number in reversed(range(-(-size // WIDTH))):
        content = files.read_tile(Tile(ENTRIES, number, min(WIDTH, size - number * WIDTH)))
        if needle not in content:
            continue
        for at, entry in enumerate(entries_of(content), number * WIDTH):
            if needle not in entry:
                continue
            leaf = read_entry(entry)
            if leaf.id != identity or revision not in (None, leaf.revision):
                continue
            if found is None or leaf.revision >= found[1].revision:
                found = at, leaf
        if found is not None:
            break
    return found


class LogProver:
    """Make proofs against the checkpoint that a log has when it is opened.

    Raises LogError for a log without a checkpoint.
    """

    def __init__(self, files: LogFiles) -> None:
        published = files.checkpoint()
        if published is None:
            raise LogError(f"{files.directory} has no checkpoint yet")
        self._files = files
        self.checkpoint: Checkpoint = published[0]
        self.note = published[1]
        self._tree = TileReader(files.read, self.checkpoint.size)

    def places(self, entries: Sequence[bytes]) -> list[int | None]:
        """Return the place of each entry in the log, None for one that it does not have."""
        hashes = [leaf_hash(entry) for entry in entries]
        found = places_of(self._files, self.checkpoint.size, hashes)
        return [found.get(number) for number in range(len(entries))]

    def prove(self, place: int) -> Proof:
        """Prove the leaf at a place; raises LogError where the log has none there."""
        if not 0 <= place < self.checkpoint.size:
            raise LogError(f"the log has {self.checkpoint.size} leaves, and none at {place}")
        hashes = inclusion_proof(self._tree, place, self.checkpoint.size)
        return Proof(place, tuple(hashes), self.note)

    def prove_entry(self, entry: bytes) -> Proof | None:
        """Prove an entry (`streams.core.evidence.leaf.Leaf.entry`); None: it is not in the log."""
        (place,) = self.places([entry])
        return None if place is None else self.prove(place)
