"""Detects stalled partitions and workers from observations: no clock, no broker.

A partition is stalled when it has lag and its position has not passed the furthest one seen for
too long. Only observed time counts, not that in which the partition was elsewhere, its end was
unknown, or something outside blocked the worker. A partition whose state is being restored makes
progress as long as more of it is restored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from streams.kafka.partitions import PartitionId

MAX_GAP_S: Final = 15.0
"""Longer gaps between observations are cut to this: a suspended machine is no stalled worker."""


class PartitionProgress(NamedTuple):
    """A partition of this worker: its committed position, and what the broker has."""

    position: int | None
    """Committed offset; None while it is unknown."""
    begin: int
    end: int
    restored: int = 0
    """Records of its state, and of readings to replay, that this process has read so far."""

    @property
    def lag(self) -> int:
        """Offsets that are not committed; those that the broker deleted do not count."""
        return max(0, self.end - max(self.position or 0, self.begin))


class Observation(NamedTuple):
    """State of the worker and its partitions at one moment."""

    at_s: float
    """Monotonic time, seconds."""
    loop_iterations: int
    """Iterations of the worker's event loop so far."""
    partitions: Mapping[PartitionId, PartitionProgress] | None
    """The partitions of this worker; None while the broker does not tell their ends."""
    excused: Collection[PartitionId] = ()
    """Partitions blocked by something outside the worker."""
    all_excused: bool = False
    """Something outside blocks the whole worker."""
    unowned: int = 0
    """Partitions with lag that no worker of the group owns."""


class StalledPartition(NamedTuple):
    """A partition that makes no progress."""

    place: PartitionId
    position: int | None
    end: int
    for_s: float
    restored: int | None = None
    """Records read of a state that is not restored yet; None once it is."""

    def __str__(self) -> str:
        topic, partition = self.place
        at = "an unknown offset" if self.position is None else self.position
        said = f"{topic}[{partition}] stands at {at} of {self.end} for {self.for_s:.0f} s"
        if self.restored is None:
            return said
        return f"{said}: its state is not restored, and {self.restored} records of it were read"


@dataclass
class _Track:
    """Progress of one partition over time."""

    furthest: int | None
    restored: int
    still_s: float = 0.0
    restoring: bool = False
    """The last progress was that of its restore."""


class ProgressMonitor:
    """Fold observations; ``reasons`` says why a restart is due, ``proved`` that work was done."""

    def __init__(self, stuck_s: float) -> None:
        self._stuck_s = stuck_s
        self._at_s: float | None = None
        self._loop_iterations = -1
        self._hanging_s = 0.0
        self._idle_s = 0.0
        self._unowned = 0
        self._tracks: dict[PartitionId, _Track] = {}
        self._last: Mapping[PartitionId, PartitionProgress] = {}
        self.proved = False
        """A partition made progress since the start, or had no lag at some moment."""

    def observe(self, now: Observation) -> None:
        """Fold the next observation; times must not decrease."""
        passed = 0.0 if self._at_s is None else min(now.at_s - self._at_s, MAX_GAP_S)
        self._at_s = now.at_s
        hangs = now.loop_iterations == self._loop_iterations
        self._hanging_s = self._hanging_s + passed if hangs else 0.0
        self._loop_iterations = now.loop_iterations
        if now.partitions is None:
            return
        for place, seen in now.partitions.items():
            counts = place in self._last and not now.all_excused and place not in now.excused
            self._follow(place, seen, passed if counts else 0.0)
        self._unowned = now.unowned
        if now.partitions or not now.unowned:
            self._idle_s = 0.0
        elif not now.all_excused:
            self._idle_s += passed
        self._last = dict(now.partitions)
        if now.partitions and not self.lag:
            self.proved = True

    def _follow(self, place: PartitionId, seen: PartitionProgress, passed: float) -> None:
        track = self._tracks.get(place)
        if track is None or (track.furthest is not None and seen.end < track.furthest):
            # New here, or the topic was created again and is shorter than before.
            self._tracks[place] = _Track(seen.position, seen.restored)
        elif seen.position is not None and (
            track.furthest is None or seen.position > track.furthest
        ):
            if track.furthest is not None and place in self._last:
                self.proved = True
            track.furthest, track.still_s, track.restoring = seen.position, 0.0, False
        elif seen.restored > track.restored:
            track.still_s, track.restoring = 0.0, True
        elif seen.lag:
            track.still_s += passed
        else:
            track.still_s = 0.0
        self._tracks[place].restored = seen.restored

    @property
    def lag(self) -> int:
        """Lag of all of the worker's partitions at the last observation, offsets."""
        return sum(seen.lag for seen in self._last.values())

    def still_s(self, place: PartitionId) -> float:
        """Return the seconds without progress of a partition with lag; 0 for another worker's."""
        track = self._tracks.get(place)
        return track.still_s if track is not None and place in self._last else 0.0

    def stalled(self, share: float = 1.0) -> list[StalledPartition]:
        """Return the partitions without progress for ``share`` of ``stuck_s``."""
        return [
            StalledPartition(
                place,
                seen.position,
                seen.end,
                self.still_s(place),
                seen.restored if self._tracks[place].restoring else None,
            )
            for place, seen in sorted(self._last.items())
            if seen.lag and self.still_s(place) >= share * self._stuck_s
        ]

    @property
    def reasons(self) -> list[str]:
        """Why a restart of the worker is due, a sentence each; [] while it is not."""
        found = [str(stalled) for stalled in self.stalled()]
        if self._hanging_s >= self._stuck_s:
            found.append(f"the worker's loop hangs for {self._hanging_s:.0f} s")
        if self._idle_s >= self._stuck_s:
            found.append(
                f"this worker has no partition for {self._idle_s:.0f} s, "
                f"and {self._unowned} of its group have lag and no owner"
            )
        return found
