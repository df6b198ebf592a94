"""Nodes of a cluster die while the streams worker judges: it finds what an undisturbed run finds.

Three nodes, three replicas of every topic, two of which must have a record that is confirmed:
what deployments are told to have.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.embedded.kafka import KafkaCluster, KafkaNode
from streams.core.records.record import RawRecord
from streams.settings import Settings
from tests.support.broker import TestBroker, eventually
from tests.support.core_run import history, judge, logs
from tests.support.pages import HeldStreams, Hold
from tests.support.streams_process import StreamsProcess, findings_of
from tests.worker.test_worker import PARTITIONS, enterprise, exported, prepare, rows

Clusters = Callable[..., KafkaCluster]


@pytest.fixture(scope="module")
def partition_logs() -> list[list[RawRecord]]:
    return logs(list(rows()), None, PARTITIONS)


@pytest.fixture(scope="module")
def expected(
    partition_logs: list[list[RawRecord]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The export of an undisturbed run of the core alone."""
    found, _ = judge(history([enterprise()]), partition_logs)
    return exported(found, tmp_path_factory.mktemp("expected"))


async def test_the_leader_dies(
    kafka_cluster: Clusters,
    partition_logs: list[list[RawRecord]],
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    cluster = kafka_cluster(3)
    async with judging(cluster, partition_logs, tmp_path) as run:
        await run.far_enough(0.2)
        await run.send(1.0)
        leader = await run.leader_of_readings()
        leader.kill()
        await run.far_enough(0.7)
        assert await run.leader_of_readings() is not leader
        leader.start()
        other = await run.leader_of_readings()
        other.kill()
        await run.done()
        assert run.worker.end(signal.SIGTERM) == 0, run.worker.said()
        assert exported(await findings_of(run.broker, run.settings), tmp_path) == expected


@pytest.mark.long
async def test_two_of_three_are_gone_for_a_while(
    kafka_cluster: Clusters,
    partition_logs: list[list[RawRecord]],
    expected: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster, hold = kafka_cluster(3), Hold(tmp_path / "hold", monkeypatch)
    async with judging(cluster, partition_logs, tmp_path, HeldStreams) as run:
        await run.far_enough(0.2)
        leader = await run.leader_of_readings()
        hold.keep()
        await run.send(0.75)
        await hold.held()  # it has read what it has not judged yet
        lost = [leader, next(node for node in cluster.nodes if node is not leader)]
        for node in lost:
            node.kill()
        await run.send(1.0)
        hold.release()
        # Of its outputs, or (where they say nothing new) of its offsets.
        await eventually(
            lambda: any(word in run.worker.said() for word in ("retrying", "commit_failed")),
            "the worker says so",
        )
        assert not run.feeding.done()  # one node confirms nothing
        lost[0].start(wait=False)
        lost[1].start()
        await run.done()
        assert run.worker.end(signal.SIGTERM) == 0, run.worker.said()
        assert exported(await findings_of(run.broker, run.settings), tmp_path) == expected


class Judging:
    """A worker that judges on a cluster while the readings are still being sent."""

    def __init__(
        self,
        cluster: KafkaCluster,
        settings: Settings,
        partition_logs: Sequence[Sequence[RawRecord]],
        worker: StreamsProcess,
    ) -> None:
        self.broker = TestBroker(cluster.address, cluster.node(1).pid, "kafka")
        self.settings = settings
        self.worker = worker
        self._cluster = cluster
        self._logs = partition_logs
        self._part = 0.5
        self._more = asyncio.Condition()
        self.feeding = asyncio.gather(*(self._send(at) for at in range(len(partition_logs))))

    async def far_enough(self, part: float) -> None:
        """Wait until a part of the readings is committed."""
        total = sum(map(len, self._logs))

        async def committed() -> bool:
            self._look()
            return sum((await self._committed()).values()) > total * part

        await eventually(committed, f"{part} of the readings are committed")

    async def send(self, part: float) -> None:
        """Let the sending go on up to a part of each log."""
        async with self._more:
            self._part = part
            self._more.notify_all()

    async def done(self) -> None:
        """Wait until every record is sent and committed."""
        ends = {partition: len(log) for partition, log in enumerate(self._logs)}

        async def committed() -> bool:
            self._look()
            return self.feeding.done() and await self._committed() == ends

        await eventually(committed, "everything is committed")
        await self.feeding

    async def leader_of_readings(self) -> KafkaNode:
        """The node that leads the first partition."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker.address)
        await admin.start()
        try:
            (topic,) = await admin.describe_topics([self.settings.topic_readings])
        finally:
            await admin.close()
        (leader,) = (p["leader"] for p in topic["partitions"] if p["partition"] == 0)
        return self._cluster.node(leader)

    def _look(self) -> None:
        assert self.worker.exit_code is None, self.worker.said()
        if self.feeding.done():
            self.feeding.result()

    async def _committed(self) -> dict[int, int]:
        return await self.broker.committed(
            self.settings.group_streams, self.settings.topic_readings
        )

    async def _send(self, partition: int) -> None:
        """The first half at once, the rest in small steps as far as the test lets it."""
        log = self._logs[partition]
        producer = AIOKafkaProducer(
            bootstrap_servers=self.broker.address,
            acks="all",
            enable_idempotence=True,  # what is sent again must not be there twice
            request_timeout_ms=120_000,
        )
        await producer.start()
        try:
            for at, record in enumerate(log):
                if at > len(log) // 2:
                    async with self._more:
                        while at > len(log) * self._part:
                            await self._more.wait()
                sent = await producer.send(
                    self.settings.topic_readings,
                    record.value,
                    record.key,
                    partition=partition,
                    timestamp_ms=record.timestamp,
                )
                if at % 20 == 0 or at == len(log) - 1:
                    await sent
        finally:
            await producer.stop()


@asynccontextmanager
async def judging(
    cluster: KafkaCluster,
    partition_logs: Sequence[Sequence[RawRecord]],
    directory: Path,
    process: type[StreamsProcess] = StreamsProcess,
) -> AsyncIterator[Judging]:
    broker = TestBroker(cluster.address, cluster.node(1).pid, "kafka")
    settings = await prepare(broker, replication=3, log_interval_s=1.0)
    with process(settings, directory / "worker.log") as worker:
        run = Judging(cluster, settings, partition_logs, worker)
        try:
            yield run
        finally:
            run.feeding.cancel()
            await asyncio.gather(run.feeding, return_exceptions=True)
