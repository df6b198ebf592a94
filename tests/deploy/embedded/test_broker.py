"""The embedded broker starts beside another one and never outlives whoever started it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from deploy.embedded.broker import BrokerError, EmbeddedBroker
from streams.kafka.clients import consumer_of, producer_of
from streams.kafka.reader import ends_of, read_log
from streams.settings import Settings
from tests.support.broker import TestBroker, eventually
from tests.support.processes import runs

pytestmark = pytest.mark.process


def test_two_brokers_run_side_by_side_and_none_is_left(broker: TestBroker, tmp_path: Path) -> None:
    with EmbeddedBroker(log=tmp_path / "log") as second:
        assert second.address != broker.address
        pid = second.pid
        with pytest.raises(BrokerError, match=str(second.port)):
            EmbeddedBroker(port=second.port).start()
    assert not runs(pid)
    assert (tmp_path / "log").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_the_broker_dies_with_its_parent() -> None:
    code = (
        "import time; from deploy.embedded.broker import EmbeddedBroker\n"
        "broker = EmbeddedBroker().start(); print(broker.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert runs(pid)
        parent.send_signal(signal.SIGKILL)
    asyncio.run(eventually(lambda: not runs(pid), "the broker is gone"))


async def test_topics_and_offsets_outlive_a_broker_that_was_killed(tmp_path: Path) -> None:
    where = tmp_path / "broker"
    partition = TopicPartition("kept", 0)
    broker = EmbeddedBroker(data=where, log=tmp_path / "log").start()
    settings = Settings(broker=broker.address)
    async with producer_of(settings, 100_000) as producer:
        await TestBroker(settings.broker, broker.pid).create("kept", partitions=1)
        for number in range(3):
            batch = producer.create_batch()
            for value in (b"a", b"b"):
                batch.append(timestamp=1_000 + number, key=None, value=value)
            await (await producer.send_batch(batch, "kept", partition=0))
    async with consumer_of(settings, "readers") as consumer:
        consumer.assign([partition])
        await consumer.commit({partition: 5})
    for process in (broker._process, broker._store):
        assert process is not None
        process.kill()
        process.wait()
    assert not broker.running
    assert broker.exit_code == -signal.SIGKILL
    broker.stop()
    assert broker.exit_code is None

    with EmbeddedBroker(data=where, port=broker.port) as again:
        assert again.address == settings.broker
        assert await ends_of(settings, "kept") == {partition: 6}
        async with consumer_of(settings, "readers") as consumer:
            assert await consumer.committed(partition) == 5
        async with consumer_of(settings) as consumer:
            found = [record async for record in read_log(consumer, {partition: 6})]
        assert [(record.offset, record.value) for record in found] == [
            *((0, b"a"), (1, b"b"), (2, b"a"), (3, b"b"), (4, b"a"), (5, b"b"))
        ]
        with pytest.raises(BrokerError, match="another process has it open"):
            EmbeddedBroker(data=where, log=tmp_path / "other").start()
