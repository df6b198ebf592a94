"""How long an explanation takes on a store of many values: ``python -m tests.bench.explain``.

``[--values 1e8] [--each 100] [--directory DIR] [--seed 1]``: a nation of
`tests.bench.stored_nation` until ``readings`` holds so many channel values, merged; then so many
violations, gaps and means are drawn at random and explained, each from its id to the JSON text, in
this process: reading the store, judging again, tracing, comparing, writing. The days that are
copies of the first have other readings than their findings were made of: their explanations say
so, and take as long.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.explain.ask import explain_id, explain_window
from emissions.explain.store import Store
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.core.time.local_clock import iso
from streams.rules.load import load_rules
from streams.settings import Settings
from tests.bench import storage
from tests.bench.recovery import cpu_s

_DRAWN = {
    "violations": "SELECT id, rule FROM violations ORDER BY cityHash64(id, {seed:UInt32}) "
    "LIMIT {each:UInt32}",
    "gaps": "SELECT id, if(parameter = '', 'source', 'channel') FROM gaps "
    "ORDER BY cityHash64(id, {seed:UInt32}) LIMIT {each:UInt32}",
    "means": "SELECT source_id, parameter, unit, window, toUnixTimestamp64Milli(start) FROM means "
    "WHERE cityHash64(source_id, parameter, unit, window, start, {seed:UInt32}) % 997 = 0 "
    "ORDER BY rand({seed:UInt32}) LIMIT {each:UInt32}",
}


class Took(NamedTuple):
    """One explanation: what it was of, seconds, those of the two processors used, its nodes."""

    kind: str
    seconds: float
    processor_s: float
    nodes: int


def measure(asked: Client, settings: Settings, each: int, seed: int, pid: int) -> list[Took]:
    """Explain so many violations, gaps and means drawn at random; ``pid`` is the server's."""
    codec, rules = Codec(FileIds()), load_rules()
    store = Store(asked, codec, rules, settings.policy, settings.topic_readings)
    todo: list[tuple[str, Callable[[], Any]]] = []
    for table, sql in _DRAWN.items():
        rows = asked.query(sql, parameters={"seed": seed, "each": each}).result_rows
        todo += [_task(store, table, row) for row in rows]
    Random(seed).shuffle(todo)
    todo[0][1]()  # imports, zones and compiled encoders
    found = []
    for kind, explain in todo:
        began, used = time.perf_counter(), time.process_time() + cpu_s(pid)
        explanation = explain()
        msgspec.json.encode(explanation)
        took = time.perf_counter() - began
        used = time.process_time() + cpu_s(pid) - used
        found.append(Took(kind, took, used, len(explanation.nodes)))
    return found


def _task(store: Store, table: str, row: Sequence[Any]) -> tuple[str, Callable[[], Any]]:
    if table == "means":
        source, parameter, unit, window, start = row
        return f"mean {window}", lambda: explain_window(
            store, source, parameter, window, iso(start), "en", unit
        )
    name = str(row[1]) if table == "violations" else f"gap {row[1]}"
    return name, lambda: explain_id(store, row[0], "en")


def lines(found: Sequence[Took]) -> list[str]:
    """Lay out the times by kind, ms: median and 99th percentile; and the most nodes.

    ``cpu`` is the processor time of this process and of the server's.
    """
    heads = ("count", "p50", "p99", "cpu p50", "cpu p99", "most nodes")
    told = [f"{'':<14}" + "".join(f"{each:>11}" for each in heads)]
    kinds = sorted({each.kind for each in found})
    for kind in (*kinds, "all"):
        own = [each for each in found if kind in ("all", each.kind)]
        at = min(len(own) - 1, int(0.99 * len(own)))
        cells = [f"{len(own)}"]
        for times in ([each.seconds for each in own], [each.processor_s for each in own]):
            cells += [f"{statistics.median(times) * 1e3:.0f}", f"{sorted(times)[at] * 1e3:.0f}"]
        cells.append(f"{max(each.nodes for each in own):,}")
        told.append(f"{kind:<14}" + "".join(f"{cell:>11}" for cell in cells))
    return told


def main() -> None:
    """Fill a store and measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.explain", description=__doc__)
    parser.add_argument("--values", type=float, default=1e8)
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory", type=Path, help="keep the data there, or use what is there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = given.directory or Path(temporary)
        filled = directory.exists() and any(directory.iterdir())
        with EmbeddedClickHouse(directory, memory_bytes=storage.MEMORY) as server:
            settings = replace(
                Settings(), clickhouse_url=server.url, clickhouse_database="emissions"
            )
            with client(settings, database=False, within_s=3600) as asked:
                migrate(asked, "emissions")
            with client(settings, within_s=3600) as asked:
                if not filled:
                    storage.Store(asked, settings, server.pid or 0).fill(given.values)
                (count,) = asked.query("SELECT count() FROM readings").result_rows[0]
                print(f"{count:,} channel values")
                print(
                    "\n".join(
                        lines(measure(asked, settings, given.each, given.seed, server.pid or 0))
                    )
                )


if __name__ == "__main__":
    main()
