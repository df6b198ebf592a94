"""A kept run is served to several clients at once; what is none is refused with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from deploy.embedded.broker import EmbeddedBroker
from deploy.embedded.child import stable_port
from emissions.supervision.directory import About, StackDirectory, StackError
from emissions.supervision.kept_run import KeptRun
from sinks.clickhouse import client
from streams.kafka.reader import ends_of
from streams.settings import Settings
from tests.support.broker import TestBroker


def ignore(event: str, **fields: object) -> None:
    """Tell nobody."""


def kept(
    workspace: Path,
    *,
    broker_port: int = 19_092,
    clickhouse_port: int = 18_123,
    portal_port: int = 18_080,
) -> KeptRun:
    return KeptRun(
        workspace,
        Settings(),
        ignore,
        broker_port=broker_port,
        clickhouse_port=clickhouse_port,
        portal_port=portal_port,
    )


@contextmanager
def served(workspace: Path) -> Iterator[KeptRun]:
    run = kept(
        workspace,
        broker_port=stable_port(),
        clickhouse_port=stable_port(),
        portal_port=stable_port(),
    )
    try:
        run.start()
        yield run
    finally:
        run.supervisor.stop()


@pytest.mark.process
async def test_topics_and_tables_are_open_to_several_clients_at_once(tmp_path: Path) -> None:
    (tmp_path / "clickhouse").mkdir()
    with EmbeddedBroker(data=tmp_path / "broker") as broker:
        its = TestBroker(broker.address, broker.pid)
        await its.create("left")
        await its.produce("left", [b"one", b"two"])
    with served(tmp_path) as run:
        assert await ends_of(run.settings, "left") == {TopicPartition("left", 0): 2}
        with (
            client(run.settings, database=False) as one,
            client(run.settings, database=False) as other,
        ):
            one.command("CREATE TABLE main.kept (n Int64) ENGINE = MergeTree ORDER BY n")
            one.command("INSERT INTO main.kept VALUES (7)")
            assert other.query("SELECT n FROM main.kept").result_rows == [(7,)]
        text = run.write_environment().read_text()
        assert f"EMISSIONS_BROKER={run.settings.broker}\n" in text
        with pytest.raises(StackError, match="--broker-port"):
            kept(tmp_path, broker_port=int(run.settings.broker.rpartition(":")[2])).start()


def test_a_run_without_topics_is_served_without_a_broker(tmp_path: Path) -> None:
    (tmp_path / "clickhouse").mkdir()
    assert not kept(tmp_path).has_topics


def test_what_is_no_kept_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="holds no kept run"):
        kept(tmp_path)


def test_the_directory_of_a_stack_is_left_to_it(tmp_path: Path) -> None:
    with StackDirectory(tmp_path) as opened:
        opened.write(About(broker="embedded", partitions=4, broker_port=9092, clickhouse_port=8123))
    (tmp_path / "clickhouse").mkdir()
    with pytest.raises(StackError, match="belongs to `emissions up`"):
        kept(tmp_path)


def test_two_servers_need_two_ports(tmp_path: Path) -> None:
    (tmp_path / "clickhouse").mkdir()
    with pytest.raises(StackError, match="cannot share port 9000"):
        kept(tmp_path, broker_port=9000, clickhouse_port=9000)
