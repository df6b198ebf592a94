"""``python -m tests.crash``: rounds of faults, a progress line each, a report at the end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from deploy.embedded.kafka import KafkaUnavailable
from tests.crash import trace
from tests.crash.environment import BrokerKind, Environment
from tests.crash.faults.fault import Conditions
from tests.crash.plan import CHOICES, Plan, draw_plan
from tests.crash.report import as_json, as_table, progress_line
from tests.crash.results import Results
from tests.crash.rounds import RoundError, Rounds

SESSION_S = 2.5


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    made.add_argument("--rounds", type=int, default=20, metavar="N")
    made.add_argument("--seed", type=int, default=1, metavar="S")
    made.add_argument("--round", type=int, metavar="K", help="only this round of the seed")
    made.add_argument("--broker", choices=("kafka", "tansu"), help="default: kafka if it can run")
    made.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="of Apache Kafka")
    made.add_argument("--only", choices=CHOICES, metavar="FAULT", help=", ".join(CHOICES))
    made.add_argument("--keep", type=Path, metavar="DIR", help="where rounds that differ are kept")
    made.add_argument("--keep-all", action="store_true", help="keep the logs of every round")
    made.add_argument("--trace", action="store_true", help="the workers log what they do")
    made.add_argument("--format", choices=("table", "json"), default="table")
    return made


async def rounds(
    given: argparse.Namespace, broker: BrokerKind, keep: Path, results: Results
) -> None:
    """Run what was asked for; whatever differs is in the results."""
    conditions = Conditions(broker == "kafka", given.nodes, SESSION_S)
    numbers = [given.round] if given.round is not None else range(1, given.rounds + 1)
    with (
        tempfile.TemporaryDirectory(prefix="crash-") as data,
        Environment(Path(data), broker, given.nodes) as environment,
    ):
        run = Rounds(environment, keep, results, keep_all=given.keep_all)
        for number in numbers:
            plan: Plan = draw_plan(given.seed, number, conditions, given.only)
            began = time.monotonic()
            difference = await run.run(plan)
            took = time.monotonic() - began
            sys.stderr.write(progress_line(plan, difference, took))
            sys.stderr.flush()


def main() -> int:
    """0: no difference; 1: a difference; 2: it cannot be run like that."""
    given = parser().parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell has them ignored
        signal.signal(number, signal.default_int_handler)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers that are away are meant
    if given.trace:
        os.environ[trace.VARIABLE] = "1"
    keep = given.keep or Path(tempfile.mkdtemp(prefix="crash-kept-"))
    results, began = Results(), time.monotonic()
    broker: BrokerKind = given.broker or "kafka"
    try:
        try:
            asyncio.run(rounds(given, broker, keep, results))
        except KafkaUnavailable as error:
            if given.broker is not None:
                sys.stderr.write(f"Apache Kafka cannot run here: {error}\n")
                return 2
            sys.stderr.write(f"on the embedded broker, since Apache Kafka cannot run: {error}\n")
            asyncio.run(rounds(given, "tansu", keep, results))
    except RoundError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped; what was done so far:\n")
    results.seconds = time.monotonic() - began
    sys.stdout.write(as_json(results) if given.format == "json" else as_table(results))
    if any(keep.iterdir()):  # of a round that differs, or that was stopped on its way
        sys.stderr.write(f"logs are kept in {keep}\n")
    elif not given.keep:
        keep.rmdir()
    return 1 if results.differences else 0


if __name__ == "__main__":
    sys.exit(main())
