"""How a run fails when its input is good, each with a sentence for the user."""

from __future__ import annotations

import shutil
from pathlib import Path

LAST_LINES = 12
LEAST_ROOM = 16 << 20
"""With less room ClickHouse takes no more rows, and the sinks wait for more in vain."""


class RunError(Exception):
    """Something the run needs is not as it must be."""


class OccupiedError(RunError):
    """The topics of the run hold records of others already."""


class StalledError(RunError):
    """A consumer group stands still although it has messages to take; says which."""


class FullDiskError(RunError):
    """The disk on which the run keeps its data takes no more."""


def require_room(directory: Path) -> None:
    """Raise `FullDiskError` where a directory's disk has less than `LEAST_ROOM` left."""
    left = shutil.disk_usage(directory).free
    if left < LEAST_ROOM:
        raise FullDiskError(
            f"the disk of {directory} is full ({left / (1 << 20):.0f} MiB left): make room there, "
            "or name a directory elsewhere (--keep of demo, --workspace of replay, TMPDIR)"
        )


class StageError(RunError):
    """A process of the run ended by itself: which one, its log, and the last lines of it."""

    def __init__(self, part: str, log: Path) -> None:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        said = "\n".join(f"  {line}" for line in lines[-LAST_LINES:]) or "  (nothing)"
        super().__init__(f"{part} ended unexpectedly (log: {log}); it said last:\n{said}")
