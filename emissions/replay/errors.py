"""Errors of a run with good input, each a sentence for the user."""

from __future__ import annotations

import shutil
from pathlib import Path

LAST_LINES = 12
LEAST_ROOM = 16 << 20
"""Bytes; with less free space ClickHouse refuses rows and the sinks would wait for ever."""


class RunError(Exception):
    """A run cannot start or go on."""


class TopicsInUseError(RunError):
    """The topics of the run already hold records."""


class StalledError(RunError):
    """A consumer group makes no progress although messages remain; names the group."""


class FullDiskError(RunError):
    """The disk that holds the data of the run is full."""


def require_room(directory: Path) -> None:
    """Raise `FullDiskError` where a directory's disk has less than `LEAST_ROOM` left."""
    left = shutil.disk_usage(directory).free
    if left < LEAST_ROOM:
        raise FullDiskError(
            f"the disk of {directory} is full ({left / (1 << 20):.0f} MiB left): free some space, "
            "or use another directory (--keep of demo, --workspace of replay, TMPDIR)"
        )


class ProcessEndedError(RunError):
    """A process of the run ended by itself: which one, and the last lines of its log."""

    def __init__(self, part: str, log: Path) -> None:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        said = "\n".join(f"  {line}" for line in lines[-LAST_LINES:]) or "  (empty)"
        super().__init__(f"{part} ended unexpectedly (log: {log}); its last lines:\n{said}")
