"""The rows of the readings as the sink gets them, and as the driver takes them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from aiokafka import ConsumerRecord

from sinks.batch import Batch
from sinks.readings.decimals import to_decimals
from sinks.readings.entries import ReadingEntries
from sinks.readings.rows import MAX_OFFSET
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
    """The columns of the batch's rows as the driver takes them, message after message."""
    entries = batch.entries
    assert isinstance(entries, ReadingEntries)
    arrivals, offsets = entries.arrivals.tolist(), entries.offsets.tolist()
    rows: list[tuple[int, list[list[Any]]]] = []
    for block in entries.blocks:
        pattern, names = block.pattern, list(block.pattern.names)
        count, period = len(names), block.pattern.period_s * 1000
        flags = [pattern.flags.get(name, "") for name in names]
        digits, scales = to_decimals(np.ascontiguousarray(block.values).ravel())
        matrices = [each.reshape(-1, count).tolist() for each in (digits, scales)]
        qualities = [[block.texts[code] for code in codes] for codes in block.codes.tolist()]
        measured = block.measured_at.tolist()
        for at, place in enumerate(block.places.tolist()):
            once = [measured[at] - measured[at] % period, measured[at], pattern.period_s]
            origin = [arrivals[place], batch.topic, batch.partition, MAX_OFFSET - offsets[place]]
            columns = [
                [block.source_ids[at]] * count,
                names,
                *([each] * count for each in once),
                *(matrix[at] for matrix in matrices),
                flags,
                qualities[at],
                [pattern.state] * count,
                [block.device_serials[at] or ""] * count,
                *([each] * count for each in origin),
            ]
            rows.append((place, columns))
    rows.sort(key=itemgetter(0))
    made: Lists = [[] for _ in READINGS.columns]
    for _, columns in rows:
        for column, values in zip(made, columns, strict=True):
            column += values
    return made
