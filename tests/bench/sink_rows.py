"""The rows of the readings as the sink gets them, and as the driver takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiokafka import ConsumerRecord

from sinks.batch import Batch
from sinks.digits import digits_of
from sinks.readings import MAX_OFFSET
from sinks.tables import READINGS
from tests.bench.data import Message

TOPIC = "emissions.readings"
Lists = list[list[Any]]


def records_of(log: Sequence[Message], partition: int, first: int) -> list[ConsumerRecord]:
    """Messages of a partition as a fetch brings them, from an offset on."""
    return [
        ConsumerRecord(
            TOPIC, partition, first + at, each.arrived_at, 0, each.key, each.value, None, 0, 0, ()
        )
        for at, each in enumerate(log)
    ]  # fmt: skip


def lists_of(batch: Batch) -> Lists:
    """The columns of the batch's rows as the driver takes them."""
    made: Lists = [[] for _ in READINGS.columns]
    for entry in batch.entries:
        reading, values, codes = entry.record
        names = list(reading.values)
        digits, scales = digits_of(values)
        start = reading.measured_at - reading.measured_at % (reading.period_s * 1000)
        once = [start, reading.measured_at, reading.period_s]
        origin = [entry.timestamp, batch.topic, batch.partition, MAX_OFFSET - entry.offset]
        of_channel = [
            digits.tolist(), scales.tolist(),
            [reading.flags.get(name, "") for name in names],
            [codes.get(name, "") for name in names],
        ]  # fmt: skip
        count = len(names)
        columns = [
            [reading.source_id] * count,
            names,
            *([each] * count for each in once),
            *of_channel,
            [reading.state] * count,
            [reading.device_serial or ""] * count,
            *([each] * count for each in origin),
        ]
        for column, values_ in zip(made, columns, strict=True):
            column += values_
    return made
