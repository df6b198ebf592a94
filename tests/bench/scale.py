"""How the job scales: with workers, with sources, with the state of lateness, with the backlog.

``make bench SCALE=1``, or ``python -m tests.bench.scale [--part workers|sources|state|backlog]
[--repeats N] [--quick] [--embedded] [--json FILE]``. Deployed workers on Apache Kafka where this
machine can run it; processor time bears a busy machine better than the clock.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from tests.bench.broker import JOIN_MS, running_broker
from tests.bench.ours import WorkerError
from tests.bench.scale_runs import FULL, QUICK, by_backlog, by_sources, by_workers
from tests.bench.scale_state import by_state
from tests.bench.scale_table import Part, plain, show_part

ON_A_BROKER = {"workers": by_workers, "sources": by_sources, "backlog": by_backlog}
PARTS = ("state", *ON_A_BROKER)


def main() -> int:
    """Measure, print the tables, and write JSON if asked to; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="small sizes, for a try")
    parser.add_argument("--embedded", action="store_true", help="on the embedded broker")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.repeats < 1:
        parser.error("--repeats must be at least 1")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console(
        width=None if sys.stdout.isatty() else 110, markup=False, highlight=False, soft_wrap=True
    )
    found: dict[str, Part] = {}
    try:
        for name, part in _measured(given):
            show_part(console, part)
            found[name] = part
    except WorkerError as error:
        console.print(f"not measured: {error}", style="red")
        return 1
    if given.json is not None:
        parts = {name: plain(part) for name, part in found.items()}
        given.json.write_text(json.dumps(parts, indent=2) + "\n", encoding="utf-8")
    return 0


def _measured(given: argparse.Namespace) -> Iterator[tuple[str, Part]]:
    """Each part that is asked for, as soon as it is there."""
    wanted = given.part or list(PARTS)
    if "state" in wanted:
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
        for name, measure in ON_A_BROKER.items():
            if name in wanted:
                yield name, measure(broker, Path(place), sizes, given.repeats)


if __name__ == "__main__":
    sys.exit(main())
