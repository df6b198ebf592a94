"""How long after its last needed record has arrived a violation is readable.

``make bench-latency``, or ``python -m tests.bench.detection [--load national|tenfold] [--moments N]
[--quick] [--embedded] [--json FILE] [--plot FILE.svg]``; about thirteen minutes for both loads, one
and a half with ``--quick``.

Real processes with their default settings (``EMISSIONS_...`` in the environment changes them, and
is said): a broker (Apache Kafka where it can run), one streams worker, one sinks worker, the
embedded ClickHouse. Time is simulated and lies in the record's timestamps; around each measured
moment it runs as fast as the clock, and readings arrive at the rate of the load, each source at a
second of its own: 170 sources a reading a minute, 2.8 a second, ten channels each; tenfold 1,700
sources. Between the moments it is fed as fast as it is taken, and all of that is judged and stored
before the next moment begins. So each moment is what a real one is: all sources of the nation end
their windows at once. Violations of a moment are no independent samples: with 25 moments the 99th
percentile is about that of the worst of them.

The clock of a violation starts when the record that brings it is sent: for a window that closes,
the tick at its end and grace (before which no law lets it close); for a closed window that lacked
one reading of the twenty it needs, that late reading. It stops when a plain consumer of the
violations topic has the record, and when ClickHouse, asked each 0.05 s, answers with the row.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

from rich.console import Console

from deploy.embedded.clickhouse import EmbeddedClickHouse
from emissions.replay.publish import publish_registry
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from sinks.migrate import migrate
from streams.kafka.topics import create_topics
from streams.settings import Settings, SettingsError
from tests.bench.broker import Broker, running_broker
from tests.bench.detection_load import DetectionLoad, Plan, plan_of
from tests.bench.detection_run import Measured, run_plan
from tests.bench.detection_table import bars, document, show
from tests.bench.machine import machine
from tests.bench.ours import WorkerError
from tests.bench.plot import svg

SOURCES: Final = {"national": 170, "tenfold": 1_700}
HOURS: Final = {"national": 21, "tenfold": 2}
"""Before the first moment; a day that lasted so long at the national load closes among them."""
MOMENTS: Final = {"national": 24, "tenfold": 12}
_MEMORY: Final = 2 << 30  # for ClickHouse


def main() -> int:
    """Measure, print the tables, write JSON and the plot if asked to; the exit code."""
    given = _arguments()
    # Clients say in many lines that a topic has just been made.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console(
        width=None if sys.stdout.isatty() else 110, markup=False, highlight=False, soft_wrap=True
    )
    found: dict[str, tuple[Plan, Measured]] = {}
    broker_name = ""
    try:
        base = Settings.from_env()
    except SettingsError as error:
        console.print(str(error), style="red")
        return 2
    changed = changed_from_default(base)
    for name, value in changed.items():
        console.print(f"not the default: {name} = {value}")
    try:
        for name in given.load or list(SOURCES):
            plan = _plan(name, given)
            with tempfile.TemporaryDirectory(prefix="emissions-detection.") as place:
                directory = Path(place)
                with running_broker(directory, embedded=given.embedded) as broker:
                    broker_name = broker.name
                    measured = _measure(plan, base, broker, directory, console)
            show(console, plan, measured)
            found[name] = plan, measured
    except WorkerError as error:
        console.print(f"not measured: {error}", style="red")
        return 1
    if given.quick:
        console.print("a few sources and moments: a try of the bench, these are no figures")
    _write(given, machine(broker_name) | {"changed": changed}, found)
    return 1 if any(measured.missing for _, measured in found.values()) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.detection", description=__doc__)
    parser.add_argument("--load", choices=list(SOURCES), action="append", help="default: both")
    parser.add_argument("--moments", type=int, help="default: 24, tenfold 12")
    parser.add_argument("--quick", action="store_true", help="two moments of a few sources")
    parser.add_argument("--embedded", action="store_true", help="on the embedded broker")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path, help="an SVG file")
    given = parser.parse_args()
    if given.moments is not None and given.moments < 1:
        parser.error("--moments must be at least 1")
    return given


def _plan(name: str, given: argparse.Namespace) -> Plan:
    sources, hours, count = SOURCES[name], HOURS[name], given.moments or MOMENTS[name]
    if given.quick:
        sources, hours, count = sources // 4, 1, given.moments or 2
    return plan_of(name, sources, hours, count, int(time.time() * 1000))


def _measure(
    plan: Plan, base: Settings, broker: Broker, directory: Path, console: Console
) -> Measured:
    """Topics, tables and registry, then the plan itself."""
    console.print(
        f"\n{plan.name}: {plan.sources:,} sources, {plan.hours} h before the first of "
        f"{len(plan.moments)} moments"
    )
    load = DetectionLoad(plan)
    server = EmbeddedClickHouse(directory / "clickhouse", memory_bytes=_MEMORY).start()
    try:
        settings = replace(
            base,
            broker=broker.address,
            clickhouse_url=server.url,
            log_format="json",
            max_ahead_s=0.0,  # the plan lies in the future
            max_step_s=0.0,
        )
        with client(settings, database=False) as connected:
            migrate(connected, settings.clickhouse_database)

        async def run() -> Measured:
            await create_topics(settings, "replay")  # which lets the bench say when they arrive
            await publish_registry(settings, load.registry(), Codec(FileIds()), timestamp=0)
            return await run_plan(settings, load, directory, console.print)

        return asyncio.run(run())
    finally:
        server.stop()


def changed_from_default(settings: Settings) -> dict[str, object]:
    """What the environment says otherwise than a worker's defaults; no passwords."""
    plain = Settings()
    return {
        field.name: getattr(settings, field.name)
        for field in fields(Settings)
        if field.repr and getattr(settings, field.name) != getattr(plain, field.name)
    }


def _write(
    given: argparse.Namespace,
    ran_on: dict[str, object],
    found: dict[str, tuple[Plan, Measured]],
) -> None:
    if given.json is not None:
        loads = {name: document(plan, measured) for name, (plan, measured) in found.items()}
        text = json.dumps({"machine": ran_on, "loads": loads}, indent=2)
        given.json.write_text(text + "\n", encoding="utf-8")
    if given.plot is not None:
        panels = {name: bars(measured) for name, (_, measured) in found.items()}
        given.plot.write_text(svg(panels, "seconds: median, and to p99"), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
