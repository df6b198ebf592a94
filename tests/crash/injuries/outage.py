"""ClickHouse away until the tokens of the inserts before it are forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Self

from sinks.clickhouse import client
from sinks.tables import TABLES
from tests.crash.field import Field
from tests.crash.injuries.injury import Conditions, Plain, moment

WINDOW: Final = 2
"""Inserts whose tokens a table remembers in such a round; 1000 otherwise (sinks/migrations)."""


@dataclass(frozen=True)
class ForgottenTokens(Plain):
    """Many small batches, ClickHouse and a sinks worker killed: inserts that were done are done
    again when their tokens have been forgotten."""

    at: float
    away_s: float
    again: bool

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self:  # noqa: ARG003
        """Away once or twice."""
        return cls(moment(rng), rng.choice((1.0, 5.0)), rng.random() < 0.5)

    def settings(self) -> dict[str, Any]:
        """A batch for every few messages, and commits that are far behind."""
        return {"sink_rows": 10, "sink_age_s": 0.02, "poll_records": 20, "commit_s": 1.0}

    async def strike(self, field: Field) -> None:
        """Make the tables forget, then kill."""
        with client(field.settings) as connected:
            for table in TABLES:
                connected.command(
                    f"ALTER TABLE {table.name} MODIFY SETTING "
                    f"non_replicated_deduplication_window = {WINDOW}"
                )
        await field.progress.until(self.at)
        for _ in range(2 if self.again else 1):
            field.first("sinks").kill()
            await field.kill_clickhouse(self.away_s)
            await field.at_work(field.first("sinks"))
            await asyncio.sleep(0.5)
