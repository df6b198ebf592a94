"""What the two pages say, made of what the worker tells and what was found outside of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from streams.health.movement import Movement, Observation, Place, Seen

OK = "ok"


@dataclass(frozen=True)
class Look:
    """What a worker tells of itself; made in its own event loop, read in another thread."""

    positions: Mapping[Place, int | None]
    """Its partitions, each with the offset after the last acknowledged record (None: unknown)."""
    conditions: Mapping[str, str | None]
    """What must hold before it counts as ready: None, or the sentence that says why not."""
    excuse: str | None = None
    """Why all of it waits for something that a new start would not mend."""
    excuses: Mapping[Place, str] = field(default_factory=dict)
    """The same for single partitions."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was done since the start."""
    restored: Mapping[Place, int] = field(default_factory=dict)
    """Records that were read to restore the state of its partitions, since the start."""
    turns: int = 0
    """How often its loop came round."""


class Outside(NamedTuple):
    """What was found without asking the worker."""

    broker: str | None
    """None, or the sentence that says why the broker could not be asked."""
    ends: Mapping[Place, tuple[int, int]]
    """Begin and end of partitions; of all of the worker's if the broker answered."""
    answers: Mapping[str, str | None]
    """Other parts that the worker needs: None, or the sentence that says why one is away."""
    unowned: int = 0
    """Partitions of the group with lag that no member has, as far as the broker tells."""
    held: Mapping[Place, str] = MappingProxyType({})
    """Partitions whose records a transaction that is open for long holds back, with a sentence."""


class Page(NamedTuple):
    """A status and a body."""

    status: int
    body: dict[str, Any]


def observation(at_s: float, look: Look, outside: Outside) -> Observation:
    """The observation that the two make at a moment."""
    seen: dict[Place, Seen] | None = None
    if outside.broker is None and all(place in outside.ends for place in look.positions):
        seen = {
            place: Seen(position, *outside.ends[place], look.restored.get(place, 0))
            for place, position in look.positions.items()
        }
    return Observation(
        at_s=at_s,
        turns=look.turns,
        seen=seen,
        excused=frozenset(look.excuses),
        all_excused=look.excuse is not None or any(outside.answers.values()),
        unowned=outside.unowned,
    )


def notes(look: Look, outside: Outside) -> list[str]:
    """What holds the worker up without being its fault, a sentence each."""
    told = [outside.broker, look.excuse, *outside.answers.values()]
    return [sentence for sentence in told if sentence] + _places(look, outside)


def _places(look: Look, outside: Outside) -> list[str]:
    """What holds single partitions up."""
    every = (*look.excuses.items(), *outside.held.items())
    return [f"{topic}[{partition}]: {why}" for (topic, partition), why in sorted(every)]


def livez(movement: Movement, look: Look, outside: Outside, pid: int) -> Page:
    """503 while a new start of the worker is due; ``pid`` is its process."""
    reasons = movement.reasons
    body = {"live": not reasons, "reasons": reasons, "notes": notes(look, outside), "pid": pid}
    return Page(503 if reasons else 200, body)


def readyz(movement: Movement, look: Look, outside: Outside) -> Page:
    """200 while the worker does what it is there for; else each condition says why not."""
    found: dict[str, str | None] = {
        **look.conditions,
        "broker": outside.broker,
        **outside.answers,
        "partitions": "; ".join(_places(look, outside)),
        "progress": _progress(movement),
    }
    ready = not any(found.values())
    body = {
        "ready": ready,
        "conditions": {name: why or OK for name, why in found.items()},
        "partitions": [
            _partition(place, movement, look, outside) for place in sorted(look.positions)
        ],
        "counts": dict(look.counts),
    }
    return Page(200 if ready else 503, body)


def _progress(movement: Movement) -> str | None:
    if movement.reasons:
        return "; ".join(movement.reasons)
    if movement.lag and not movement.proved:
        return f"{movement.lag} records wait and none was acknowledged since the start"
    return None


def _partition(place: Place, movement: Movement, look: Look, outside: Outside) -> dict[str, Any]:
    position = look.positions[place]
    begin, end = outside.ends.get(place, (None, None))
    lag = None if begin is None or end is None else Seen(position, begin, end).lag
    return {
        "topic": place[0],
        "partition": place[1],
        "position": position,
        "end": end,
        "lag": lag,
        "still_s": round(movement.still_s(place), 1),
    }
