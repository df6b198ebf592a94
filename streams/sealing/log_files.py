"""Reads the files of a log: its directory as it lies on a disk, or a copy of it.

Public are the checkpoint, the tiles of hashes, ``keys.txt``, the checkpoints of days and the rule
sets. The bundles of entries are not: an id leads to an enterprise before it may be named. What is
below ``state/`` is the writer's own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams.core.evidence.checkpoint import Checkpoint, FormError, parse_checkpoint
from streams.core.evidence.note import split_note
from streams.core.evidence.tiles import ENTRIES, HASH_BYTES, WIDTH, Tile, bundle, entries_of
from streams.errors import OperatorError

CHECKPOINT: Final = "checkpoint"
CHECKPOINTS: Final = "checkpoints"
"""The last checkpoint of each day (UTC), ``YYYY-MM-DD``, and its time stamp, ``.tsr``."""
KEYS: Final = "keys.txt"
RULES: Final = "rules"
STATE: Final = "state"
STAMP: Final = ".tsr"

_TILE = re.compile(r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class LogError(OperatorError):
    """The log's directory is not as it must be; the text is a sentence that says where."""


class LogFiles:
    """The files of a log in a directory, but the writer's own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, path: str) -> bytes:
        """Read a file by its path below the log; raises FileNotFoundError.

        In place of a tile or bundle that is not full, the full one may be there: then its
        beginning is returned.
        """
        full, partial, width = path.partition(".p/")
        try:
            return (self.directory / path).read_bytes()
        except FileNotFoundError:
            if not partial or not (self.directory / full).exists():
                raise
        content = (self.directory / full).read_bytes()
        if "/entries/" in full:
            return bundle(entries_of(content)[: int(width)])
        return content[: int(width) * HASH_BYTES]

    def read_tile(self, tile: Tile) -> bytes:
        """Read a tile or bundle; raises FileNotFoundError."""
        return self.read(tile.path)

    def checkpoint(self) -> tuple[Checkpoint, str] | None:
        """Return the checkpoint with its whole note; None: nothing was published.

        Raises LogError.
        """
        try:
            note = (self.directory / CHECKPOINT).read_text("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise LogError(f"{self.directory / CHECKPOINT} is no checkpoint: not UTF-8") from None
        return checkpoint_of(note, self.directory / CHECKPOINT), note

    def days(self) -> list[str]:
        """List the days that have a checkpoint, the first one first."""
        try:
            names = [each.name for each in (self.directory / CHECKPOINTS).iterdir()]
        except FileNotFoundError:
            return []
        return sorted(name for name in names if _DAY.fullmatch(name))

    def entries(self, size: int, begin: int = 0) -> Iterator[bytes]:
        """Yield the entries ``[begin, size)``; raises FileNotFoundError and ValueError."""
        for number in range(begin // WIDTH, -(-size // WIDTH)):
            tile = Tile(ENTRIES, number, min(WIDTH, size - number * WIDTH))
            found = entries_of(self.read_tile(tile))
            if len(found) != tile.width:
                raise ValueError(f"{tile.path} has {len(found)} entries, not {tile.width}")
            yield from found[max(0, begin - number * WIDTH) :]

    def tiles(self) -> Iterator[tuple[Path, Tile]]:
        """Yield every file of a tile or bundle that lies there, in no order."""
        for directory, _, names in os.walk(self.directory / "tile"):
            for name in names:
                path = Path(directory, name)
                tile = tile_of(path.relative_to(self.directory).as_posix())
                if tile is not None:
                    yield path, tile


def tile_of(path: str) -> Tile | None:
    """Parse the address of a tile or bundle below the log; None for another file's."""
    found = _TILE.fullmatch(path)
    if found is None:
        return None
    level = ENTRIES if found[1] == "entries" else int(found[1])
    number = int(found[2].replace("x", "").replace("/", ""))
    width = WIDTH if found[3] is None else int(found[3])
    tile = Tile(level, number, width)
    return tile if tile.path == path else None


def checkpoint_of(note: str, where: object) -> Checkpoint:
    """Parse the checkpoint of a note, whose signatures nobody looks at; raises LogError."""
    try:
        return parse_checkpoint(split_note(note)[0])
    except FormError as error:
        raise LogError(f"{where} is no checkpoint: {error}") from None
