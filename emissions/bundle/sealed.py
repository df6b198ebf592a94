"""Takes from a log's directory what a bundle needs: a checkpoint that stays, and proofs against it.

The checkpoint is the first of a day's last ones that has all the records, so that a bundle is the
same whenever it is made; what is too new for that is proved by the checkpoint of now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from emissions.bundle.material import Sealed
from streams.core.evidence.checkpoint import Checkpoint, Proof
from streams.core.evidence.merkle import inclusion_proof, leaf_hash
from streams.core.evidence.note import LOG_KEY, PublicKey
from streams.core.evidence.tiles import HASH_BYTES, TileReader
from streams.sealing.leaf_places import places_of
from streams.sealing.leaf_salts import read_salts
from streams.sealing.log_files import CHECKPOINTS, STAMP, LogError, LogFiles, checkpoint_of
from streams.sealing.log_keys import public_keys

_WIDTH: Final = ".p/"


class SealedLog:
    """The log in a directory; ``witnesses`` are keys that may have signed it too.

    Raises LogError for a log without a checkpoint, and as `read_salts`.
    """

    def __init__(self, directory: Path, witnesses: Sequence[PublicKey] = ()) -> None:
        self._files = LogFiles(directory)
        published = self._files.checkpoint()
        if published is None:
            raise LogError(f"{directory} has no checkpoint: it is no log, or an empty one")
        self._now = published
        self.salts = read_salts(directory)
        self._keys = tuple(dict.fromkeys((*public_keys(directory), *witnesses)))

    def named(self, public: bytes) -> PublicKey:
        """Return the name of a key that signs bundles: the log's own, or one below it."""
        for each in self._keys:
            if each.key == public and each.kind == LOG_KEY:
                return each
        return PublicKey(f"{self._now[0].origin}/bundles", LOG_KEY, public)

    def rules(self, version: str) -> bytes | None:
        """Return a packed rule set that the log keeps, None where it has none of the version."""
        path = self._files.directory / "rules" / version
        return path.read_bytes() if path.is_file() else None

    def seal(self, entries: Sequence[bytes]) -> Sealed:
        """Return a checkpoint that has the entries, as far as the log has them, and the proofs."""
        places = self._places(entries)
        checkpoint, note, stamp = self._chosen(1 + max(places.values(), default=-1))
        tree = TileReader(self._read, checkpoint.size)

        def prove(wanted: Sequence[bytes]) -> Mapping[bytes, str]:
            found = {}
            for entry in wanted:
                place = places.get(entry)
                if place is not None:
                    hashes = inclusion_proof(tree, place, checkpoint.size)
                    found[entry] = Proof(place, tuple(hashes), note).text
            return found

        return Sealed(note, self._keys, prove, stamp)

    def _places(self, entries: Sequence[bytes]) -> dict[bytes, int]:
        hashes = [leaf_hash(each) for each in entries]
        found = places_of(self._files, self._now[0].size, hashes)
        return {entries[number]: place for number, place in found.items()}

    def _chosen(self, size: int) -> tuple[Checkpoint, str, bytes | None]:
        """Return the first checkpoint of a past day with ``size`` leaves, else that of now."""
        kept = self._files.directory / CHECKPOINTS
        for day in self._files.days()[:-1]:
            note = (kept / day).read_text("utf-8")
            checkpoint = checkpoint_of(note, kept / day)
            if checkpoint.size >= size:
                stamp = kept / f"{day}{STAMP}"
                return checkpoint, note, stamp.read_bytes() if stamp.is_file() else None
        return *self._now, None

    def _read(self, path: str) -> bytes:
        """Read a tile as wide as it was; a wider one begins with it."""
        try:
            return self._files.read(path)
        except FileNotFoundError:
            full, partial, width = path.partition(_WIDTH)
            folder = self._files.directory / f"{full}.p"
            wider = [each for each in folder.iterdir() if int(each.name) >= int(width)]
            if not partial or not wider:
                raise
            return wider[0].read_bytes()[: int(width) * HASH_BYTES]
