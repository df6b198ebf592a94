"""Report the health of a sinks worker, and probe its ClickHouse."""

from __future__ import annotations

import contextlib

from clickhouse_connect.driver.asyncclient import AsyncClient

from sinks.app import SinksParts
from sinks.clickhouse import async_client
from sinks.failures import describe
from streams.health.lifecycle import Lifecycle
from streams.health.report import WorkerSnapshot
from streams.health.server import Health
from streams.holds.hold_metrics import count_holds
from streams.kafka.schema_registry import schema_registry_checks
from streams.settings import Settings
from streams.transport.positions import positions


def sinks_health(
    settings: Settings, parts: SinksParts, topics: tuple[str, ...], lifecycle: Lifecycle
) -> Health:
    """Build the health report of a sinks worker; waiting for ClickHouse is no stall."""

    def snapshot() -> WorkerSnapshot:
        moving = "partitions are being moved" if parts.app.rebalancing else None
        excuses = parts.partition_writers.blocked()
        for place, seconds in parts.writer.failing.items():
            excuses[place] = f"ClickHouse does not take its batch for {seconds:.0f} s"
        for place, hold in parts.holds.held.items():
            excuses[place] = str(hold)
        return WorkerSnapshot(
            positions=positions(parts.app, topics),
            conditions={
                "started": lifecycle.not_running,
                "assignment": moving,
                "registry": parts.follower.failure,
            },
            excuse=lifecycle.excuse or parts.follower.failure,
            excuses=excuses,
            arrivals=dict(parts.writer.metrics.arrivals),
            counts={
                "rows": parts.writer.rows_written,
                "rejected": parts.writer.messages_rejected,
            },
        )

    count_holds(parts.metrics, parts.holds.held)
    return Health(
        settings,
        group=settings.group_sinks,
        topics=topics,
        snapshot=snapshot,
        metrics=parts.metrics,
        dependencies={"clickhouse": ClickHouseProbe(settings), **schema_registry_checks(settings)},
    )


class ClickHouseProbe:
    """Probe ClickHouse with the smallest query that needs its user and database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AsyncClient | None = None

    async def __call__(self) -> str | None:
        """Return None if ClickHouse answers, otherwise a sentence."""
        try:
            if self._client is None:
                self._client = await async_client(self._settings)
            await self._client.command("SELECT 1")
        except Exception as error:  # whatever the driver raises, it is no answer
            await self.close()
            return f"ClickHouse {self._settings.clickhouse_url}: {describe(error)}"
        return None

    async def close(self) -> None:
        """Close the client."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await client.close()
