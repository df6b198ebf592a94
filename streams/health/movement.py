"""Whether a worker moves, judged from observations: no clock, no broker.

A partition stands still when it has lag and its position did not pass the furthest one seen, and
only observed time counts: what passed while the partition was elsewhere, while nobody could tell
where it ends, or while something outside held the worker up, does not. A partition whose state is
still being restored moves as long as more of it is restored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

Place = tuple[str, int]
"""Topic and partition."""

MOST_S: Final = 15.0
"""An observation speaks for no longer than this: a machine that slept is no worker that hung."""


class Seen(NamedTuple):
    """A partition of this worker: what it acknowledged, and what the broker has."""

    position: int | None
    """Offset after the last acknowledged record; None when that is not known (yet)."""
    begin: int
    end: int
    restored: int = 0
    """Records of its state, and of readings after it, that this process has read for a start."""

    @property
    def lag(self) -> int:
        """Offsets that are not acknowledged; what the broker deleted meanwhile does not count."""
        return max(0, self.end - max(self.position or 0, self.begin))


class Observation(NamedTuple):
    """What is known at one moment."""

    at_s: float
    """Seconds of a clock that never goes back."""
    turns: int
    """How often the worker's event loop came round."""
    seen: Mapping[Place, Seen] | None
    """The partitions of this worker; None while the broker does not tell where they end."""
    excused: Collection[Place] = ()
    """Partitions that something outside the worker holds up."""
    all_excused: bool = False
    """Something outside holds up the whole worker."""
    unowned: int = 0
    """Partitions with lag that no worker of the group has."""


class Standing(NamedTuple):
    """A partition that stands still."""

    place: Place
    position: int | None
    end: int
    for_s: float
    restored: int | None = None
    """Of a partition whose state is not there yet: so many records of it are."""

    def __str__(self) -> str:
        topic, partition = self.place
        at = "an unknown offset" if self.position is None else self.position
        said = f"{topic}[{partition}] stands at {at} of {self.end} for {self.for_s:.0f} s"
        if self.restored is None:
            return said
        return f"{said}: its state is not restored, and {self.restored} records of it were read"


@dataclass
class _Track:
    """One partition over time."""

    furthest: int | None
    restored: int
    still_s: float = 0.0
    restoring: bool = False
    """The last movement was that of its state."""


class Movement:
    """Folds observations; `reasons` says why a new start is due, `proved` that work was done."""

    def __init__(self, stuck_s: float) -> None:
        self._stuck_s = stuck_s
        self._at_s: float | None = None
        self._turns = -1
        self._hanging_s = 0.0
        self._idle_s = 0.0
        self._unowned = 0
        self._tracks: dict[Place, _Track] = {}
        self._last: Mapping[Place, Seen] = {}
        self.proved = False
        """A partition moved since the start, or nothing was left to do at some moment."""

    def observe(self, now: Observation) -> None:
        """Take the next observation; times must not decrease."""
        passed = 0.0 if self._at_s is None else min(now.at_s - self._at_s, MOST_S)
        self._at_s = now.at_s
        self._hanging_s = self._hanging_s + passed if now.turns == self._turns else 0.0
        self._turns = now.turns
        if now.seen is None:
            return
        for place, seen in now.seen.items():
            counts = place in self._last and not now.all_excused and place not in now.excused
            self._follow(place, seen, passed if counts else 0.0)
        self._unowned = now.unowned
        if now.seen or not now.unowned:
            self._idle_s = 0.0
        elif not now.all_excused:
            self._idle_s += passed
        self._last = dict(now.seen)
        if now.seen and not self.lag:
            self.proved = True

    def _follow(self, place: Place, seen: Seen, passed: float) -> None:
        track = self._tracks.get(place)
        if track is None or (track.furthest is not None and seen.end < track.furthest):
            # New here, or the topic was made anew and is shorter than it has been.
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
        """Offsets that the worker's partitions have left, at the last observation."""
        return sum(seen.lag for seen in self._last.values())

    def still_s(self, place: Place) -> float:
        """For how long a partition with lag has not moved; 0 for one that this worker lacks."""
        track = self._tracks.get(place)
        return track.still_s if track is not None and place in self._last else 0.0

    def standing(self, share: float = 1.0) -> list[Standing]:
        """Partitions that have not moved for that share of the time they are given."""
        return [
            Standing(
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
        """Why a new start of the worker is due, a sentence each; [] while it is not."""
        found = [str(standing) for standing in self.standing()]
        if self._hanging_s >= self._stuck_s:
            found.append(f"the worker's loop hangs for {self._hanging_s:.0f} s")
        if self._idle_s >= self._stuck_s:
            found.append(
                f"this worker has no partition for {self._idle_s:.0f} s, "
                f"and {self._unowned} of its group have lag and no owner"
            )
        return found
