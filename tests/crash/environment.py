"""What all rounds share: the broker and ClickHouse, the topics and tables of one round in them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.clickhouse import EmbeddedClickHouse
from deploy.embedded.kafka import KafkaCluster
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.kafka.client import client_options
from streams.kafka.topics import create_topics, topics
from streams.settings import Settings

BrokerKind = Literal["kafka", "tansu"]
CANONICAL: Final = Settings()
"""Its names of topics stand for those of a round wherever two rounds are compared."""


class Environment:
    """Broker and ClickHouse, running; rounds keep apart by the names of topics and database.

    Only the nodes of Apache Kafka can be killed: the embedded broker keeps everything in memory.
    """

    def __init__(
        self,
        directory: Path,
        kind: BrokerKind,
        nodes: int = 1,
        clickhouse: type[EmbeddedClickHouse] = EmbeddedClickHouse,
    ) -> None:
        self.kind = kind
        self.nodes = nodes
        self.kafka = KafkaCluster(directory / "kafka", nodes) if kind == "kafka" else None
        self.broker = self.kafka or EmbeddedBroker(log=directory / "broker.log")
        self.clickhouse = clickhouse(directory / "clickhouse")
        self._numbers = 0

    def start(self) -> Self:
        """Start both; raises `KafkaUnavailable` where Apache Kafka cannot run."""
        self.broker.start()
        self.clickhouse.start()
        return self

    def stop(self) -> None:
        """Stop both."""
        self.clickhouse.stop()
        self.broker.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def restore(self) -> None:
        """Start what a fault left dead."""
        if self.clickhouse.pid is None:
            await asyncio.to_thread(self.clickhouse.start)
        for node in self.kafka.nodes if self.kafka is not None else ():
            if not node.running:
                node.start(wait=False)
        for node in self.kafka.nodes if self.kafka is not None else ():
            await asyncio.to_thread(node.wait_until_ready)

    def settings(self, **more: Any) -> Settings:
        """Settings whose topics, groups and database nobody has used."""
        self._numbers += 1
        prefix = f"crash-{self._numbers}"
        names: dict[str, Any] = {
            name: f"{prefix}.{name.removeprefix('topic_')}"
            for name in vars(CANONICAL)
            if name.startswith("topic_")
        }
        return Settings(
            broker=self.broker.address,
            clickhouse_url=self.clickhouse.url,
            clickhouse_database=f"crash_{self._numbers}",
            group_streams=f"{prefix}-streams",
            group_sinks=f"{prefix}-sinks",
            replication=self.nodes,
            tick_s=0.0,
            max_ahead_s=0.0,
            max_step_s=0.0,
            **names,
            **more,
        )

    async def prepare(self, settings: Settings) -> None:
        """Make the topics, the database and its tables."""
        await create_topics(settings, "replay")
        await asyncio.to_thread(migrated, settings)

    async def clear(self, settings: Settings) -> None:
        """Remove them; a broker that cannot keeps its topics."""
        with client(settings, database=False) as connected:
            connected.command(f"DROP DATABASE IF EXISTS {settings.clickhouse_database} SYNC")
        admin = AIOKafkaAdminClient(**client_options(settings))
        try:
            await admin.start()
            await admin.delete_topics([topic.name for topic in topics(settings, "replay")])
        except KafkaError:
            return
        finally:
            await admin.close()


def migrated(settings: Settings) -> None:
    """Make the database and its tables."""
    with client(settings, database=False) as connected:
        migrate(connected, settings.clickhouse_database)
