"""Decoding and judging alone, by processor time: one process, no broker, no sinks.

``python -m tests.bench.judging [--load national|fast] [--repeats N] [--batch N] [--quick]
[--advice] [--profile FILE] [--json FILE]``. Each repeat decodes every message of a load and then
judges it, in batches as a worker takes them, so the two can be compared on a busy machine.
Microseconds of processor time for each reading; lowest and median of the repeats.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.cases.measures import MeasureHistory
from streams.core.cases.scene import CaseLaw
from streams.core.engine.outcome import Outcome
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory
from streams.rules.calendar import load_calendar
from streams.rules.load import load_rules
from streams.rules.payment import load_payment
from streams.runtime.process import relax_gc
from streams.settings import Settings
from tests.bench.data import FAST, NATIONAL, Load, partitioned, quick, registered
from tests.support.core_run import history

PARTITIONS = Settings().partitions
BATCH = Settings().poll_records

Log = Sequence[RawRecord]


class RowBlock(NamedTuple):
    """Processor seconds of each part of one repeat, and what came out."""

    decode_s: float
    """Decoding alone, message by message."""
    columns_s: float
    """Decoding alone, batch by batch, into columns."""
    begin_s: float
    """The first tick: every registered source is taken up."""
    readings_s: float
    """Decoding and judging of the readings."""
    close_s: float
    """The last tick: the windows that were still open."""
    readings: int
    means: int
    violations: int
    state_bytes: int
    """Saved over all batches, as it would go to the changelog."""


def raw_logs(load: Load, partitions: int = PARTITIONS) -> list[list[RawRecord]]:
    """A load as the records of each partition."""
    return [
        [
            RawRecord(offset, message.arrived_at, message.key, message.value, ())
            for offset, message in enumerate(log)
        ]
        for log in partitioned(load, Codec(FileIds()), partitions)
    ]


def judge_once(
    registry: RegistryHistory, logs: Sequence[Log], batch: int = BATCH, *, advice: bool = False
) -> RowBlock:
    """Decode everything, then judge everything with engines of its own."""
    turns = list(_turns(logs, batch))
    codec, began = Codec(FileIds()), time.process_time()
    for _, _, records in turns:
        for record in records:
            codec.decode_reading(record.value)
    decode_s = time.process_time() - began
    codec, began = Codec(FileIds()), time.process_time()
    for _, _, records in turns:
        codec.decode_readings([record.value for record in records])
    columns_s = time.process_time() - began
    codec, rules = Codec(FileIds()), load_rules()
    cases = CaseLaw(load_payment(), load_calendar(rules.country.code), MeasureHistory())
    engines = [
        PartitionProcessor(
            topic="emissions.readings",
            partition=partition,
            partitions=len(logs),
            decode=codec.decode_readings,
            rules=rules,
            policy=Policy(),
            registry=registry,
            state={},
            cases=cases,
            advice=advice,
        )
        for partition in range(len(logs))
    ]
    spent, outcomes = [0.0, 0.0, 0.0], Tally()
    for part, partition, records in turns:
        began = time.process_time()
        outcome = engines[partition].apply(records)
        spent[part] += time.process_time() - began
        outcomes.add(outcome)
    readings = sum(map(len, logs)) - 2 * len(logs)
    return RowBlock(
        decode_s,
        columns_s,
        spent[0],
        spent[1],
        spent[2],
        readings,
        outcomes.means,
        outcomes.violations,
        outcomes.state_bytes,
    )


def _turns(logs: Sequence[Log], batch: int) -> Iterator[tuple[int, int, Log]]:
    """Part (0 first tick, 1 readings, 2 last tick), partition and records of each batch.

    The partitions take turns, as in a worker that owns them all and has one decoder for them.
    """
    for partition, log in enumerate(logs):
        yield 0, partition, log[:1]
    for start in range(1, max(map(len, logs)), batch):
        for partition, log in enumerate(logs):
            if records := log[start : min(start + batch, len(log) - 1)]:
                yield 1, partition, records
    for partition, log in enumerate(logs):
        yield 2, partition, log[-1:]


class Tally:
    """Counts outcomes without keeping them."""

    def __init__(self) -> None:
        self.means = 0
        self.violations = 0
        self.state_bytes = 0

    def add(self, outcome: Outcome) -> None:
        """One batch more."""
        self.means += len(outcome.means)
        self.violations += len(outcome.violations)
        self.state_bytes += sum(len(value) for value in outcome.state.values() if value)


def measure(
    load: Load, repeats: int, batch: int = BATCH, *, advice: bool = False
) -> list[RowBlock]:
    """The repeats, each from the beginning."""
    registry, logs = history(registered(load)), raw_logs(load)
    relax_gc()  # as a worker does
    gc.freeze()  # a worker does not carry the data of the bench
    return [judge_once(registry, logs, batch, advice=advice) for _ in range(repeats)]


def table(load: Load, found: Sequence[RowBlock]) -> list[tuple[str, float, float]]:
    """Rows of a part, and its lowest and median microseconds a reading."""
    parts = {
        "decode one by one": [it.decode_s for it in found],
        "decode in columns": [it.columns_s for it in found],
        "decode and judge": [it.readings_s for it in found],
        "taking up the sources": [it.begin_s for it in found],
        "closing tick": [it.close_s for it in found],
        "the whole job": [it.begin_s + it.readings_s + it.close_s for it in found],
    }
    scale = 1e6 / found[0].readings
    return [(what, min(s) * scale, statistics.median(s) * scale) for what, s in parts.items()]


def show(load: Load, found: Sequence[RowBlock]) -> None:
    """The rows for a person."""
    it = found[0]
    print(
        f"{load.name}: {it.readings:,} readings of {load.sources:,} sources, {it.means:,} means, "
        f"{it.violations:,} violations, {it.state_bytes / it.readings:,.0f} B of state a reading"
    )
    print(f"  {'µs of processor time a reading':<32}{'lowest':>10}{'median':>10}{'per s':>12}")
    for what, lowest, median in table(load, found):
        print(f"  {what:<32}{lowest:>10.2f}{median:>10.2f}{1e6 / max(lowest, 1e-9):>12,.0f}")
    whole = min(it.begin_s + it.readings_s + it.close_s for it in found)
    share = min(it.columns_s for it in found) / whole
    print(f"  the whole job runs at {share:.3f} of decoding in columns alone", flush=True)


def main() -> None:
    """Measure, print, and write JSON or a profile if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.judging", description=__doc__)
    parser.add_argument("--load", choices=["national", "fast"], help="default: both")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--advice", action="store_true", help="tell operators too")
    parser.add_argument("--profile", type=Path, help="of one more repeat, for pstats")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    report: dict[str, object] = {}
    for load in (NATIONAL, FAST):
        if given.load not in (None, load.name):
            continue
        small = quick(load) if given.quick else load
        found = measure(small, given.repeats, given.batch, advice=given.advice)
        show(small, found)
        report[load.name] = [it._asdict() for it in found]
        if given.profile is not None:
            registry, logs = history(registered(small)), raw_logs(small)
            with cProfile.Profile() as profile:
                judge_once(registry, logs, given.batch, advice=given.advice)
            profile.dump_stats(given.profile.with_suffix(f".{load.name}.prof"))
    if given.json is not None:
        given.json.write_text(json.dumps(report, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
