"""How the job scales: with workers, with sources, with the state of lateness, with the backlog.

``make bench-scale``, or ``python -m tests.bench.scale [--part workers|sources|state|backlog]
[--repeats N] [--quick] [--embedded] [--json FILE] [--plot FILE.svg]``; about ten minutes on a quiet
machine, one and a half with ``--quick``. Deployed workers on Apache Kafka where this machine can
run it; processor time bears a busy machine better than the clock.

* **state**: the judging core alone over days of the nation's load, twelve hours at a time.
* **workers**: one, two and four of them, in turn, on the same four partitions.
* **sources**: the same number of readings, from ever more sources; so ever fewer of each.
* **backlog**: a worker that starts ever further behind.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from tests.bench.broker import JOIN_MS, running_broker
from tests.bench.machine import machine
from tests.bench.ours import WorkerError
from tests.bench.plot import svg
from tests.bench.scale_runs import FULL, QUICK, Say, by_backlog, by_sources, by_workers
from tests.bench.scale_state import by_state
from tests.bench.scale_table import Part, panels, plain, show_part

ON_A_BROKER = {"workers": by_workers, "sources": by_sources, "backlog": by_backlog}
PARTS = ("state", *ON_A_BROKER)


def main() -> int:
    """Measure, print the tables, write JSON and the plot if asked to; the exit code."""
    given = _arguments()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console(
        width=None if sys.stdout.isatty() else 120, markup=False, highlight=False, soft_wrap=True
    )
    began = time.monotonic()

    def say(what: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s  {what}")

    found: dict[str, Part] = {}
    brokers: list[str] = []
    try:
        for name, part in _measured(given, say, brokers):
            show_part(console, part)
            found[name] = part
    except WorkerError as error:
        console.print(f"not measured: {error}", style="red")
        return 1
    took_s = time.monotonic() - began
    console.print(f"all of it took {took_s:.0f} s")
    if given.quick:
        console.print("small sizes: a try of the bench, these are no figures")
    if given.json is not None:
        document = {
            "machine": machine(brokers[0] if brokers else None),
            "took_s": took_s,
            "repeats": given.repeats,
            "parts": {name: plain(part) for name, part in found.items()},
        }
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if given.plot is not None:
        given.plot.write_text(svg(panels(found.values()), ""), encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="small sizes, for a try")
    parser.add_argument("--embedded", action="store_true", help="on the embedded broker")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path, help="an SVG file")
    given = parser.parse_args()
    if given.repeats < 1:
        parser.error("--repeats must be at least 1")
    return given


def _measured(
    given: argparse.Namespace, say: Say, brokers: list[str]
) -> Iterator[tuple[str, Part]]:
    """Each part that is asked for, as soon as it is there; the broker's name into the list."""
    wanted = given.part or list(PARTS)
    if "state" in wanted:
        say("judging days of the nation's load")
        yield "state", by_state(4, 12, 3) if given.quick else by_state(20, 96, 12)
    if not set(wanted) & set(ON_A_BROKER):
        return
    # The workers of a run start together, and none is to begin alone.
    config = {"group.initial.rebalance.delay.ms": str(JOIN_MS)}
    sizes = QUICK if given.quick else FULL
    with (
        tempfile.TemporaryDirectory(prefix="emissions-scale.") as place,
        running_broker(Path(place), embedded=given.embedded, config=config) as broker,
    ):
        brokers.append(broker.name)
        for name, measure in ON_A_BROKER.items():
            if name in wanted:
                say(f"{name}, on {broker.name}")
                yield name, measure(broker, Path(place), sizes, given.repeats, say)


if __name__ == "__main__":
    sys.exit(main())
