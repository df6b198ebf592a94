"""Finds leaves of a log in a directory: by their hashes, through its index and its tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from streams.core.evidence.merkle import Hash
from streams.core.evidence.tiles import HASH_BYTES, WIDTH, Tile
from streams.sealing.leaf_index import LeafIndex
from streams.sealing.log_files import STATE, LogFiles


def open_index(files: LogFiles, size: Callable[[], int], *, writable: bool) -> LeafIndex:
    """Open the index of a log; ``writable`` is for the log's writer alone, whose log grows."""
    directory = files.directory / STATE / "index"
    return LeafIndex(directory, size(), LeafHashes(files, size), writable=writable)


def places_of(files: LogFiles, size: int, hashes: Sequence[Hash]) -> dict[int, int]:
    """Return the places of those hashes that are leaves, by the number of the hash.

    The writer may go on meanwhile: a file of its index that it merged is looked for again.
    """
    while True:
        try:
            return open_index(files, lambda: size, writable=False).find(hashes)
        except FileNotFoundError:
            if not (files.directory / STATE / "index").exists():
                raise


class LeafHashes:
    """Read hashes of leaves from the tiles of a log; the last tile is kept: the next is beside."""

    def __init__(self, files: LogFiles, size: Callable[[], int]) -> None:
        self._files = files
        self._size = size
        self._last = (Tile(0, -1), b"")

    def __call__(self, begin: int, end: int) -> bytes:
        """Return the hashes of the leaves ``[begin, end)``, one after the other."""
        parts = []
        for number in range(begin // WIDTH, -(-end // WIDTH)):
            content = self._tile(number)
            first = max(begin - number * WIDTH, 0)
            parts.append(content[first * HASH_BYTES : (end - number * WIDTH) * HASH_BYTES])
        return b"".join(parts)

    def _tile(self, number: int) -> bytes:
        tile = Tile(0, number, min(WIDTH, self._size() - number * WIDTH))
        if self._last[0] != tile:
            self._last = (tile, self._files.read_tile(tile))
        return self._last[1]
