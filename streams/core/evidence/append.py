"""Appends entries to a log of tiles: which files come of them, and the root of the tree.

A log grows at its right edge only: of each level the last tile that is not full, and the last
bundle of entries. With that edge nothing else of the log has to be read, however long it is. Whole
tiles are hashed in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from streams.core.evidence.merkle import CompactRange, Hash, leaf_hashes, whole_subtrees
from streams.core.evidence.tiles import (
    ENTRIES,
    HASH_BYTES,
    HEIGHT,
    WIDTH,
    Tile,
    bundle,
    entries_of,
    parent_hash,
)

_FULL = WIDTH * HASH_BYTES


class LogEdge(NamedTuple):
    """The right edge of a log of ``size`` entries.

    ``levels`` are the contents of the tiles that are not full, the lowest level first (empty: the
    level has only full tiles), ``entries`` those of the last bundle that is not full.
    """

    size: int = 0
    levels: tuple[bytes, ...] = ()
    entries: tuple[bytes, ...] = ()

    @property
    def root(self) -> Hash:
        """The root of the tree."""
        subtrees: list[Hash] = []
        for content in reversed(self.levels):
            for level, number in whole_subtrees(len(content) // HASH_BYTES):
                first = number << level
                hashes = _split(content[first * HASH_BYTES : (first + (1 << level)) * HASH_BYTES])
                subtrees.append(parent_hash(hashes))
        return CompactRange(self.size, subtrees).root

    def files(self) -> list[Tile]:
        """List the tiles and the bundle that are not full: what `edge_of` reads."""
        tiles = [
            Tile(level, (self.size >> HEIGHT * level) // WIDTH, len(content) // HASH_BYTES)
            for level, content in enumerate(self.levels)
            if content
        ]
        if self.entries:
            tiles.append(Tile(ENTRIES, self.size // WIDTH, len(self.entries)))
        return tiles


class Growth(NamedTuple):
    """What an append makes: the new edge, new files by name, and the hashes of the new leaves."""

    edge: LogEdge
    files: list[tuple[Tile, bytes]]
    hashes: list[Hash]


def append(edge: LogEdge, entries: Sequence[bytes], hashes: list[Hash] | None = None) -> Growth:
    """Append entries to a log; ``hashes`` are those of the entries, where they are known.

    Raises ValueError for an entry of 64 KiB or more.
    """
    if not entries:
        return Growth(edge, [], [])
    if hashes is None:
        hashes = leaf_hashes(entries)
    size = edge.size + len(entries)
    files: list[tuple[Tile, bytes]] = []
    rest = _bundles(edge, entries, files)
    levels: list[bytes] = []
    new, level = b"".join(hashes), 0
    while new or level < len(edge.levels):
        content = (edge.levels[level] if level < len(edge.levels) else b"") + new
        number = (edge.size >> HEIGHT * level) // WIDTH
        parents = []
        whole = len(content) - len(content) % _FULL
        for at in range(0, whole, _FULL):
            tile = content[at : at + _FULL]
            files.append((Tile(level, number + at // _FULL), tile))
            parents.append(_tile_hash(tile))
        last = content[whole:]
        if last and new:
            width = len(last) // HASH_BYTES
            files.append((Tile(level, number + whole // _FULL, width), last))
        levels.append(last)
        new, level = b"".join(parents), level + 1
    return Growth(LogEdge(size, tuple(levels), rest), files, hashes)


def _bundles(
    edge: LogEdge, entries: Sequence[bytes], files: list[tuple[Tile, bytes]]
) -> tuple[bytes, ...]:
    """Add the bundles of the entries to ``files``; return the entries of the one not full."""
    every, number = [*edge.entries, *entries], edge.size // WIDTH
    for at in range(0, len(every), WIDTH):
        part = every[at : at + WIDTH]
        files.append((Tile(ENTRIES, number + at // WIDTH, len(part)), bundle(part)))
    return tuple(every[len(every) - len(every) % WIDTH :])


def edge_of(size: int, read: Callable[[Tile], bytes]) -> LogEdge:
    """Read the edge of a log of ``size`` entries from its tiles.

    Raises ValueError where a tile has not the length that its width asks for, and what ``read``
    raises for a file that is not there.
    """
    levels: list[bytes] = []
    count = size
    while count:
        width, level = count % WIDTH, len(levels)
        content = read(Tile(level, count // WIDTH, width)) if width else b""
        if len(content) != width * HASH_BYTES:
            raise ValueError(f"the last tile of level {level} has not {width} hashes")
        levels.append(content)
        count >>= HEIGHT
    entries: list[bytes] = []
    if size % WIDTH:
        entries = entries_of(read(Tile(ENTRIES, size // WIDTH, size % WIDTH)))
        if len(entries) != size % WIDTH:
            raise ValueError(f"the last bundle has {len(entries)} entries, not {size % WIDTH}")
    return LogEdge(size, tuple(levels), tuple(entries))


def _tile_hash(content: bytes) -> Hash:
    """Hash the node above a full tile."""
    while len(content) > HASH_BYTES:
        content = b"".join(
            [
                sha256(b"\x01" + content[at : at + 2 * HASH_BYTES]).digest()
                for at in range(0, len(content), 2 * HASH_BYTES)
            ]
        )
    return content


def _split(content: bytes) -> list[Hash]:
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]
