"""A transparency log as static files: tiles of 256 hashes, bundles of 256 entries.

The form is that of C2SP tlog-tiles. A tile holds the hashes of neighbouring whole subtrees of eight
levels each; a bundle holds the entries themselves, each after its length in two bytes. What is not
full has its width in its name and is replaced by a wider one; what is full never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from streams.core.evidence.merkle import Hash, node_hash

HEIGHT: Final = 8
"""Levels of the tree in one tile."""
WIDTH: Final = 1 << HEIGHT
"""Hashes of a full tile, entries of a full bundle."""
HASH_BYTES: Final = 32
MAX_ENTRY_BYTES: Final = (1 << 16) - 1
"""Longest entry: its length stands in two bytes."""
ENTRIES: Final = -1
"""In place of a level: the bundles of entries."""


class Tile(NamedTuple):
    """The name of a tile: its level (`ENTRIES`: a bundle), its number, how much is in it."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its address below the log, such as ``tile/0/x001/x234/067.p/8``."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        part = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{level}/{_grouped(self.number)}{part}"


def _grouped(number: int) -> str:
    """Write a number in groups of three digits, all but the last with an x before it."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03}")
    return "/".join(reversed(groups))


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every tile of hashes of a log of ``size`` leaves, as wide as it is at that size."""
    level, count = 0, size
    while count:
        for number in range(-(-count // WIDTH)):
            yield Tile(level, number, min(WIDTH, count - number * WIDTH))
        level, count = level + 1, count >> HEIGHT


def new_tiles(before: int, size: int) -> Iterator[Tile]:
    """Yield the tiles of hashes, and the bundles, that a log gets by growing to ``size`` leaves."""
    for level in (ENTRIES, *range(_levels(size))):
        shift = HEIGHT * max(level, 0)
        old, count = before >> shift, size >> shift
        for number in range(old // WIDTH, -(-count // WIDTH)):
            width = min(WIDTH, count - number * WIDTH)
            if width > old - number * WIDTH:
                yield Tile(level, number, width)


def _levels(size: int) -> int:
    """Count the levels of tiles of a log."""
    return -(-size.bit_length() // HEIGHT)


def bundle(entries: Iterable[bytes]) -> bytes:
    """Join entries to a bundle; raises ValueError for one of 64 KiB or more."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"an entry has {len(entry)} bytes, and may have {MAX_ENTRY_BYTES}")
        parts += [len(entry).to_bytes(2), entry]
    return b"".join(parts)


def entries_of(content: bytes) -> list[bytes]:
    """Split a bundle into its entries; raises ValueError where it ends in the middle of one."""
    found, at = [], 0
    while at < len(content):
        start = at + 2
        at = start + int.from_bytes(content[at:start])
        if start > len(content) or at > len(content):
            raise ValueError("the bundle ends in the middle of an entry")
        found.append(content[start:at])
    return found


def parent_hash(hashes: Sequence[Hash]) -> Hash:
    """Compute the hash above a power of two of hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=True)]
    return level[0]


class TileReader:
    """The whole subtrees of a log of ``size`` leaves, read from its tiles.

    ``read`` returns the content of a file by its path and raises what it likes where it is not
    there; a tile of the wrong length raises ValueError.
    """

    def __init__(self, read: Callable[[str], bytes], size: int) -> None:
        self._read = read
        self._size = size
        self._tiles: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, number: int) -> Hash:
        """Return the hash of a whole subtree by its level in the tree and its number there."""
        tile_level, inside = divmod(level, HEIGHT)
        first = number << inside
        tile, at = divmod(first, WIDTH)
        content = self._tile(tile_level, tile)
        count = 1 << inside
        hashes = [
            content[place * HASH_BYTES : (place + 1) * HASH_BYTES]
            for place in range(at, at + count)
        ]
        return parent_hash(hashes)

    def _tile(self, level: int, number: int) -> bytes:
        content = self._tiles.get((level, number))
        if content is None:
            width = min(WIDTH, (self._size >> HEIGHT * level) - number * WIDTH)
            name = Tile(level, number, width)
            content = self._read(name.path)
            if len(content) != width * HASH_BYTES:
                raise ValueError(
                    f"{name.path} has {len(content)} bytes, and must have {width * HASH_BYTES}"
                )
            self._tiles[level, number] = content
        return content
