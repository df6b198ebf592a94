"""Makes the two pages from the worker's snapshot and the checks outside of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from streams.health.progress import Observation, PartitionProgress, ProgressMonitor
from streams.kafka.partitions import PartitionId

OK = "ok"


@dataclass(frozen=True)
class WorkerSnapshot:
    """A worker's state, taken in its own event loop and read in another thread."""

    positions: Mapping[PartitionId, int | None]
    """Committed offset of each of its partitions (None: unknown)."""
    conditions: Mapping[str, str | None]
    """Conditions of readiness: None, or the sentence that says why one is not met."""
    excuse: str | None = None
    """Why all of it waits for something that a restart would not fix."""
    excuses: Mapping[PartitionId, str] = field(default_factory=dict)
    """The same for single partitions."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Counters since the start."""
    restored: Mapping[PartitionId, int] = field(default_factory=dict)
    """Records read to restore the state of each partition, since the start."""
    loop_iterations: int = 0
    """Iterations of its event loop."""
    arrivals: Mapping[PartitionId, int] = field(default_factory=dict)
    """Arrival of the last finished record of partitions, ms UTC, where it is known."""


class ExternalChecks(NamedTuple):
    """Results of the checks outside the worker."""

    broker: str | None
    """Why the broker could not be asked, in a sentence; None if it answered."""
    ends: Mapping[PartitionId, tuple[int, int]]
    """Begin and end offsets of partitions; of all of the worker's if the broker answered."""
    dependencies: Mapping[str, str | None]
    """Other parts that the worker needs: None, or the sentence that says what is wrong."""
    unowned: int = 0
    """Partitions with lag that no member of the group owns, as far as the broker tells."""
    blocked: Mapping[PartitionId, str] = MappingProxyType({})
    """Partitions blocked by a transaction that is open for long, with a sentence."""


class Page(NamedTuple):
    """An HTTP status and a JSON body."""

    status: int
    body: dict[str, Any]


def observation(at_s: float, snapshot: WorkerSnapshot, checks: ExternalChecks) -> Observation:
    """Combine snapshot and checks into an observation at a monotonic time."""
    partitions: dict[PartitionId, PartitionProgress] | None = None
    if checks.broker is None and all(place in checks.ends for place in snapshot.positions):
        partitions = {
            place: PartitionProgress(position, *checks.ends[place], snapshot.restored.get(place, 0))
            for place, position in snapshot.positions.items()
        }
    return Observation(
        at_s=at_s,
        loop_iterations=snapshot.loop_iterations,
        partitions=partitions,
        excused=frozenset(snapshot.excuses),
        all_excused=snapshot.excuse is not None or any(checks.dependencies.values()),
        unowned=checks.unowned,
    )


def notes(snapshot: WorkerSnapshot, checks: ExternalChecks) -> list[str]:
    """Say what blocks the worker without being its fault, a sentence each."""
    reasons = [checks.broker, snapshot.excuse, *checks.dependencies.values()]
    return [sentence for sentence in reasons if sentence] + _places(snapshot, checks)


def _places(snapshot: WorkerSnapshot, checks: ExternalChecks) -> list[str]:
    """Say what blocks single partitions."""
    every = (*snapshot.excuses.items(), *checks.blocked.items())
    return [f"{topic}[{partition}]: {why}" for (topic, partition), why in sorted(every)]


def livez(
    monitor: ProgressMonitor, snapshot: WorkerSnapshot, checks: ExternalChecks, pid: int
) -> Page:
    """Answer 503 while a restart of the worker is due; ``pid`` is its process."""
    reasons = monitor.reasons
    body = {"live": not reasons, "reasons": reasons, "notes": notes(snapshot, checks), "pid": pid}
    return Page(503 if reasons else 200, body)


def readyz(monitor: ProgressMonitor, snapshot: WorkerSnapshot, checks: ExternalChecks) -> Page:
    """Answer 200 while the worker does its work; else each condition says why not."""
    found: dict[str, str | None] = {
        **snapshot.conditions,
        "broker": checks.broker,
        **checks.dependencies,
        "partitions": "; ".join(_places(snapshot, checks)),
        "progress": _progress(monitor),
    }
    ready = not any(found.values())
    body = {
        "ready": ready,
        "conditions": {name: why or OK for name, why in found.items()},
        "partitions": [
            _partition(place, monitor, snapshot, checks) for place in sorted(snapshot.positions)
        ],
        "counts": dict(snapshot.counts),
    }
    return Page(200 if ready else 503, body)


def _progress(monitor: ProgressMonitor) -> str | None:
    if monitor.reasons:
        return "; ".join(monitor.reasons)
    if monitor.lag and not monitor.proved:
        return f"{monitor.lag} records wait and none was acknowledged since the start"
    return None


def _partition(
    place: PartitionId, monitor: ProgressMonitor, snapshot: WorkerSnapshot, checks: ExternalChecks
) -> dict[str, Any]:
    position = snapshot.positions[place]
    begin, end = checks.ends.get(place, (None, None))
    lag = None if begin is None or end is None else PartitionProgress(position, begin, end).lag
    return {
        "topic": place[0],
        "partition": place[1],
        "position": position,
        "end": end,
        "lag": lag,
        "still_s": round(monitor.still_s(place), 1),
    }
