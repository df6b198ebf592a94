"""How long a streams worker needs to come back with the state of many sources.

``python -m tests.bench.recovery [--sources N] [--hours H] [--behind M] [--json FILE]``; about a
minute with ten thousand sources of three hours. A real Apache Kafka, the deployed worker as a
process: started with nothing but the changelog; then, when it has judged some minutes of readings
that the changelog may not have yet (``--behind``), killed (-9) and started again. Measured from the
start of the process: until the state is there, and until the next batch is judged, written down and
committed. The second start waits for the group to notice the death of the first, up to the session
timeout.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import re
import signal
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from deploy.embedded.kafka import KafkaCluster
from streams.settings import Settings
from tests.bench.state_load import load_state
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import StreamsProcess


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


async def committed(
    worker: StreamsProcess, broker: TestBroker, settings: Settings, upto: dict[int, int]
) -> None:
    """Wait until the worker has committed these offsets."""

    async def all_of_them() -> bool:
        assert worker.exit_code is None, worker.said()
        return await broker.committed(settings.group_streams, settings.topic_readings) == upto

    await eventually(all_of_them, "what there is is committed", 900)


async def started(
    worker: StreamsProcess, broker: TestBroker, settings: Settings, upto: dict[int, int]
) -> Start:
    """Start the worker and wait until it has committed ``upto`` in every partition."""
    began, size = time.perf_counter(), worker.log.stat().st_size if worker.log.exists() else 0
    worker.start()
    await committed(worker, broker, settings, upto)
    judged = time.perf_counter() - began
    said = worker.log.read_bytes()[size:].decode()
    spans = [json.loads(line)["seconds"] for line in said.splitlines() if "state_restored" in line]
    return Start("", max(spans, default=0.0), judged, cpu_s(worker.pid), peak_mb(worker.pid))


async def measure(
    sources: int, hours: int, behind: int, directory: Path
) -> tuple[list[Start], int, int]:
    """Both starts, the number of state records and their bytes."""
    with KafkaCluster(directory / "kafka") as cluster:
        print(f"laying down the state of {sources:,} sources", flush=True)
        load = await load_state(cluster, sources, hours)
        settings, broker = load.settings, load.broker
        starts = []
        worker = StreamsProcess(settings, directory / "worker.log")
        try:
            print(f"the worker recovers {load.size / 1e6:,.0f} MB", flush=True)
            upto = dict.fromkeys(range(settings.partitions), 2)
            first = await started(worker, broker, settings, upto)
            starts.append(first._replace(what="first start"))
            for minute in range(behind):
                more = await load.minute(minute)
                upto = {partition: at + more.get(partition, 0) for partition, at in upto.items()}
                await committed(worker, broker, settings, upto)
            await load.tick()
            upto = {partition: at + 1 for partition, at in upto.items()}
            worker.end(signal.SIGKILL)
            print("killed, and started again", flush=True)
            starts.append(
                (await started(worker, broker, settings, upto))._replace(what="after kill -9")
            )
        finally:
            worker.end(signal.SIGKILL)
    return starts, load.records, load.size


def main() -> None:
    """Measure, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.recovery", description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=3)
    parser.add_argument("--behind", type=int, default=20, help="minutes of readings to be repeated")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    # Clients say in many lines that a topic has just been made.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as directory:
        starts, records, size = asyncio.run(
            measure(given.sources, given.hours, given.behind, Path(directory))
        )
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
