"""How the deployed workers scale: with workers, with sources, with the backlog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.bench.broker import Broker
from tests.bench.data import DAY, FAST, Load
from tests.bench.figures import Run
from tests.bench.ours import forget, run_ours
from tests.bench.scale_table import Part, row_of
from tests.bench.topic import Filled, fill

PARTITIONS = 4
LARGE = 50_000
"""More sources than this are measured once: to take them up takes longer than the readings."""

Say = Callable[[str], None]


class Sizes(NamedTuple):
    """How large everything is."""

    readings: int
    sources: tuple[int, ...]
    backlogs: tuple[int, ...]
    workers: tuple[int, ...]


FULL = Sizes(200_000, (100, 10_000, 100_000), (50_000, 100_000, 300_000), (1, 2, 4))
QUICK = Sizes(6_000, (20, 600), (2_000, 6_000), (1, 2, 4))


def stretch(name: str, sources: int, readings: int) -> Load:
    """Sources at 1 Hz from midnight on, as long as it takes; the last tick closes nothing more."""
    steps = -(-readings // sources)
    until = DAY + steps * 1000 + 2000
    return FAST._replace(name=name, sources=sources, first=DAY, steps=steps, until=until)


def by_workers(broker: Broker, directory: Path, sizes: Sizes, repeats: int, say: Say) -> Part:
    """One worker and more, each number on the same partitions, taking turns."""
    most = max(sizes.workers)
    filled = _filled(say, broker, stretch("workers", sizes.sources[1], sizes.readings), most)
    runs: dict[int, list[Run]] = {count: [] for count in sizes.workers}
    for _ in range(repeats):
        for count in sizes.workers:
            runs[count].append(_run(say, filled, directory, count))
    one = row_of("", runs[1]).per_second
    rows = []
    for count, found in runs.items():
        row = row_of(f"{count} worker{'s'[: count > 1]}", found)
        times = row.per_second.median / one.median if row.per_second and one else 0.0
        rows.append(row._replace(note=f"{times:.2f} x one worker"))
    title = f"workers together on {most} partitions, {sizes.sources[1]:,} sources"
    return Part(title, rows)


def by_sources(broker: Broker, directory: Path, sizes: Sizes, repeats: int, say: Say) -> Part:
    """The same number of readings from ever more sources."""
    rows = []
    for count in sizes.sources:
        load = stretch("sources", count, sizes.readings)
        filled = _filled(say, broker, load, PARTITIONS)
        times = 1 if count > LARGE else repeats
        runs = [_run(say, filled, directory) for _ in range(times)]
        # What a source costs once, such as an hour of state, few readings of each must bear.
        note = f"{load.steps:,} of each" + (", once" if times < repeats else "")
        rows.append(row_of(f"{count:,} sources", runs, note))
    return Part("the cost of a reading as sources grow, one worker", rows)


def by_backlog(broker: Broker, directory: Path, sizes: Sizes, repeats: int, say: Say) -> Part:
    """A worker that starts behind: how fast it catches up with ever longer backlogs."""
    rows = []
    for count in sizes.backlogs:
        filled = _filled(say, broker, stretch("backlog", sizes.sources[1], count), PARTITIONS)
        runs = [_run(say, filled, directory) for _ in range(repeats)]
        caught_up = max(run.whole_s for run in runs)
        note = f"{caught_up:.1f} s from its start"
        rows.append(row_of(f"{count:,} behind", runs, note))
    return Part(f"catching up, one worker, {sizes.sources[1]:,} sources", rows)


def _filled(say: Say, broker: Broker, load: Load, partitions: int) -> Filled:
    say(f"writing {load.readings:,} readings of {load.sources:,} sources")
    return asyncio.run(fill(broker.address, load, partitions))


def _run(say: Say, filled: Filled, directory: Path, workers: int = 1) -> Run:
    async def run() -> Run:
        found, settings = await run_ours(filled, directory, workers=workers, steady=True)
        await forget(settings)
        return found

    done = asyncio.run(run())
    what = f"{workers} worker{'s'[: workers > 1]}"
    say(f"{what}: {done.per_second:,.0f} readings/s, {done.cpu_us:.1f} µs of processor time each")
    return done
