"""A small live stack is green, and each fault of it is a line that says what to do.

One stack for all: a fault is made, looked at and mended again, so their order does not matter.
Only the part that is at fault is asked for: others may still be coming back from a fault before.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from click.testing import CliRunner

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.cli.main import cli
from emissions.doctor import clocks, groups, ticks
from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading
from streams.kafka.client import admin_client
from streams.kafka.topics import create_topics, topics
from streams.settings import Settings
from streams.signing.ed25519 import new_key, write_key
from tests.emissions.doctor.certificate_files import certificate
from tests.sealing.published import violation
from tests.sealing.test_worker import SealProcess
from tests.support.broker import TestBroker
from tests.support.clickhouse import TestClickHouse
from tests.support.streams_process import SinksProcess, StreamsProcess, own_settings

REGISTRY: Final = Path(__file__).parents[2] / "oracle" / "example" / "registry.yaml"
NOBODY: Final = "127.0.0.1:1"

Row = dict[str, str]


class Stack:
    """A broker, a ClickHouse and the three workers of one deployment."""

    def __init__(self, broker: TestBroker, clickhouse: TestClickHouse, directory: Path) -> None:
        self.broker, self.clickhouse = broker, clickhouse
        write_key(directory / "log.pem", new_key())
        store = {
            name: getattr(clickhouse.settings, name)
            for name in Settings.__dataclass_fields__
            if name.startswith("clickhouse_")
        }
        self.settings = own_settings(
            broker.address, partitions=1, tick_s=0.5, seal_s=1.0, sink_age_s=0.1,
            log_path=str(directory / "log"), log_key_file=str(directory / "log.pem"),
            log_origin="example.kz/log", group_seal=f"{directory.name}-seal", **store,
        )  # fmt: skip
        self.streams = StreamsProcess(self.settings, directory / "streams.log")
        self.sinks = SinksProcess(self.settings, directory / "sinks.log")
        self.seal = SealProcess(self.settings, directory / "seal.log")

    def doctor(self, **changes: object) -> tuple[int, list[Row]]:
        """Exit code and lines of the doctor, of settings with changes."""
        env = replace(self.settings, **changes).as_env()  # type: ignore[arg-type]
        told = CliRunner().invoke(cli, ["doctor", "--format", "json"], env=env)
        return told.exit_code, [json.loads(line) for line in told.stdout.splitlines()]

    def load(self) -> None:
        """Register a nation, and have it send a reading."""
        env = self.settings.as_env()
        loaded = CliRunner().invoke(cli, ["registry", "load", str(REGISTRY)], env=env)
        assert loaded.exit_code == 0, loaded.output
        now = time.time_ns() // 60_000_000_000 * 60_000
        sent = Reading("EX-01-B", now - 120_000, 60, "NORMAL", "SN-2", {"CO": 40.0}, {})
        value = Codec(FileIds()).encode("EmissionReading", msgspec.structs.asdict(sent))
        topic = self.settings.topic_readings
        asyncio.run(self.broker.produce(topic, [value], key=b"EX-01-B", partition=0))

    def bad(self, **changes: object) -> list[Row]:
        """The lines of the doctor that are neither ok nor a risk."""
        return [row for row in self.doctor(**changes)[1] if row["state"] not in ("ok", "RISK")]


def soon(true: Callable[[], bool], what: str) -> None:
    """Look, by a command that waits itself, until it is so."""
    give_up = time.monotonic() + 120
    while not true():
        assert time.monotonic() < give_up, f"it never came true: {what}"


@pytest.fixture(scope="module")
def stack(
    kafka: TestBroker,
    clickhouse_server: EmbeddedClickHouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """Topics, tables, a registration and a reading; no worker runs yet."""
    clickhouse = TestClickHouse(clickhouse_server)
    made = Stack(kafka, clickhouse, tmp_path_factory.mktemp("faults"))
    asyncio.run(create_topics(made.settings))
    made.load()
    yield made
    clickhouse.close()


@pytest.fixture(scope="module")
def working(stack: Stack) -> Iterator[Stack]:
    """The stack with its workers, as it should be."""
    with ExitStack() as running:
        for worker in (stack.streams, stack.sinks, stack.seal):
            running.enter_context(worker)
        soon(lambda: not stack.bad(), "the stack is green")
        yield stack


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for what comes only while workers run."""
    for module in (clocks, groups):
        monkeypatch.setattr(module, "WATCH_S", 0.1)


