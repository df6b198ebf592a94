"""What a fault finds: the round under way, and how far its load has got."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from streams.settings import Settings
from tests.crash.environment import Environment
from tests.crash.results import Results
from tests.crash.workers import Kind, Workers, WorkerSlot

_READY = '"event": "worker_started"'


class Progress:
    """How much of the load is published, as a share, and waiting for a share."""

    def __init__(self) -> None:
        self.share = 0.0
        self._changed = asyncio.Event()

    def to(self, share: float) -> None:
        """So much is published now."""
        self.share = share
        self._changed.set()

    async def until(self, share: float) -> None:
        """Wait until so much is published."""
        while self.share < share:
            self._changed.clear()
            await self._changed.wait()


class Timeline:
    """What happened in a round, each with its time (UTC, as in the logs)."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, what: str) -> None:
        """Take something down."""
        self.lines.append(f"{datetime.now(UTC):%H:%M:%S.%f} {what}")


@dataclass
class RoundContext:
    """The round as the faults see it."""

    settings: Settings
    environment: Environment
    workers: Workers
    results: Results
    timeline: Timeline
    progress: Progress = field(default_factory=Progress)
    clickhouse: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while ClickHouse is away, so that it is killed once at a time."""
    nodes: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a node of Kafka is away."""

    def first(self, kind: Kind) -> WorkerSlot:
        """The worker of a kind that is there from the beginning."""
        return self.workers.of(kind)[0]

    async def at_work(self, slot: WorkerSlot, within_s: float = 60.0) -> bool:
        """Wait until a worker has started; False when it does not get there in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while loop.time() < deadline:
            if slot.running and _READY in slot.said():
                return True
            await asyncio.sleep(0.05)
        return False

    async def kill_clickhouse(self, away_s: float) -> None:
        """``kill -9``, and start it again after a while."""
        async with self.clickhouse:
            server = self.environment.clickhouse
            server.kill()
            self.timeline.note("ClickHouse is killed")
            self.results.kills["ClickHouse"] += 1
            await asyncio.sleep(away_s)
            await asyncio.to_thread(server.start)
            self.timeline.note("ClickHouse is back")

    async def kill_node(self, number: int, away_s: float) -> None:
        """``kill -9`` a node of Kafka, and start it again on its data."""
        cluster = self.environment.kafka
        assert cluster is not None
        async with self.nodes:
            node = cluster.node(number)
            node.kill()
            self.timeline.note(f"node {number} is killed")
            self.results.kills["Kafka node"] += 1
            await asyncio.sleep(away_s)
            node.start(wait=False)  # from this thread, with which it lives and dies
            await asyncio.to_thread(node.wait_until_ready)
            self.timeline.note(f"node {number} is back")

    def count(self, what: str) -> None:
        """Count a fault that kills nobody."""
        self.timeline.note(what)
        self.results.other[what] += 1
