"""How much memory a streams worker takes with the state of many sources.

``python -m tests.bench.memory [--sources N] [--hours H] [--minutes M] [--directory D] [--json F]``.
A real Apache Kafka, the deployed worker as a process: it recovers the state from the changelog,
then judges a reading of every source a minute. With 72 h of lateness up to 98 hours of a source
are remembered.
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
from tests.bench.cloned_state import CHANNELS
from tests.bench.recovery import Start, cpu_s, peak_mb, started
from tests.bench.state_load import Load, load_state
from tests.support.broker import eventually
from tests.support.streams_process import StreamsProcess

SLOTS = 6  # of an hour


class Stage(NamedTuple):
    """The worker after a piece of work; MB of memory, seconds."""

    what: str
    now_mb: float
    own_mb: float
    """Of it what no file stands behind."""
    peak_mb: float
    """The most it ever had, up to then."""
    disk_mb: float
    """What its state takes of the disk."""
    wall_s: float
    cpu_s: float


def status_mb(pid: int, name: str) -> float:
    """One of the memory figures of the kernel."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


def disk_mb(pid: int, directory: Path) -> float:
    """The files without a name that a process has open in a directory."""
    size = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        if os.readlink(link).startswith(f"{directory}/"):
            size += link.stat().st_blocks * 512
    return size / 1e6


def stage(what: str, worker: StreamsProcess, directory: Path, wall_s: float, cpu: float) -> Stage:
    """What the worker takes at this moment."""
    pid = worker.pid
    now, own = status_mb(pid, "VmRSS"), status_mb(pid, "RssAnon")
    return Stage(what, now, own, peak_mb(pid), disk_mb(pid, directory), wall_s, cpu)


async def measure(
    sources: int, hours: int, minutes: int, directory: Path
) -> tuple[Load, Start, list[Stage]]:
    """The state that was laid down, the recovery, and the worker after each piece of work."""
    files = directory / "state"
    files.mkdir()
    with KafkaCluster(directory / "kafka") as cluster:
        load = await load_state(cluster, sources, hours, state_directory=str(files))
        topic, group = load.settings.topic_readings, load.settings.group_streams
        worker = StreamsProcess(load.settings, directory / "worker.log")
        try:
            start = await started(worker, load.broker, load.settings, 2)
            stages = [stage("recovered", worker, files, start.judged_s, start.cpu_s)]
            reached = dict.fromkeys(range(load.settings.partitions), 2)
            for minute in range(minutes):
                for partition, count in (await load.minute(minute)).items():
                    reached[partition] += count
                began, before = time.perf_counter(), cpu_s(worker.pid)

                async def judged() -> bool:
                    assert worker.exit_code is None, worker.said()
                    return await load.broker.committed(group, topic) == reached

                await eventually(judged, "the minute is judged", 600)
                took = time.perf_counter() - began, cpu_s(worker.pid) - before
                stages.append(stage(f"minute {minute + 1} judged", worker, files, *took))
        finally:
            worker.end(signal.SIGKILL)
    return load, start, stages


def main() -> None:
    """Measure, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory", description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=98)
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--directory", type=Path, help="for the broker and the state")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.directory) as directory:
        load, start, stages = asyncio.run(
            measure(given.sources, given.hours, given.minutes, Path(directory))
        )
    per = load.size / (given.sources * load.kept * SLOTS * len(CHANNELS))
    print(
        f"{given.sources:,} sources of {len(CHANNELS)} channels, {load.kept} h each: "
        f"{load.records:,} records, {load.size / 1e6:,.0f} MB, "
        f"{per:.1f} bytes per slot and channel"
    )
    rate = load.size / 1e6 / start.state_s if start.state_s else 0.0
    print(f"state read in {start.state_s:.1f} s ({rate:.0f} MB/s)")
    print(
        f"{'':<18}{'RSS MB':>8}{'own MB':>8}{'peak MB':>9}{'disk MB':>9}{'wall s':>8}{'cpu s':>7}"
    )
    for each in stages:
        print(
            f"{each.what:<18}{each.now_mb:>8.0f}{each.own_mb:>8.0f}{each.peak_mb:>9.0f}"
            f"{each.disk_mb:>9.0f}{each.wall_s:>8.1f}{each.cpu_s:>7.1f}"
        )
    if given.json is not None:
        found = {
            "sources": given.sources,
            "hours": load.kept,
            "records": load.records,
            "bytes": load.size,
            "bytes_per_slot_and_channel": per,
            "state_s": start.state_s,
            "stages": [each._asdict() for each in stages],
        }
        given.json.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
