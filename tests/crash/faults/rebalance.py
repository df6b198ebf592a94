"""Partitions that move: workers come and go, and one sleeps through its own dismissal."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from random import Random
from typing import Literal, Self

from tests.crash.faults.fault import Conditions, SimpleFault, moment
from tests.crash.round_context import RoundContext
from tests.crash.workers import Kind

Way = Literal["stays", "is told to stop", "is killed for good", "the first leaves"]


@dataclass(frozen=True)
class ComeAndGo(SimpleFault):
    """One or two more workers come while the load flows, and go in one way or another."""

    kind: Kind
    at: float
    more: int
    way: Way
    after_s: float

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self:  # noqa: ARG003
        """Either kind, one or two of them."""
        ways: tuple[Way, ...] = (
            "stays", "is told to stop", "is killed for good", "the first leaves",
        )  # fmt: skip
        return cls(
            rng.choice(("streams", "sinks")),
            moment(rng),
            rng.choice((1, 1, 2)),
            rng.choice(ways),
            rng.choice((0.0, 1.0, 3.0)),
        )

    async def strike(self, context: RoundContext) -> None:
        """Start them; after a while, send one away."""
        await context.progress.until(self.at)
        slots = []
        for _ in range(self.more):
            slots.append(context.workers.place(self.kind))
            slots[-1].start()
            context.count("worker comes")
        if self.way == "stays":
            return
        await context.at_work(slots[0])
        await asyncio.sleep(self.after_s)
        if self.way == "is killed for good":
            slots[0].leaving = True
            slots[0].kill()
        else:
            (slots[0] if self.way == "is told to stop" else context.first(self.kind)).leave()
            context.count("worker goes (SIGTERM)")


@dataclass(frozen=True)
class Freeze(SimpleFault):
    """A worker stands still for longer than its session, and goes on as if it still owned all.

    Another one takes its partitions meanwhile.
    """

    kind: Kind
    at: float
    first: bool  # the first worker sleeps, or the one that came for it
    sleep_s: float

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self:
        """Either kind."""
        longer = rng.choice((0.5, 1.5, 4.0))
        first = rng.random() < 0.7
        kind: Kind = rng.choice(("streams", "sinks"))
        return cls(kind, moment(rng), first, given.session_s + longer)

    async def strike(self, context: RoundContext) -> None:
        """Bring a second worker, SIGSTOP one of them, SIGCONT it after its session is over."""
        other = context.workers.place(self.kind)
        await context.progress.until(self.at)
        other.start()
        await context.at_work(other)
        sleeper = context.first(self.kind) if self.first else other
        await context.at_work(sleeper)
        sleeper.send(signal.SIGSTOP)
        context.count("worker sleeps (SIGSTOP)")
        try:
            await asyncio.sleep(self.sleep_s)
        finally:
            sleeper.send(signal.SIGCONT)
