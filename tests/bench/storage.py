"""What a value takes in ClickHouse, how long the documented questions take, and how both grow.

``python -m tests.bench.storage [--values 1e7 3e7 1e8] [--directory DIR] [--json FILE]``. A nation
of `tests.bench.stored_nation` until ``readings`` holds so many channel values, merged with
``OPTIMIZE FINAL``; bytes are those of ``system.parts``. Each question is asked through the
driver: once with ClickHouse's caches dropped (the system's file cache is left alone), then five
times; the median counts. Where the machine has other work the times are too long: processor
time of the server, and the rows that it read, say more. Then the same with more values. The last
column says what ten times as many as the most would take if it went on as from the last step but
one to the last: an extrapolation, too high for a question about a month where the store before
held no whole one. Ends with 1 where no rows answer a question. Needs about 4 GB for 1e8 values.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.cli.support.sql_query import fetch_answer
from emissions.simulation.nation import Nation
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.settings import Settings
from tests.bench.recovery import cpu_s
from tests.bench.stored_nation import add_days, write_nation

QUERIES = Path(__file__).with_name("queries.sql")
MEMORY = 4 << 30
REPEATS = 5
_HEAD = re.compile(r"^-- ([a-z-]+) \| (\w+) \| (.+)$")
_CACHES = (
    *("MARK CACHE", "UNCOMPRESSED CACHE", "INDEX MARK CACHE"),
    *("QUERY CACHE", "QUERY CONDITION CACHE"),
)
_TABLES = ("readings", "means", "gaps", "violations", "dead_letters", "registry")


class Question(NamedTuple):
    """One of the questions: its name, who asks it, what it asks, and its SQL."""

    name: str
    who: str
    what: str
    sql: str


class Asked(NamedTuple):
    """How long a question took, seconds, with the processor time of the server; how many rows
    answered it, and how many were read."""

    name: str
    cold_s: float
    warm_s: float
    rows: int
    read_rows: int
    processor_s: float


class Stored(NamedTuple):
    """A table: its rows and its bytes on disk after merging."""

    table: str
    rows: int
    bytes: int
    parts: int


def questions() -> list[Question]:
    """The questions of ``queries.sql``."""
    found: list[Question] = []
    for line in QUERIES.read_text("utf-8").splitlines():
        head = _HEAD.match(line)
        if head is not None:
            found.append(Question(head[1], head[2], head[3], ""))
        elif found and line:
            found[-1] = found[-1]._replace(sql=f"{found[-1].sql}{line}\n")
    return [each._replace(sql=each.sql.strip().rstrip(";")) for each in found]


class Step(NamedTuple):
    """A store of so many channel values: how long its values took to come, its tables, answers."""

    values: int
    load_s: float
    merge_s: float
    stored: list[Stored]
    asked: list[Asked]

    @property
    def bytes_per_value(self) -> float:
        """Of the table of the readings alone."""
        return next(each.bytes for each in self.stored if each.table == "readings") / self.values


class Store:
    """A nation that grows by days like its first."""

    def __init__(self, asked: Client, settings: Settings, pid: int) -> None:
        nation = Nation(days=1)
        asyncio.run(write_nation(settings, nation))
        self._asked, self._pid = asked, pid
        self._since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(nation.start / 1000))
        self._days = 1
        self._a_day = self._values()

    def grow(self, values: float) -> Step:
        """Write days until the readings hold that many values, merge everything, ask."""
        load_s, merge_s = self.fill(values)
        answers = [ask(self._asked, question, self._pid) for question in questions()]
        return Step(self._values(), load_s, merge_s, sizes(self._asked), answers)

    def fill(self, values: float) -> tuple[float, float]:
        """Write days until the readings hold that many values, and merge; returns seconds."""
        days = max(self._days, math.ceil(values / self._a_day))
        began = time.perf_counter()
        add_days(self._asked, self._since, range(self._days, days))
        loaded = time.perf_counter()
        self._days = days
        for table in _TABLES:
            self._asked.command(f"OPTIMIZE TABLE {table} FINAL")
        merged = time.perf_counter()
        return loaded - began, merged - loaded

    def _values(self) -> int:
        (found,) = self._asked.query("SELECT count() FROM readings FINAL").result_rows[0]
        return int(found)


def sizes(asked: Client) -> list[Stored]:
    """Every table with rows, the largest first."""
    rows = asked.query(
        "SELECT table, sum(rows), sum(bytes_on_disk), count() FROM system.parts "
        "WHERE active AND database = currentDatabase() GROUP BY table ORDER BY 3 DESC"
    ).result_rows
    return [Stored(*row) for row in rows]


def ask(asked: Client, question: Question, pid: int, repeats: int = REPEATS) -> Asked:
    """Ask once with cold caches and then again and again; ``pid`` is the server's."""
    for cache in _CACHES:
        asked.command(f"SYSTEM DROP {cache}")
    times, rows = [], 0
    before = 0.0
    for at in range(repeats + 1):
        if at == 1:
            before = cpu_s(pid)
        began = time.perf_counter()
        rows = len(fetch_answer(asked, question.sql).rows)
        times.append(time.perf_counter() - began)
    used = (cpu_s(pid) - before) / repeats
    told = json.loads(asked.raw_query(question.sql, settings={"readonly": "1"}, fmt="JSON"))
    read = int(told["statistics"]["rows_read"])
    return Asked(question.name, times[0], statistics.median(times[1:]), rows, read, used)


