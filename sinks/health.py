"""What a sinks worker tells of itself, and whether its ClickHouse answers."""

from __future__ import annotations

import contextlib

from clickhouse_connect.driver.asyncclient import AsyncClient

from sinks.app import Parts
from sinks.clickhouse import async_client
from sinks.failures import describe
from streams.health.report import Look
from streams.health.server import Health
from streams.health.stage import Stage
from streams.schema_registry import schema_questions
from streams.settings import Settings
from streams.transport.positions import positions


def sinks_health(settings: Settings, parts: Parts, topics: tuple[str, ...], stage: Stage) -> Health:
    """The health of a sinks worker: by design it does not move while ClickHouse is away."""

    def look() -> Look:
        moving = "partitions are being moved" if parts.app.rebalancing else None
        excuses = parts.lanes.waiting()
        for place, seconds in parts.writer.failing.items():
            excuses[place] = f"ClickHouse does not take its batch for {seconds:.0f} s"
        for place, hold in parts.holds.holding.items():
            excuses[place] = str(hold)
        return Look(
            positions=positions(parts.app, topics),
            conditions={
                "started": stage.why,
                "assignment": moving,
                "registry": parts.follower.trouble,
            },
            excuse=stage.excuse or parts.follower.trouble,
            excuses=excuses,
            counts={
                "rows": parts.writer.rows_written,
                "rejected": parts.writer.messages_rejected,
            },
        )

    return Health(
        settings,
        group=settings.group_sinks,
        topics=topics,
        look=look,
        questions={"clickhouse": ClickHouse(settings), **schema_questions(settings)},
    )


class ClickHouse:
    """Asks ClickHouse the smallest question that needs its user and its database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AsyncClient | None = None

    async def __call__(self) -> str | None:
        """None when it answers, else a sentence."""
        try:
            if self._client is None:
                self._client = await async_client(self._settings)
            await self._client.command("SELECT 1")
        except Exception as error:  # whatever the driver raises, it is no answer
            await self.close()
            return f"ClickHouse {self._settings.clickhouse_url}: {describe(error)}"
        return None

    async def close(self) -> None:
        """Disconnect."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await client.close()
