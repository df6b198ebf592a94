"""The whole job beside its ceilings and its peers, on the same topic, in one run.

``make bench``, or ``python -m tests.bench [--load national|fast|minute-59] [--repeats N]
[--peers all|none|NAMES] [--no-sink] [--quick] [--embedded] [--json FILE] [--plot FILE.svg]``. On
Apache Kafka where this machine can run it, on the embedded broker otherwise. Median and spread of
the repeats; a peer's time counts only if its means and violations are ours.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from emissions.replay.usage import usage_of
from tests.bench.broker import Broker, running_broker
from tests.bench.contest import CEILINGS, Contest, Peers, hold, warm_up
from tests.bench.data import FAST, LOADS, NATIONAL, quick
from tests.bench.figures import figures
from tests.bench.ours import NAME, WorkerError
from tests.bench.peer_environment import PeersError, peer_python, peer_scripts
from tests.bench.plot import Bar, svg
from tests.bench.report import document, show, title
from tests.bench.sink_step import Rows, SinkError, measure_sink, sink_goals

PARTITIONS = 4


def main() -> int:
    """Measure, print the tables, and write JSON and the plot if asked to; the exit code."""
    given = _arguments()
    # Clients say in many lines that a topic has just been made.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console(
        width=None if sys.stdout.isatty() else 100, markup=False, highlight=False, soft_wrap=True
    )
    with tempfile.TemporaryDirectory(prefix="emissions-bench.") as place:
        directory = Path(place)
        try:
            with running_broker(directory, embedded=given.embedded) as broker:
                contests = _hold(given, broker, directory, console)
                used = usage_of("broker", broker.pid)
            rows = [] if given.no_sink else _sink(given, directory, console)
        except WorkerError as error:
            console.print(f"not measured: {error}", style="red")
            return 1
    peak = used.peak_bytes if used else 0
    console.print(f"\n{broker.name} beside them, at most {peak / 1e6:,.0f} MB")
    if given.quick:
        console.print("small loads: a try of the bench, these are no figures")
    _write(given, {**document(broker, contests, peak), "sink": rows}, contests)
    failed = rows is None or any(contest.failures for contest in contests.values())
    return 1 if failed else 0


def _hold(
    given: argparse.Namespace, broker: Broker, directory: Path, console: Console
) -> dict[str, Contest]:
    """Every load that is asked for, its table printed when it is done."""
    peers, contests = _peers(given.peers), {}
    warm_up(broker, quick(NATIONAL), directory / "warm-up", PARTITIONS)
    for load in LOADS.values():
        if given.load in (None, load.name):
            contests[load.name] = contest = hold(
                broker,
                quick(load) if given.quick else load,
                directory / load.name,
                repeats=given.repeats,
                partitions=PARTITIONS,
                peers=peers,
                say=console.print,
            )
            show(console, contest)
    return contests


def _sink(given: argparse.Namespace, directory: Path, console: Console) -> Rows | None:
    """The sink beside a raw insert, and its goals; None where that failed."""
    console.print("\nthe sink beside a raw insert of the same rows")
    load = FAST.name if given.load == FAST.name else NATIONAL.name
    try:
        rows = measure_sink(directory, load=load, repeats=given.repeats, quick=given.quick)
    except SinkError as error:
        console.print(f"not measured: {error}", style="red")
        return None
    for goal in sink_goals(rows):
        console.print(goal.sentence(), style="green" if goal.met else "yellow")
    return rows


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--load", choices=list(LOADS), help="default: all")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", default="all", help="all, none, or names, by commas")
    parser.add_argument("--no-sink", action="store_true", help="without the sink's part")
    parser.add_argument("--quick", action="store_true", help="small loads, for a try")
    parser.add_argument("--embedded", action="store_true", help="on the embedded broker")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path, help="an SVG file")
    given = parser.parse_args()
    if given.repeats < 1:
        parser.error("--repeats must be at least 1")
    given.peers = _chosen(parser, given.peers)
    return given


def _chosen(parser: argparse.ArgumentParser, wanted: str) -> list[Path]:
    """The scripts of the peers that are asked for."""
    known = {script.stem.removesuffix("_peer"): script for script in peer_scripts()}
    names = {"all": list(known), "none": []}.get(wanted, wanted.split(","))
    for name in names:
        if name not in known:
            parser.error(f"--peers: there is no peer {name!r}, there are {', '.join(known)}")
    return [known[name] for name in names]


def _peers(scripts: Sequence[Path]) -> Peers:
    """With their environment, or none where it cannot be made."""
    if not scripts:
        return Peers(Path(), ())
    try:
        return Peers(peer_python(), scripts)
    except PeersError as error:
        print(f"measured without peers: {error}")
        return Peers(Path(), ())


def _write(
    given: argparse.Namespace, found: dict[str, object], contests: dict[str, Contest]
) -> None:
    if given.json is not None:
        text = json.dumps(found, indent=2, ensure_ascii=False)
        given.json.write_text(text + "\n", encoding="utf-8")
    if given.plot is not None:
        panels = {name: _bars(contest) for name, contest in contests.items()}
        given.plot.write_text(svg(panels, "readings/s"), encoding="utf-8")


def _bars(contest: Contest) -> Sequence[Bar]:
    """All but fetching alone, beside which the others could not be told apart."""
    return [
        Bar(title(figure), *figure.per_second, ours=name == NAME)
        for name, figure in figures(contest.runs).items()
        if name != CEILINGS["fetch"]
    ]


if __name__ == "__main__":
    sys.exit(main())
