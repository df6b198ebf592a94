"""How a run fails when its input is good, each with a sentence for the user."""

from __future__ import annotations

from pathlib import Path

LAST_LINES = 12


class RunError(Exception):
    """Something the run needs is not as it must be."""


class OccupiedError(RunError):
    """The topics of the run hold records of others already."""


class StalledError(RunError):
    """A consumer group stands still although it has messages to take; says which."""


class StageError(RunError):
    """A process of the run ended by itself: which one, its log, and the last lines of it."""

    def __init__(self, part: str, log: Path) -> None:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        said = "\n".join(f"  {line}" for line in lines[-LAST_LINES:]) or "  (nothing)"
        super().__init__(f"{part} ended unexpectedly (log: {log}); it said last:\n{said}")
