"""What the job is held to, and whether it is met: by the clock and by processor time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tests.bench.comparison import Verdict
from tests.bench.contest import CEILINGS
from tests.bench.figures import Figure
from tests.bench.ours import NAME

BEST_PEER = 3.0
DECODING = 0.5


class Goal(NamedTuple):
    """A ratio of medians that must be reached."""

    what: str
    wanted: float
    by_clock: float | None
    """None: not known, and ``why``."""
    by_cpu: float | None
    why: str = ""

    @property
    def met(self) -> bool:
        """By the clock, which is what a user sees."""
        return self.by_clock is not None and self.by_clock >= self.wanted

    def sentence(self) -> str:
        """The goal and how it stands."""
        if self.by_clock is None or self.by_cpu is None:
            return f"{self.what}, goal {self.wanted:g}: not known, {self.why}"
        return (
            f"{self.what}, goal {self.wanted:g}: {'met' if self.met else 'NOT met'} "
            f"({self.by_clock:.2f} by the clock, {self.by_cpu:.2f} by processor time)"
        )


def goals(found: Mapping[str, Figure], verdicts: Mapping[str, Verdict]) -> list[Goal]:
    """Ours against the best peer that did the same job, and against fetching and decoding."""
    ours = found.get(NAME)
    against_peer, against_decoding = "times the best peer", "of fetch + fastavro"
    if ours is None:
        why = "there is no run of ours"
        return [
            Goal(against_peer, BEST_PEER, None, None, why),
            Goal(against_decoding, DECODING, None, None, why),
        ]
    same = [found[name] for name, verdict in verdicts.items() if verdict.agrees and name in found]
    if same:
        best = max(same, key=lambda figure: figure.per_second.median)
        first = _ratio(f"times the best peer ({best.name})", BEST_PEER, ours, best)
    else:
        first = Goal(against_peer, BEST_PEER, None, None, "no peer did the same job")
    decoding = found.get(CEILINGS["fastavro"])
    if decoding is None:
        why = "the ceiling was not measured"
        return [first, Goal(against_decoding, DECODING, None, None, why)]
    return [first, _ratio(against_decoding, DECODING, ours, decoding)]


def _ratio(what: str, wanted: float, ours: Figure, other: Figure) -> Goal:
    return Goal(
        what,
        wanted,
        ours.per_second.median / other.per_second.median,
        other.cpu_us.median / ours.cpu_us.median,
    )
