"""What every fault is: drawn from a seed, told by its text, done to a round."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple, Protocol, Self

from tests.crash.round_context import RoundContext


class Conditions(NamedTuple):
    """What a round can be disturbed by: there are nodes to kill or not, and how many."""

    kafka: bool
    nodes: int
    session_s: float


class Fault(Protocol):
    """A frozen dataclass; its repr says all that is done."""

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self | None:
        """One of its kind; None where it is not possible."""
        ...

    def settings(self) -> dict[str, Any]:
        """Settings of the round that it needs."""
        ...

    def prepare(self, context: RoundContext) -> None:
        """What has to be arranged before the workers start."""
        ...

    async def strike(self, context: RoundContext) -> None:
        """Do it; returns when it is over."""
        ...


class SimpleFault:
    """A fault that needs nothing beforehand."""

    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def prepare(self, context: RoundContext) -> None:
        """Nothing."""


def moment(rng: Random) -> float:
    """The share of the load after which a fault strikes."""
    return round(rng.uniform(0.05, 0.95), 2)
