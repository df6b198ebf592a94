"""Decide which parts of a stack are to be started, and when; pure.

A part is started as soon as the parts that it needs run, and again after it ended: at once the
first time, then after 1, 2, 4, ... seconds, at most a minute. Once it ran for a minute its failures
are forgotten. A part that finished its work is not started again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
STEADY_S: Final = 60.0
"""A part that ran for so long did start: what ended it is a new failure."""


@dataclass(frozen=True)
class PartState:
    """What is known of a part; times are seconds of one steady clock.

    ``needs`` names the parts that must run when it starts. ``finished``: it is not started again.
    """

    name: str
    needs: tuple[str, ...] = ()
    running: bool = False
    started_s: float = 0.0
    failures: int = 0  # in a row
    due_s: float = 0.0  # not started before
    finished: bool = False


def wait_s(failures: int) -> float:
    """Return how long to wait after so many failures in a row, seconds."""
    if failures <= 1:
        return 0.0
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures - 2, 30)))


def started(part: PartState, now: float) -> PartState:
    """Return the part as it is after it was started."""
    return replace(part, running=True, started_s=now)


def ended(part: PartState, now: float, *, finished: bool = False) -> PartState:
    """Return the part as it is after it ended, or could not be started."""
    if finished:
        return replace(part, running=False, finished=True)
    steady = part.running and now - part.started_s >= STEADY_S
    failures = 1 if steady else part.failures + 1
    return replace(part, running=False, failures=failures, due_s=now + wait_s(failures))


def to_start(parts: Mapping[str, PartState], now: float) -> list[str]:
    """Return the names of the parts to start now, in their order."""
    return [part.name for part in parts.values() if _waits(part, parts) and part.due_s <= now]


def next_due_s(parts: Mapping[str, PartState], now: float) -> float | None:
    """Return the seconds until a part is due; None where none waits for its time."""
    left = [max(0.0, part.due_s - now) for part in parts.values() if _waits(part, parts)]
    return min(left, default=None)


def by_name(parts: Iterable[PartState]) -> dict[str, PartState]:
    """Return the parts by their names, in their order; each after those it needs.

    Raises ValueError where one needs a part that does not come before it.
    """
    found: dict[str, PartState] = {}
    for part in parts:
        missing = [name for name in part.needs if name not in found]
        if missing:
            raise ValueError(f"{part.name} needs {', '.join(missing)}, which must come before it")
        found[part.name] = part
    return found


def _waits(part: PartState, parts: Mapping[str, PartState]) -> bool:
    """Whether a part is to be started once it is due."""
    return (
        not part.running and not part.finished and all(parts[name].running for name in part.needs)
    )