def measure(values: Sequence[float], directory: Path) -> list[Step]:
    """Fill a ClickHouse in a directory, and ask it each time that it holds so many values."""
    with EmbeddedClickHouse(directory, memory_bytes=MEMORY) as server:
        settings = replace(Settings(), clickhouse_url=server.url, clickhouse_database="emissions")
        with client(settings, database=False, within_s=3600) as asked:
            migrate(asked, "emissions")
            store = Store(asked, settings, server.pid or 0)
            return [store.grow(each) for each in sorted(values)]


def at_ten_times(steps: Sequence[Step], amounts: Sequence[float]) -> float | None:
    """What ten times the values of the last step take, in a line through the last two; or None."""
    if len(steps) < 2 or steps[-1].values == steps[-2].values:
        return None
    slope = (amounts[-1] - amounts[-2]) / (steps[-1].values - steps[-2].values)
    return amounts[-1] + max(0.0, slope) * 9 * steps[-1].values


def tables(steps: Sequence[Step]) -> str:
    """The steps as text: tables of the last store, bytes a value, then a line a question."""
    last = steps[-1]
    lines = [
        f"{each.table:<14}{each.rows:>13,} rows{each.bytes / each.rows:>9.2f} bytes each, "
        f"{each.parts} parts"
        for each in last.stored
    ]
    lines += ["", f"{'values':>13}{'bytes each':>12}{'load s':>9}{'merge s':>9}"]
    lines += [
        f"{each.values:>13,}{each.bytes_per_value:>12.2f}{each.load_s:>9.1f}{each.merge_s:>9.1f}"
        for each in steps
    ]
    for title, at, form in (("ms", 2, 1e3), ("processor ms", 5, 1e3), ("rows read", 4, 1.0)):
        heads = "".join(f"{each.values:>13.1e}" for each in steps)
        cold = f"{'cold':>9}" if at == 2 else ""
        lines += ["", f"{title:<20}{heads}{cold}{f'at {last.values * 10:.0e}':>15}"]
        for place, asked in enumerate(last.asked):
            amounts = [float(step.asked[place][at]) * form for step in steps]
            line = f"{asked.name:<20}" + "".join(f"{each:>13,.0f}" for each in amounts)
            line += f"{asked.cold_s * 1e3:>9,.0f}" if at == 2 else ""
            far = at_ten_times(steps, amounts)
            lines.append(line + (f"{'-':>15}" if far is None else f"{far:>15,.0f}"))
    return "\n".join(lines)


def main() -> None:
    """Measure, print the tables, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.storage", description=__doc__)
    parser.add_argument("--values", type=float, nargs="+", default=[1e7, 3e7, 1e8])
    parser.add_argument("--directory", type=Path, help="keep the data there; default: deleted")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        steps = measure(given.values, given.directory or Path(directory))
    print(tables(steps))
    if given.json is not None:
        found = [
            {
                **step._asdict(),
                "stored": [each._asdict() for each in step.stored],
                "asked": [each._asdict() for each in step.asked],
            }
            for step in steps
        ]
        given.json.write_text(json.dumps(found, indent=2), "utf-8")
    silent = [each.name for each in steps[-1].asked if not each.rows]
    if silent:
        sys.exit(f"no rows answer {', '.join(silent)}: their times say nothing, and why is unclear")


if __name__ == "__main__":
    main()
