"""What a value takes in ClickHouse, and how long the questions of the README take.

``python -m tests.bench.storage [--values 1e8] [--directory DIR] [--json FILE]``. A nation of
`tests.bench.stored_nation` until ``readings`` holds that many channel values, merged with
``OPTIMIZE FINAL``; bytes are those of ``system.parts``. Each question is asked through the
driver: once with ClickHouse's caches dropped (the system's file cache is left alone), then five
times; the median counts. The last column says what ten times as many values would take if the
time grew with them: an extrapolation, and too high where a question touches one source or day.
Ends with 1 where no rows answer a question. Needs about 4 GB of disk for 1e8 values.
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
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from deploy.embedded.clickhouse import EmbeddedClickHouse
from sinks.clickhouse import client
from sinks.migrate import migrate
from sinks.query import run
from streams.settings import Settings
from streams.simulation.nation import Nation
from tests.bench.stored_nation import add_days, write_nation

QUERIES = Path(__file__).with_name("queries.sql")
MEMORY = 4 << 30
REPEATS = 5
_HEAD = re.compile(r"^-- ([a-z-]+) \| (\w+) \| (.+)$")
_CACHES = ("MARK CACHE", "UNCOMPRESSED CACHE", "INDEX MARK CACHE", "QUERY CACHE")


class Question(NamedTuple):
    """One of the questions: its name, who asks it, what it asks, and its SQL."""

    name: str
    who: str
    what: str
    sql: str


class Asked(NamedTuple):
    """How long a question took, seconds, and how many rows answered it."""

    name: str
    cold_s: float
    warm_s: float
    rows: int


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


def fill(asked: Client, settings: Settings, values: float) -> None:
    """Write the nation until the readings hold that many values, and merge everything."""
    nation = Nation(days=1)
    asyncio.run(write_nation(settings, nation))
    (one_day,) = asked.query("SELECT count() FROM readings FINAL").result_rows[0]
    since = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(nation.start / 1000))}"
    add_days(asked, since, max(0, math.ceil(values / one_day) - 1))
    for table in ("readings", "means", "gaps", "violations", "dead_letters", "registry"):
        asked.command(f"OPTIMIZE TABLE {table} FINAL")


def sizes(asked: Client) -> list[Stored]:
    """Every table with rows, the largest first."""
    rows = asked.query(
        "SELECT table, sum(rows), sum(bytes_on_disk), count() FROM system.parts "
        "WHERE active AND database = currentDatabase() GROUP BY table ORDER BY 3 DESC"
    ).result_rows
    return [Stored(*row) for row in rows]


def ask(asked: Client, question: Question, repeats: int = REPEATS) -> Asked:
    """Ask once with cold caches and then again and again."""
    for cache in _CACHES:
        asked.command(f"SYSTEM DROP {cache}")
    times, rows = [], 0
    for _ in range(repeats + 1):
        began = time.perf_counter()
        rows = len(run(asked, question.sql).rows)
        times.append(time.perf_counter() - began)
    return Asked(question.name, times[0], statistics.median(times[1:]), rows)


def measure(values: float, directory: Path) -> tuple[list[Stored], list[Asked]]:
    """Fill a ClickHouse in a directory, and ask it."""
    with EmbeddedClickHouse(directory, memory_bytes=MEMORY) as server:
        settings = replace(Settings(), clickhouse_url=server.url, clickhouse_database="emissions")
        with client(settings, database=False, within_s=3600) as asked:
            migrate(asked, "emissions")
            fill(asked, settings, values)
            return sizes(asked), [ask(asked, question) for question in questions()]


def main() -> None:
    """Measure, print the tables, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.storage", description=__doc__)
    parser.add_argument("--values", type=float, default=1e8)
    parser.add_argument("--directory", type=Path, help="keep the data there; default: deleted")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        stored, asked = measure(given.values, given.directory or Path(directory))
    for table in stored:
        each = table.bytes / table.rows
        print(
            f"{table.table:<14}{table.rows:>13,} rows{each:>9.2f} bytes each, {table.parts} parts"
        )
    held = next(table.rows for table in stored if table.table == "readings")
    print(f"\n{'seconds':<20}{'rows':>8}{'cold':>9}{'warm':>9}{f'at {held * 10:.0e}':>12}")
    for each_ in asked:
        print(
            f"{each_.name:<20}{each_.rows:>8}{each_.cold_s:>9.3f}{each_.warm_s:>9.3f}"
            f"{each_.warm_s * 10:>12.2f}"
        )
    if given.json is not None:
        found = {
            "stored": [each._asdict() for each in stored],
            "asked": [each._asdict() for each in asked],
        }
        given.json.write_text(json.dumps(found, indent=2), "utf-8")
    silent = [each_.name for each_ in asked if not each_.rows]
    if silent:
        sys.exit(f"no rows answer {', '.join(silent)}: their times say nothing, and why is unclear")


if __name__ == "__main__":
    main()
