"""How much memory a streams worker takes with the state of many sources.

``make bench-memory``, or ``python -m tests.bench.memory [--sources N] [--hours H] [--minutes M]
[--directory D] [--json F]``; about four minutes and 8 GB of disk at full size, twenty seconds with
``--sources 200``. A real Apache Kafka, the deployed worker as a process: it recovers the state from
the changelog, then judges a reading of every source a minute. The second of these minutes closes
the day of every source at once. With 72 h of lateness up to 99 hours of a source are remembered.
Exits with 1 where that day did not close.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from aiokafka import TopicPartition
from rich import box
from rich.console import Console
from rich.table import Table

from deploy.embedded.kafka import KafkaCluster
from streams.kafka.client import client_options
from streams.kafka.ends import end_offsets
from tests.bench.cloned_state import CHANNELS
from tests.bench.recovery import Start, cpu_s, peak_mb, started
from tests.bench.state_load import CLOSING_MINUTE, Load, load_state
from tests.support.broker import eventually
from tests.support.streams_process import StreamsProcess

SLOTS: Final = 6  # of an hour
GOAL_MB: Final = 1_500.0


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
    means: int
    """How many it had published up to then."""


class Found(NamedTuple):
    """The state that was laid down, the recovery, and the worker after each piece of work."""

    load: Load
    start: Start
    stages: list[Stage]

    @property
    def slots(self) -> int:
        """Slots of channels that are remembered, over all sources."""
        return self.load.sources * self.load.kept * SLOTS * len(CHANNELS)

    @property
    def met(self) -> bool:
        """The goal for the most memory that the worker ever had."""
        return self.stages[-1].peak_mb <= GOAL_MB


def status_mb(pid: int, name: str) -> float:
    """One of the memory figures of the kernel."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


def rise(points: Sequence[tuple[float, float]]) -> float:
    """Fit a straight line through two points or more (least squares); its rise for each unit."""
    across = sum(x for x, _ in points) / len(points)
    up = sum(y for _, y in points) / len(points)
    spread = sum((x - across) ** 2 for x, _ in points)
    return sum((x - across) * (y - up) for x, y in points) / spread


def disk_mb(pid: int, directory: Path) -> float:
    """The files without a name that a process has open in a directory."""
    size = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        if os.readlink(link).startswith(f"{directory}/"):
            size += link.stat().st_blocks * 512
    return size / 1e6


async def stage(
    what: str, worker: StreamsProcess, load: Load, files: Path, wall_s: float, cpu: float
) -> Stage:
    """What the worker takes at this moment."""
    pid, settings = worker.pid, load.settings
    now, own = status_mb(pid, "VmRSS"), status_mb(pid, "RssAnon")
    parts = [TopicPartition(settings.topic_means, p) for p in range(settings.partitions)]
    means = sum((await end_offsets(parts, **client_options(settings))).values())
    return Stage(what, now, own, peak_mb(pid), disk_mb(pid, files), wall_s, cpu, means)


async def measure(
    sources: int, hours: int, minutes: int, directory: Path, console: Console
) -> Found:
    """Lay the state down, let a worker recover it, and give it minute after minute."""
    files = directory / "state"
    files.mkdir()
    with KafkaCluster(directory / "kafka", say=console.print) as cluster:
        console.print(f"laying down the state of {sources:,} sources")
        load = await load_state(cluster, sources, hours, state_directory=str(files))
        topic, group = load.settings.topic_readings, load.settings.group_streams
        worker = StreamsProcess(load.settings, directory / "worker.log")
        try:
            console.print(f"the worker recovers {load.size / 1e6:,.0f} MB")
            reached = dict.fromkeys(range(load.settings.partitions), 2)
            start = await started(worker, load.broker, load.settings, reached)
            stages = [await stage("recovered", worker, load, files, start.judged_s, start.cpu_s)]
            for minute in range(minutes):
                console.print(f"minute {minute + 1} of {minutes}")
                for partition, count in (await load.minute(minute)).items():
                    reached[partition] += count
                began, before = time.perf_counter(), cpu_s(worker.pid)

                async def judged() -> bool:
                    assert worker.exit_code is None, worker.said()
                    return await load.broker.committed(group, topic) == reached

                await eventually(judged, "the minute is judged", 600)
                took = time.perf_counter() - began, cpu_s(worker.pid) - before
                what = f"minute {minute + 1}" + (", days close" if minute == CLOSING_MINUTE else "")
                stages.append(await stage(what, worker, load, files, *took))
        finally:
            worker.end(signal.SIGKILL)
    return Found(load, start, stages)


