"""Throughput of a replayed day of the simulated nation beside the ceiling of decoding alone.

``python -m tests.bench [--days N] [--seed S] [--json FILE]``. One machine, one run: quote ratios.
Processor seconds are those of the measured process, so they bear a busy machine better.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.cli.workspace import run_settings
from streams.core.log import RawRecord
from streams.core.partition import PartitionEngine, partition_of
from streams.core.policy import Policy
from streams.replay.run import run_pipeline
from streams.replay.stage import Stage
from streams.replay.tape import Message
from streams.rule_files import load_rules
from streams.settings import Settings
from streams.simulation.nation import Nation
from streams.simulation.stream import records
from tests.support.core_run import history

BATCH = 2_000


class Figure(NamedTuple):
    """One row of the table: what was done, how many readings, wall and processor seconds."""

    what: str
    readings: int
    wall_s: float
    cpu_s: float

    @property
    def per_second(self) -> float:
        """Readings a second of wall time."""
        return self.readings / self.wall_s


def decoding(messages: Sequence[Message], codec: Codec) -> Figure:
    """The ceiling: every message decoded, and nothing done with it."""
    wall, cpu = time.perf_counter(), time.process_time()
    for message in messages:
        codec.decode_reading(message.value)
    return Figure(
        "decode alone",
        len(messages),
        time.perf_counter() - wall,
        time.process_time() - cpu,
    )


def judging(nation: Nation, messages: Sequence[Message], codec: Codec) -> Figure:
    """Decode and judge in one process, without broker and sinks."""
    partitions = Settings().partitions
    logs: list[list[RawRecord]] = [[] for _ in range(partitions)]
    for message in messages:
        log = logs[partition_of(message.key.decode(), partitions)]
        arrived = message.arrived_at or 0
        log.append(RawRecord(len(log), arrived, message.key, message.value, ()))
    registry, rules = history(nation.enterprises), load_rules()
    wall, cpu = time.perf_counter(), time.process_time()
    for partition, log in enumerate(logs):
        engine = PartitionEngine(
            topic="emissions.readings",
            partition=partition,
            partitions=partitions,
            decode=codec.decode_readings,
            rules=rules,
            policy=Policy(),
            registry=registry,
            state={},
        )
        for start in range(0, len(log), BATCH):
            engine.apply(log[start : start + BATCH])
    return Figure(
        "decode and judge",
        len(messages),
        time.perf_counter() - wall,
        time.process_time() - cpu,
    )


async def replaying(
    nation: Nation, messages: Sequence[Message], codec: Codec
) -> tuple[Figure, dict[str, tuple[float, int]]]:
    """The whole job: broker, streams worker, sinks worker and ClickHouse as processes."""
    with (
        tempfile.TemporaryDirectory() as workspace,
        Stage(Path(workspace), run_settings(None, None)) as stage,
    ):
        report = await run_pipeline(
            stage,
            nation.enterprises,
            messages,
            codec=codec,
            until=nation.until,
            now=time.time_ns() // 1_000_000,
            report=lambda _step, _done, _total: None,
        )
        used = {usage.name: (usage.cpu_s, usage.peak_bytes) for usage in stage.usage()}
    worker = next((cpu for name, (cpu, _) in used.items() if "streams" in name), 0.0)
    return Figure("replay, end to end", report.messages, report.pipeline_s, worker), used


def main() -> None:
    """Measure, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    nation = Nation(seed=given.seed, days=given.days)
    codec = Codec(FileIds())
    messages = [
        Message(key, value, arrived, arrived)
        for batch in records(nation, codec)
        for arrived, key, value, _ in batch
    ]
    figures = [decoding(messages, codec), judging(nation, messages, codec)]
    whole, used = asyncio.run(replaying(nation, messages, codec))
    figures.append(whole)
    ceiling = figures[0]
    print(f"{'':<22}{'readings':>10}{'wall s':>9}{'cpu s':>8}{'per second':>12}{'of ceiling':>12}")
    for figure in figures:
        share = figure.per_second / ceiling.per_second
        print(
            f"{figure.what:<22}{figure.readings:>10,}{figure.wall_s:>9.1f}{figure.cpu_s:>8.1f}"
            f"{figure.per_second:>12,.0f}{share:>11.1%}"
        )
    for name, (cpu, peak) in used.items():
        print(f"  {name}: {cpu:.0f} s of processor time, at most {peak / 1e6:.0f} MB")
    if given.json is not None:
        found = {"figures": [figure._asdict() for figure in figures], "processes": used}
        given.json.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
