"""Compares what was signed with what is on disk, while the log is being written.

Cheap enough for every checkpoint: of the tree only the tiles on the way to a root are read, not the
entries. `check_log` looks at everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streams.core.evidence.checkpoint import Checkpoint
from streams.core.evidence.tiles import TileReader
from streams.sealing.log_check import other_root
from streams.sealing.log_files import CHECKPOINT, CHECKPOINTS, LogError, LogFiles, checkpoint_of

_LAST_DAYS: Final = 2


def log_differences(files: LogFiles) -> list[str]:
    """Say which of the last signed checkpoints the tree on disk contradicts, a sentence each.

    Looks at that of the log and at those of the last two days: each must be the beginning of one
    tree (RFC 6962, 2.1.2).
    """
    try:
        found = dict(_signed(files))
    except (LogError, OSError, UnicodeDecodeError) as error:
        return [str(error)]
    newest = found.get(CHECKPOINT)
    if newest is None:
        return [f"{CHECKPOINT} is missing"] if found else []
    tree = TileReader(files.read, newest.size)
    differences = []
    for path, each in found.items():
        if each.origin != newest.origin:
            differences.append(f"{path} is of the log {each.origin}, not of {newest.origin}")
        elif each.size > newest.size:
            differences.append(f"{path}: {each.size} leaves, and {newest.size} in {CHECKPOINT}")
        elif (why := other_root(tree, each)) is not None:
            differences.append(f"{path}: {why}")
    return differences


def _signed(files: LogFiles) -> Iterator[tuple[str, Checkpoint]]:
    """Yield the checkpoints by path. Raises LogError, OSError and UnicodeDecodeError."""
    newest = files.checkpoint()
    if newest is not None:
        yield CHECKPOINT, newest[0]
    for day in files.days()[-_LAST_DAYS:]:
        path = f"{CHECKPOINTS}/{day}"
        yield path, checkpoint_of(files.read(path).decode(), path)
