"""How long a streams worker needs to come back with the state of many sources.

``python -m tests.bench.recovery [--sources N] [--hours H] [--json FILE]``. A real Apache Kafka, the
deployed worker as a process: started with nothing but the changelog, then killed (-9) and started
again. Measured from the start of the process: until the state is there, and until the first batch
is judged, written down and committed. The second start waits for the group to notice the death of
the first, up to the session timeout.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from deploy.embedded.kafka import KafkaCluster
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.kafka import client_options
from streams.outbox import Outbox, RawOutput
from streams.replay.registry_topic import publish_registry
from streams.saved_state import changelog_topic
from streams.settings import Settings
from streams.topics import create_topics
from tests.bench.cloned_state import changelog_records, enterprises, seed_state, source_ids
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import StreamsProcess

START = 1_780_000_200_000


class Start(NamedTuple):
    """One start of the worker, seconds since its process began."""

    what: str
    state_s: float
    """The longest reading of state, as the worker says it."""
    judged_s: float
    """Until the first batch of every partition was committed."""
    cpu_s: float
    """Processor time that the worker took for it."""
    peak_mb: float


def peak_mb(pid: int) -> float:
    """The most memory a process had, from the kernel."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


def cpu_s(pid: int) -> float:
    """The processor time a process has taken, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def started(
    worker: StreamsProcess, broker: TestBroker, settings: Settings, upto: int
) -> Start:
    """Start the worker and wait until it has committed ``upto`` in every partition."""
    began, size = time.perf_counter(), worker.log.stat().st_size if worker.log.exists() else 0
    worker.start()
    wanted = dict.fromkeys(range(settings.partitions), upto)

    async def committed() -> bool:
        assert worker.exit_code is None, worker.said()
        return await broker.committed(settings.group_streams, settings.topic_readings) == wanted

    await eventually(committed, "the first batches are committed", 600)
    judged = time.perf_counter() - began
    said = worker.log.read_bytes()[size:].decode()
    spans = [json.loads(line)["seconds"] for line in said.splitlines() if "state recovered" in line]
    return Start("", max(spans, default=0.0), judged, cpu_s(worker.pid), peak_mb(worker.pid))


async def measure(sources: int, hours: int, directory: Path) -> tuple[list[Start], int, int]:
    """Both starts, the number of state records and their bytes."""
    with KafkaCluster(directory / "kafka") as cluster:
        settings = Settings(
            broker=cluster.address,
            tick_s=0,
            session_timeout_s=3.0,
            heartbeat_s=1.0,
            log_format="json",
        )
        broker = TestBroker(cluster.address, cluster.node(1).pid)
        await create_topics(settings, "replay")
        codec, names = Codec(FileIds()), source_ids(sources)
        await publish_registry(settings, enterprises(names), codec, timestamp=0)
        written = changelog_records(seed_state(START, hours), names, settings.partitions, 1)
        records = sum(map(len, written.values()))
        size = sum(len(r.key or b"") + len(r.value or b"") for it in written.values() for r in it)
        outbox = Outbox(client_options(settings))
        topic = changelog_topic(settings.app_id)
        tick = [RawOutput(None, codec.encode("StreamTick", {"sent_at": START}))]

        async def tick_all() -> None:
            at = START + hours * 3_600_000 + 1
            for partition in range(settings.partitions):
                value = [tick[0].value]
                await broker.produce(
                    settings.topic_readings, value, partition=partition, key=None, timestamp_ms=at
                )

        await outbox.start()
        for partition in list(written):
            await outbox.produce_to(topic, partition, written.pop(partition), revoked=lambda: False)
        await outbox.stop()
        await tick_all()
        await tick_all()
        starts = []
        worker = StreamsProcess(settings, directory / "worker.log")
        try:
            starts.append((await started(worker, broker, settings, 2))._replace(what="first start"))
            await tick_all()
            worker.end(signal.SIGKILL)
            starts.append(
                (await started(worker, broker, settings, 3))._replace(what="after kill -9")
            )
        finally:
            worker.end(signal.SIGKILL)
    return starts, records, size


def main() -> None:
    """Measure, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.recovery", description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        starts, records, size = asyncio.run(measure(given.sources, given.hours, Path(directory)))
    print(f"{given.sources:,} sources, {given.hours} h: {records:,} records, {size / 1e6:,.0f} MB")
    print(f"{'':<16}{'state s':>9}{'judged s':>10}{'cpu s':>7}{'peak MB':>9}")
    for start in starts:
        print(
            f"{start.what:<16}{start.state_s:>9.1f}{start.judged_s:>10.1f}{start.cpu_s:>7.1f}"
            f"{start.peak_mb:>9.0f}"
        )
    if given.json is not None:
        found = {"records": records, "bytes": size, "starts": [s._asdict() for s in starts]}
        given.json.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