class Case(NamedTuple):
    """A fault: what makes it, and the line that must name it."""

    make: Callable[[Stack, pytest.MonkeyPatch, Path], AbstractContextManager[Mapping[str, object]]]
    part: str
    seen: str
    do: str


@contextmanager
def settings(**changes: object) -> Iterator[Mapping[str, object]]:
    yield changes


def given(**changes: object) -> Any:
    """A fault that lies in what the settings lead to."""
    return lambda *_: settings(**changes)


@contextmanager
def stopped(worker: StreamsProcess) -> Iterator[None]:
    """A worker that hangs."""
    worker.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.signal(signal.SIGCONT)


@contextmanager
def streams_dead(stack: Stack, *_: object) -> Iterator[Mapping[str, object]]:
    stack.streams.end(signal.SIGTERM)
    try:
        yield {}
    finally:
        stack.streams.start()


@contextmanager
def ticks_stopped(stack: Stack, *_: object) -> Iterator[Mapping[str, object]]:
    with stopped(stack.streams):
        yield {}


@contextmanager
def sinks_stopped(stack: Stack, *_: object) -> Iterator[Mapping[str, object]]:
    with stopped(stack.sinks):
        yield {}


@contextmanager
def seal_stopped(stack: Stack, *_: object) -> Iterator[Mapping[str, object]]:
    key, value, _leaf = violation(time.time_ns())
    with stopped(stack.seal):
        topic = stack.settings.topic_violations
        asyncio.run(stack.broker.produce(topic, [value], key=key, partition=0))
        yield {}


@contextmanager
def retention_of_topic(stack: Stack, *_: object) -> Iterator[Mapping[str, object]]:
    name = stack.settings.topic_readings
    right = {topic.name: topic.config for topic in topics(stack.settings)}[name]
    asyncio.run(configure(stack.settings, name, {**right, "retention.ms": "3600000"}))
    try:
        yield {}
    finally:
        asyncio.run(configure(stack.settings, name, right))


async def configure(settings: Settings, topic: str, config: Mapping[str, str]) -> None:
    admin = admin_client(settings)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, dict(config))])
    finally:
        await admin.close()


@contextmanager
def retention_of_table(stack: Stack, *_: object) -> Iterator[Mapping[str, object]]:
    table = f"{stack.settings.clickhouse_database}.gaps"
    stack.clickhouse.client.command(f"ALTER TABLE {table} MODIFY TTL start + INTERVAL 9 YEAR")
    try:
        yield {}
    finally:
        stack.clickhouse.client.command(f"ALTER TABLE {table} REMOVE TTL")


@contextmanager
def no_registrations(stack: Stack, *_: object) -> Iterator[Mapping[str, object]]:
    name = f"{stack.settings.topic_registry}.empty"
    asyncio.run(create_topics(replace(stack.settings, topic_registry=name)))
    yield {"topic_registry": name}


@contextmanager
def clock_ahead(stack: Stack, patch: pytest.MonkeyPatch, _: Path) -> Iterator[Mapping[str, object]]:
    right = clocks.now_ms
    patch.setattr(clocks, "now_ms", lambda: right() + 7_200_000)
    yield {}


@contextmanager
def disk_full(stack: Stack, patch: pytest.MonkeyPatch, _: Path) -> Iterator[Mapping[str, object]]:
    total = 100 * 1024**3
    usage = type(shutil.disk_usage("/"))(total, total - 1024**3, 1024**3)
    patch.setattr(shutil, "disk_usage", lambda _: usage)
    yield {}


@contextmanager
def nation_silent(
    stack: Stack, patch: pytest.MonkeyPatch, _: Path
) -> Iterator[Mapping[str, object]]:
    patch.setattr(ticks, "QUIET_S", 0.0)
    yield {}


