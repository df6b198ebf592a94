"""``kill -9`` at a moment that has nothing to do with what the worker is doing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from typing import Self

from tests.crash.faults.fault import Conditions, SimpleFault, moment
from tests.crash.round_context import RoundContext
from tests.crash.workers import Kind


@dataclass(frozen=True)
class KillWorker(SimpleFault):
    """A worker dies, perhaps again some time after it has come back."""

    kind: Kind
    at: float
    times: int
    after_s: float

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self:  # noqa: ARG003
        """Either kind, once to three times."""
        kind: Kind = rng.choice(("streams", "sinks"))
        after_s = rng.choice((0.0, round(rng.uniform(0.0, 2.0), 2)))
        return cls(kind, moment(rng), rng.choice((1, 1, 2, 3)), after_s)

    async def strike(self, context: RoundContext) -> None:
        """Kill the worker that is there from the beginning."""
        await context.progress.until(self.at)
        slot = context.first(self.kind)
        for _ in range(self.times):
            await context.at_work(slot)
            await asyncio.sleep(self.after_s)
            slot.kill()


@dataclass(frozen=True)
class KillClickHouse(SimpleFault):
    """ClickHouse dies and comes back on its data."""

    at: float
    away_s: float

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self:  # noqa: ARG003
        """Away for an instant, or for longer than the workers wait between attempts."""
        return cls(moment(rng), rng.choice((0.0, 0.5, 2.0, 6.0)))

    async def strike(self, context: RoundContext) -> None:
        """Kill and start."""
        await context.progress.until(self.at)
        await context.kill_clickhouse(self.away_s)


@dataclass(frozen=True)
class KillNode(SimpleFault):
    """A node of Apache Kafka dies and comes back on its data; with three, it led partitions."""

    at: float
    number: int
    away_s: float

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self | None:
        """Any node; away for a moment, or for longer than a session of the workers."""
        if not given.kafka:
            return None
        number = rng.randint(1, given.nodes)
        return cls(moment(rng), number, rng.choice((0.0, 1.0, given.session_s + 1.0)))

    async def strike(self, context: RoundContext) -> None:
        """Kill and start."""
        await context.progress.until(self.at)
        await context.kill_node(self.number, self.away_s)
