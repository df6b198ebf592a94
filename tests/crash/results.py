"""What a run of rounds did and found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Difference:
    """A round that did not come out as it must: how to repeat it, what differs, what was kept."""

    seed: int
    round: int
    sentences: list[str]
    kept: str = ""


@dataclass
class Results:
    """Counts over all rounds."""

    rounds: int = 0
    messages: int = 0
    readings: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    """Deaths by ``kill -9``, by who died, or by the named point at which it did."""
    other: Counter[str] = field(default_factory=Counter)
    """Faults that kill nobody: workers stopped, frozen, told to leave; replays."""
    ended: Counter[str] = field(default_factory=Counter)
    """Workers that ended by themselves."""
    unreached: Counter[str] = field(default_factory=Counter)
    """Named points at which a worker was to die and that it did not come to."""
    longest_pause_s: dict[int, float] = field(default_factory=dict)
    """By partition: how long in an upgrade no batch was committed while records waited."""
    differences: list[Difference] = field(default_factory=list)
    seconds: float = 0.0