def certificate_of(days: int) -> Any:
    """A certificate that ends in so many days, less an hour."""

    @contextmanager
    def make(stack: Stack, patch: pytest.MonkeyPatch, path: Path) -> Iterator[Mapping[str, object]]:
        now = datetime.now(UTC)
        file = path / "ends.pem"
        file.write_bytes(certificate(now - timedelta(days=99), now + timedelta(days, -3600)))
        yield {"bundle_key_file": str(file)}

    return make


OF_WORKERS: Final = {
    "streams worker dead": Case(
        streams_dead, "streams worker", "no worker runs", "emissions worker streams"
    ),
    "ticks stopped": Case(
        ticks_stopped, "ticks", "silence goes undetected", "emissions worker streams"
    ),
    "sinks worker hangs": Case(sinks_stopped, "sinks worker", "behind", ""),
    "seal worker hangs": Case(
        seal_stopped, "seal worker", "not in the log yet", "emissions worker seal"
    ),
    "clock wrong": Case(clock_ahead, "clocks", "2 h behind", "NTP"),
}
"""Those that only workers show: a stack that runs takes long to start."""

OF_THE_REST: Final = {
    "nation silent": Case(nation_silent, "readings", "no source has sent anything", "gateways"),
    "no registrations": Case(no_registrations, "registry", "is empty", "emissions registry load"),
    "too few partitions": Case(
        given(partitions=8), "topics", "1 partition instead of", "EMISSIONS_PARTITIONS"
    ),
    "retention of a topic": Case(
        retention_of_topic, "topics", "retention.ms is 3600000", "kafka-configs"
    ),
    "retention of a table": Case(
        retention_of_table, "retention", "gaps deletes rows too soon", "REMOVE TTL"
    ),
    "ClickHouse away": Case(
        given(clickhouse_url=f"http://{NOBODY}"),
        "ClickHouse", "no ClickHouse answers", "start ClickHouse",
    ),
    "broker away": Case(given(broker=NOBODY), "broker", "nothing listens", "start a broker"),
    "certificate over": Case(
        certificate_of(0), "certificates", "nobody trusts it", "new certificate"
    ),
    "disk full": Case(disk_full, "disk", "1.0 GiB of 100.0 GiB free", "free some"),
}  # fmt: skip


@pytest.mark.long
def test_a_stack_that_works_is_green(working: Stack) -> None:
    soon(lambda: working.doctor()[0] == 0, "the stack is green")
    parts = {row["part"]: row["state"] for row in working.doctor()[1]}
    for part in ("streams worker", "sinks worker", "seal worker", "ticks", "readings", "tables"):
        assert parts[part] == "ok", part


@pytest.mark.parametrize(
    ("running", "fault"),
    [
        *(pytest.param("working", each, id=name, marks=pytest.mark.long)
          for name, each in OF_WORKERS.items()),
        *(pytest.param("impatient", each, id=name) for name, each in OF_THE_REST.items()),
    ],
)  # fmt: skip
def test_a_fault_is_a_line_with_what_to_do(
    stack: Stack,
    running: str,
    fault: Case,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    request.getfixturevalue(running)
    with fault.make(stack, monkeypatch, tmp_path) as changes:

        def named() -> bool:
            code, rows = stack.doctor(**changes)
            assert code == bool([row for row in rows if row["state"] in ("MISSING", "UNSEEN")])
            return any(
                (row["part"], row["state"]) == (fault.part, "MISSING")
                and fault.seen in row["seen"]
                and fault.do in row["do"]
                and row["do"]
                for row in rows
            )

        soon(named, f"it names {fault.seen}")


def test_a_certificate_that_ends_soon_is_a_risk_and_no_fault(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with certificate_of(12)(stack, monkeypatch, tmp_path) as changes:
        rows = stack.doctor(**changes, broker=NOBODY)[1]
    (line,) = (row for row in rows if row["part"] == "certificates")
    assert (line["state"], "in 11 days" in line["seen"]) == ("RISK", True)
    assert "before that day" in line["do"]