def show(console: Console, found: Found) -> None:
    """Print the state, the stages and the goal."""
    load, start = found.load, found.start
    console.print(
        f"\n{load.sources:,} sources of {len(CHANNELS)} channels, {load.kept} h each: "
        f"{load.records:,} records, {load.size / 1e6:,.0f} MB, "
        f"{load.size / found.slots:.1f} bytes per slot and channel"
    )
    rate = load.size / 1e6 / start.state_s if start.state_s else 0.0
    console.print(f"state read in {start.state_s:.1f} s ({rate:.0f} MB/s)")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for column in ("RSS MB", "own MB", "peak MB", "disk MB", "wall s", "cpu s", "means so far"):
        table.add_column(column, justify="right", no_wrap=True)
    for each in found.stages:
        memory = (each.now_mb, each.own_mb, each.peak_mb, each.disk_mb)
        table.add_row(
            each.what,
            *(f"{size:,.0f}" for size in memory),
            f"{each.wall_s:.1f}",
            f"{each.cpu_s:.1f}",
            f"{each.means:,}",
        )
    console.print(table)
    console.print(
        f"most memory, goal {GOAL_MB:,.0f} MB: {'met' if found.met else 'NOT met'} "
        f"({found.stages[-1].peak_mb:,.0f} MB, {found.stages[-1].peak_mb * 1e6 / found.slots:.1f} "
        "bytes per slot and channel)",
        style="green" if found.met else "yellow",
    )


def day_closed(found: Found) -> bool:
    """Whether the minute in which days close brought a mean of each channel of each source."""
    if len(found.stages) <= CLOSING_MINUTE + 1:
        return True  # nobody asked for that minute
    before, after = found.stages[CLOSING_MINUTE : CLOSING_MINUTE + 2]
    return after.means - before.means >= found.load.sources * len(CHANNELS)


def plain(found: Found) -> dict[str, object]:
    """The same for JSON."""
    load = found.load
    return {
        "sources": load.sources,
        "hours": load.kept,
        "records": load.records,
        "bytes": load.size,
        "bytes_per_slot_and_channel": load.size / found.slots,
        "peak_bytes_per_slot_and_channel": found.stages[-1].peak_mb * 1e6 / found.slots,
        "state_s": found.start.state_s,
        "stages": [each._asdict() for each in found.stages],
        "goal_mb": GOAL_MB,
        "met": found.met,
        "day_closed": day_closed(found),
    }


def main() -> int:
    """Measure, print the table, and write JSON if asked to; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory", description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--hours", type=int, default=98)
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--directory", type=Path, help="for the broker and the state")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    # Clients say in many lines that a topic has just been made.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console(
        width=None if sys.stdout.isatty() else 110, markup=False, highlight=False, soft_wrap=True
    )
    with tempfile.TemporaryDirectory(dir=given.directory) as directory:
        place = Path(directory)
        found = asyncio.run(measure(given.sources, given.hours, given.minutes, place, console))
    show(console, found)
    if given.json is not None:
        given.json.write_text(json.dumps(plain(found), indent=2) + "\n", encoding="utf-8")
    if not day_closed(found):
        console.print("the day did not close when it should have", style="red")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
