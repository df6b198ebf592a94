"""Start the parts of a stack, watch them, and start again what ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from emissions.supervision.part import Part
from emissions.supervision.restart import (
    PartState,
    by_name,
    ended,
    next_due_s,
    started,
    to_start,
    wait_s,
)

_LAST_BYTES: Final = 4000


class Tell(Protocol):
    """Receives what happens: the name of an event and its fields."""

    def __call__(self, event: str, **fields: object) -> None:
        """Tell of it."""


class Supervisor:
    """Runs parts; call `look` again and again, and `stop` at the end.

    ``finished`` tells whether a part that ended with an exit code has done its work.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        tell: Tell,
        *,
        clock: Callable[[], float] = time.monotonic,
        finished: Callable[[str, int], bool] = lambda _name, _code: False,
    ) -> None:
        self._parts = {part.name: part for part in parts}
        self._states = by_name(PartState(part.name, part.needs) for part in parts)
        self._tell = tell
        self._clock = clock
        self._finished = finished
        self._began_at: dict[str, int] = {}  # where in its log the last start of a part begins

    @property
    def states(self) -> Mapping[str, PartState]:
        """What is known of each part, in the order of their start."""
        return self._states

    def pids(self) -> dict[str, int]:
        """Return the process ids of the parts that run."""
        return {name: pid for name, part in self._parts.items() if (pid := part.pid) is not None}

    def start(self, name: str) -> None:
        """Start a part for the first time. Raises its error: a stack that cannot start says so."""
        self._start(name)
        self._note_start(name)

    def look(self) -> float | None:
        """Note which parts ended and start those that are due.

        Returns the seconds until the next one is due, None where none waits.
        """
        for name, part in self._parts.items():
            state = self._states[name]
            if state.running and (code := part.exit_code()) is not None:
                self._note_end(name, code)
        for name in to_start(self._states, self._clock()):
            try:
                self._start(name)
            except Exception as error:  # whatever it is, it is told, and tried again
                self._note_failed_start(name, error)
            else:
                self._note_start(name)
        return next_due_s(self._states, self._clock())

    def stop(self) -> None:
        """Stop every part, in the reverse order; parts beside each other at the same time."""
        left = list(reversed(self._parts.values()))
        while left:
            # What nothing that is left needs may go now.
            needed = {name for part in left for name in part.needs}
            now = [part for part in left if part.name not in needed]
            for part in now:
                part.request_stop()
            for part in now:
                part.stop()
                left.remove(part)

    def _start(self, name: str) -> None:
        part = self._parts[name]
        self._began_at[name] = part.log.stat().st_size if part.log.exists() else 0
        part.start()

    def _note_start(self, name: str) -> None:
        state = self._states[name]
        self._states[name] = started(state, self._clock())
        part = self._parts[name]
        again = state.failures
        self._tell("part_started", part=name, pid=part.pid, log=str(part.log), failures=again)

    def _note_end(self, name: str, code: int) -> None:
        finished = self._finished(name, code)
        state = ended(self._states[name], self._clock(), finished=finished)
        self._states[name] = state
        part = self._parts[name]
        part.stop()
        said = last_words(part.log, self._began_at[name])
        if finished:
            self._tell("part_finished", part=name, said=said)
            return
        self._tell(
            "part_ended",
            part=name,
            exit_code=code,
            said=said,
            log=str(part.log),
            again_in_s=wait_s(state.failures),
        )

    def _note_failed_start(self, name: str, error: Exception) -> None:
        state = ended(self._states[name], self._clock())
        self._states[name] = state
        part = self._parts[name]
        part.stop()
        self._tell(
            "part_not_started",
            part=name,
            said=" ".join(str(error).split()),
            log=str(part.log),
            again_in_s=wait_s(state.failures),
        )


def last_words(log: Path, began_at: int = 0) -> str:
    """Return the last line of a log behind a place in it, or nothing."""
    try:
        size = log.stat().st_size
        with log.open("rb") as file:
            file.seek(max(began_at if began_at <= size else 0, size - _LAST_BYTES))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
