"""What is done in a round: all of it follows from the seed and the number of the round."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.crash.crash_points import CRASH_POINTS
from tests.crash.faults.crash_point import CrashAtPoint
from tests.crash.faults.fault import Conditions, Fault
from tests.crash.faults.kill import KillClickHouse, KillNode, KillWorker
from tests.crash.faults.outage import ForgottenTokens
from tests.crash.faults.rebalance import ComeAndGo, Freeze
from tests.crash.faults.upgrade import RollingUpgrade

KINDS: Final[dict[str, type[Fault]]] = {
    "worker": KillWorker,
    "clickhouse": KillClickHouse,
    "node": KillNode,
    "point": CrashAtPoint,
    "movement": ComeAndGo,
    "sleep": Freeze,
    "forgotten-tokens": ForgottenTokens,
    "upgrade": RollingUpgrade,
}
REPLAY: Final = "replay"
CHOICES: Final = (*KINDS, REPLAY, *CRASH_POINTS)
"""What ``--only`` takes: a kind of fault, or one named point."""

_WEIGHTS: Final = {"worker": 2, "point": 5, "movement": 2, "sleep": 2, "upgrade": 0}
"""An upgrade is a round of its own: it needs the place of each worker."""

_LOADS: Final = 4
_PARTITIONS: Final = (4, 2, 3, 4)


@dataclass(frozen=True)
class Plan:
    """One round: its load, the settings of its workers, its faults, how fast it flows."""

    seed: int
    number: int
    load: int
    partitions: int
    flow_s: float
    settings: dict[str, Any]
    faults: tuple[Fault, ...]
    wait: bool
    """The load flows only once the workers are at work; else it is there before them."""
    replay: bool
    """Afterwards everything is written once more into the same tables, by new groups."""

    def describe(self) -> list[str]:
        """What is done, a line each."""
        return [
            f"load {self.load} over {self.flow_s} s, {self.partitions} partitions"
            + (", once the workers are at work" if self.wait else ""),
            ", ".join(f"{name} {value}" for name, value in sorted(self.settings.items())),
            *(repr(fault) for fault in self.faults),
            *(["everything again from offset 0"] if self.replay else []),
        ]


def draw_plan(seed: int, number: int, given: Conditions, only: str | None = None) -> Plan:
    """The plan of a round."""
    rng = Random(f"round {seed} {number}")
    load = number % _LOADS
    poll = rng.choice((15, 40, 150))
    settings: dict[str, Any] = {
        "poll_records": poll,
        "records_in_flight": rng.choice((poll, 8000)),
        "commit_s": rng.choice((0.1, 0.5, 1.0)),
        "sink_rows": rng.choice((30, 500, 50_000)),
        "sink_age_s": rng.choice((0.05, 0.3, 1.0)),
        "session_timeout_s": given.session_s,
        "heartbeat_s": round(given.session_s / 4, 2),
        "stop_s": 15.0,
        "log_interval_s": 5.0,
    }
    faults: list[Fault] = []
    if only is None:
        names = [name for name in KINDS for _ in range(_WEIGHTS.get(name, 1))]
        for name in rng.choices(names, k=rng.randint(1, 4)):
            if name == "forgotten-tokens" and any(isinstance(i, KINDS[name]) for i in faults):
                continue
            drawn = KINDS[name].draw(rng, given)
            if drawn is not None:
                faults.append(drawn)
    elif only in CRASH_POINTS:
        faults.append(CrashAtPoint.at(only, rng))
    elif only in KINDS:
        drawn = KINDS[only].draw(rng, given)
        faults += [] if drawn is None else [drawn]
    for fault in faults:
        settings.update(fault.settings())
    # Checkpoints with nearly every batch, now and then, or only where a worker leaves in order.
    settings["save_records"] = rng.choice((1, 200, 30_000))
    replay = only == REPLAY or (only is None and rng.random() < 0.1)
    return Plan(
        seed, number, load, _PARTITIONS[load], rng.choice((2.0, 4.0, 6.0)), settings,
        tuple(faults), rng.random() < 0.7, replay,
    )  # fmt: skip
