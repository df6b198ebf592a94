"""ClickHouse away until the tokens of the inserts before it are forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Self

from sinks.clickhouse import client
from sinks.tables import TABLES
from tests.crash.faults.fault import Conditions, SimpleFault, moment
from tests.crash.round_context import RoundContext

WINDOW: Final = 2
"""Inserts whose tokens a table remembers in such a round; 1000 otherwise (sinks/migrations)."""


@dataclass(frozen=True)
class ForgottenTokens(SimpleFault):
    """Many small batches, ClickHouse and a sinks worker killed: inserts that were done are done
    again when their tokens have been forgotten, and none may count as done that was not."""

    at: float
    away_s: float
    again: bool
    meanwhile: bool  # the worker dies while ClickHouse is away; else just before

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self:  # noqa: ARG003
        """Away once or twice."""
        meanwhile = rng.random() < 0.5
        return cls(moment(rng), rng.choice((1.5, 5.0)), rng.random() < 0.5, meanwhile)

    def settings(self) -> dict[str, Any]:
        """A batch for every few messages; commits that are far behind what was inserted."""
        commit_s = 0.2 if self.meanwhile else 1.0
        return {"sink_rows": 10, "sink_age_s": 0.02, "poll_records": 40, "commit_s": commit_s}

    async def strike(self, context: RoundContext) -> None:
        """Make the tables forget, then kill."""
        with client(context.settings) as connected:
            for table in TABLES:
                connected.command(
                    f"ALTER TABLE {table.name} MODIFY SETTING "
                    f"non_replicated_deduplication_window = {WINDOW}"
                )
        await context.progress.until(self.at)
        worker = context.first("sinks")
        for _ in range(2 if self.again else 1):
            if not self.meanwhile:
                worker.kill()
            away = asyncio.create_task(context.kill_clickhouse(self.away_s))
            await asyncio.sleep(self.away_s * 0.7)
            if self.meanwhile:
                worker.kill()
            await away
            await context.at_work(worker)
            await asyncio.sleep(0.5)
