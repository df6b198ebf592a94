"""Encoding and producing of means alone, by processor time: one process, no broker.

``python -m tests.bench.outputs [--means N] [--repeats N]``. The means are those of a nation of 170
sources with ten channels, in batches of one partition as a worker finds them. Encoding is what
`streams.runtime.outputs` does with them; filling is what `streams.kafka.producer` does until a
record batch is handed to the client, and sealing what the client then does before it writes to its
socket. Lowest of the repeats.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import time
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from types import SimpleNamespace
from typing import Any

from aiokafka.producer.message_accumulator import BatchBuilder

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.engine.outcome import Outcome
from streams.core.records.findings import WindowMean
from streams.core.records.partitioning import partition_of
from streams.kafka.producer import OUTPUT_BATCH_BYTES, ConfirmedProducer, Output
from streams.runtime.outputs import OutcomeEncoder
from streams.settings import Settings
from tests.bench.cloned_state import CHANNELS, MINUTE, source_ids
from tests.bench.data import DAY

SOURCES = 170
BATCH = Settings().poll_records
PARTITIONS = Settings().partitions
WINDOWS = {"20min": 20, "30min": 30, "1h": 60}


class Unsent(ConfirmedProducer):
    """Fills record batches of the client's and confirms them unsent."""

    def __init__(self, *, seal: bool) -> None:
        super().__init__({})
        self._seal = seal

    async def _connect(self) -> Any:
        async def send_batch(batch: Any, topic: str, *, partition: int) -> Any:
            if self._seal:
                batch._build()
            sent = asyncio.get_running_loop().create_future()
            sent.set_result(SimpleNamespace(offset=0))
            return sent

        async def partitions_for(topic: str) -> set[int]:
            return set(range(PARTITIONS))

        return SimpleNamespace(
            create_batch=lambda: BatchBuilder(OUTPUT_BATCH_BYTES, 0),
            send_batch=send_batch,
            partitions_for=partitions_for,
        )


def means(count: int, seed: int = 1) -> list[WindowMean]:
    """So many means, window after window, the channels of a source together."""
    chance, names = random.Random(seed), source_ids(SOURCES)
    found: list[WindowMean] = []
    minute = 0
    while len(found) < count:
        minute += 10
        for window, length in WINDOWS.items():
            if minute % length:
                continue
            end = DAY + minute * MINUTE
            for name in names:
                found += [
                    _mean(name, parameter, window, (end - length * MINUTE, end), chance)
                    for parameter in CHANNELS
                ]
    return found[:count]


def batched(of_partition: Iterator[WindowMean]) -> Iterator[list[WindowMean]]:
    """As many at a time as a worker finds in a batch of readings."""
    while batch := list(islice(of_partition, BATCH)):
        yield batch


def _mean(
    source_id: str, parameter: str, window: str, span: tuple[int, int], chance: random.Random
) -> WindowMean:
    unit, level, spread = CHANNELS[parameter]
    value = chance.gauss(level, spread)
    limit = 500.0 if unit == "mg/m3" else None
    seconds = (span[1] - span[0]) // 1000
    missing = 60 if chance.random() < 0.03 else 0
    return WindowMean(
        source_id=source_id,
        parameter=parameter,
        unit=unit,
        window=window,
        start=span[0],
        end=span[1],
        value=value,
        raw_value=value * 1.25,
        validated_value=None if limit is None else max(0.0, value - 0.2 * limit),
        min=value - spread,
        max=value + spread,
        count=(seconds - missing) // 60,
        valid_s=seconds - missing,
        due_s=seconds,
        excused_s=0,
        status="VALID",
        seconds_by_code={"OUT_OF_RANGE": missing} if missing else {},
        limit=limit,
        rule_set="kz-2026",
        revision=1,
        final=False,
        stream_time=span[1] + 300_000 + chance.randrange(200),
    )


def encoding(outcomes: Sequence[Outcome]) -> float:
    """Processor seconds from means to outputs."""
    encode = OutcomeEncoder(Codec(FileIds()), Settings())
    began = time.process_time()
    for outcome in outcomes:
        encode(outcome)
    return time.process_time() - began


async def producing(batches: Sequence[list[Output]], *, seal: bool) -> float:
    """Processor seconds from outputs to record batches."""
    producer = Unsent(seal=seal)
    began = time.process_time()
    for batch in batches:
        await producer.produce(batch, revoked=lambda: False)
    return time.process_time() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.outputs", description=__doc__)
    parser.add_argument("--means", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    found = means(given.means)
    found.sort(key=lambda mean: partition_of(mean.source_id, PARTITIONS))  # stable
    outcomes = [
        Outcome(batch, [], [], [], {}, 0, 0, 0)
        for _, of_partition in groupby(found, lambda mean: partition_of(mean.source_id, PARTITIONS))
        for batch in batched(of_partition)
    ]
    batches = [OutcomeEncoder(Codec(FileIds()), Settings())(outcome) for outcome in outcomes]
    gc.freeze()  # a worker does not carry the data of the bench
    print(
        f"{len(found):,} means of {len(batches[0][0].value)} bytes, µs of processor time for each"
    )
    for what, seconds in (
        ("encoding", [encoding(outcomes) for _ in range(given.repeats)]),
        (
            "filling",
            [asyncio.run(producing(batches, seal=False)) for _ in range(given.repeats)],
        ),
        (
            "filling, sealing",
            [asyncio.run(producing(batches, seal=True)) for _ in range(given.repeats)],
        ),
    ):
        print(f"  {what:<20}{min(seconds) / len(found) * 1e6:>8.2f}")


if __name__ == "__main__":
    main()
