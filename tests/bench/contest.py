"""Everybody in turn on one load: the ceilings, ours and the peers, as often as asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.bench.broker import Broker
from tests.bench.children import ContestantError, ceiling_command, peer_command, run_child
from tests.bench.comparison import Verdict, compare
from tests.bench.data import Load, registered
from tests.bench.figures import Run
from tests.bench.ours import NAME, forget, run_ours
from tests.bench.registry_file import write_registry
from tests.bench.results import Results, Written, our_results, peer_results
from tests.bench.topic import Filled, fill

SCHEMA = Path("schemas/reading.avsc")
CEILINGS = {
    "fetch": "fetch",
    "fastavro": "fetch + fastavro",
    "columns": "fetch + our decoder",
}
"""Kind of a ceiling to its name in the table."""

Say = Callable[[str], None]


NOTHING = Written(0, 0)


class Peers(NamedTuple):
    """The scripts to run, maybe none, and the Python of their environment."""

    python: Path
    scripts: Sequence[Path]


@dataclass
class Contest:
    """What came out on one load."""

    filled: Filled
    runs: list[Run] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    """Who did not finish, and why."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """How the results of each peer compare with ours."""
    written: Written = NOTHING


def hold(
    broker: Broker,
    load: Load,
    directory: Path,
    *,
    repeats: int,
    partitions: int,
    peers: Peers,
    say: Say,
) -> Contest:
    """Fill the topic, let everybody run ``repeats`` times in turn, and compare the results."""
    directory.mkdir(parents=True, exist_ok=True)
    filled = asyncio.run(fill(broker.address, load, partitions))
    say(
        f"{load.name}: {filled.readings:,} readings of {load.sources:,} sources on "
        f"{partitions} partitions, {filled.value_bytes / filled.readings:.0f} bytes each"
    )
    contest = Contest(filled)
    ours = Results({}, {}, set())
    for repeat in range(repeats):
        for kind, name in CEILINGS.items():
            _child(contest, broker, name, kind, directory, say)
        last = repeat == repeats - 1
        found = asyncio.run(_ours(contest, directory, read=last, say=say))
        if found is not None:
            ours, contest.written = found
        for script in peers.scripts:
            _peer(contest, broker, peers, script, directory, say)
    for name, file in _files(contest, directory):
        contest.verdicts[name] = compare(ours, peer_results(file))
    return contest


def warm_up(broker: Broker, load: Load, directory: Path, partitions: int) -> None:
    """One run over a small load: the broker's code is compiled and everything is in the cache."""
    directory.mkdir(parents=True, exist_ok=True)

    async def run() -> None:
        filled = await fill(broker.address, load, partitions)
        await forget((await run_ours(filled, directory))[1])

    asyncio.run(run())


def _child(
    contest: Contest, broker: Broker, name: str, kind: str, directory: Path, say: Say
) -> None:
    report = directory / f"{kind}.json"
    topic = contest.filled.settings.topic_readings
    command = ceiling_command(kind, broker.address, topic, report)
    _take(contest, name, lambda: run_child(name, command, report, contest.filled.readings), say)


def _peer(
    contest: Contest, broker: Broker, peers: Peers, script: Path, directory: Path, say: Say
) -> None:
    name = script.stem
    files = {
        "registry": directory / "registry.json",
        "schema": SCHEMA,
        "results": directory / f"{name}.ndjson",
        "report": directory / f"{name}.json",
    }
    if not files["registry"].exists():
        write_registry(registered(contest.filled.load), files["registry"])
    topic = contest.filled.settings.topic_readings
    command = peer_command(peers.python, script, broker.address, topic, files)
    readings = contest.filled.readings
    _take(contest, name, lambda: run_child(name, command, files["report"], readings), say)


def _take(contest: Contest, name: str, run: Callable[[], Run], say: Say) -> None:
    try:
        found = run()
    except ContestantError as error:
        contest.failures[name] = str(error)
        say(f"  {error}")
    else:
        contest.runs.append(found)
        _tell(found, say)


async def _ours(
    contest: Contest, directory: Path, *, read: bool, say: Say
) -> tuple[Results, Written] | None:
    run, settings = await run_ours(contest.filled, directory)
    contest.runs.append(run)
    _tell(run, say)
    found = await our_results(settings) if read else None
    await forget(settings)
    return found


def _tell(run: Run, say: Say) -> None:
    calm = "" if run.steady_us is None else f" ({run.steady_us:.1f} in the steady state)"
    say(
        f"  {run.name}: {run.per_second:,.0f} readings/s, {run.cpu_us:.1f} µs of processor time "
        f"each{calm}, {run.peak_rss / 1e6:,.0f} MB"
    )


def _files(contest: Contest, directory: Path) -> list[tuple[str, Path]]:
    """The results of every peer that finished."""
    known = {*CEILINGS.values(), NAME}
    names = dict.fromkeys(run.name for run in contest.runs if run.name not in known)
    return [(name, directory / f"{name}.ndjson") for name in names]
