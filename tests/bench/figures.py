"""What one run of one contestant took, and what several runs of it come to."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Run:
    """One run over a topic; seconds and bytes."""

    name: str
    readings: int
    """What was consumed within the seconds that follow."""
    wall_s: float
    cpu_s: float
    peak_rss: int
    whole_s: float = 0.0
    """From the start of the process to its end, imports and registry included."""
    more: dict[str, object] = field(default_factory=dict)
    """What only this contestant tells."""

    @property
    def per_second(self) -> float:
        """Readings a second of wall time."""
        return self.readings / self.wall_s

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time for each reading."""
        return self.cpu_s * 1e6 / self.readings

    @property
    def steady_us(self) -> float | None:
        """The same in the steady state, where the contestant tells it."""
        readings, cpu_s = self.more.get("steady_readings"), self.more.get("steady_cpu_s")
        if not isinstance(readings, int) or not isinstance(cpu_s, float) or not readings:
            return None
        return cpu_s * 1e6 / readings


class Spread(NamedTuple):
    """Median, least and most of the repeats."""

    median: float
    least: float
    most: float


class Figure(NamedTuple):
    """A contestant over its repeats."""

    name: str
    runs: tuple[Run, ...]

    @property
    def per_second(self) -> Spread:
        """Readings a second of wall time."""
        return _spread(self.runs, lambda run: run.per_second)

    @property
    def cpu_us(self) -> Spread:
        """Microseconds of processor time for each reading."""
        return _spread(self.runs, lambda run: run.cpu_us)

    @property
    def peak_rss(self) -> int:
        """The most memory of any repeat, bytes."""
        return max(run.peak_rss for run in self.runs)


def figures(runs: Sequence[Run]) -> dict[str, Figure]:
    """The runs by their contestant, in the order of their first run."""
    names = dict.fromkeys(run.name for run in runs)
    return {name: Figure(name, tuple(r for r in runs if r.name == name)) for name in names}


def _spread(runs: Sequence[Run], value: Callable[[Run], float]) -> Spread:
    values = [value(run) for run in runs]
    return Spread(statistics.median(values), min(values), max(values))
