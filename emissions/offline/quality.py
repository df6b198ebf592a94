"""What each channel was worth, in seconds of accepted readings by quality code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from schemas.codec import Codec
from schemas.columns import DecodedBatch, Integers
from sinks.readings.entries import RowBlock
from sinks.readings.quality import quality_assessor
from streams.core.engine.outcome import Outcome
from streams.core.law.policy import Policy
from streams.core.records.record import RawRecord
from streams.core.sources.history import RegistryHistory

VALID: Final = "VALID"
"""Stands for no code: the channel counts."""

Channel = tuple[str, str]
"""A source and a parameter."""


class QualityCounter:
    """Counts the seconds of every channel by code, as the table of readings has the codes.

    Its `decode` is given to the engine, so that a batch is decoded once.
    """

    def __init__(
        self, codec: Codec, registry: RegistryHistory, policy: Policy, partitions: int
    ) -> None:
        self._codec = codec
        self._assess = quality_assessor(registry, policy, partitions)
        self._decoded: DecodedBatch | None = None
        self.seconds: dict[Channel, Counter[str]] = {}

    def decode(self, values: Sequence[bytes | None]) -> DecodedBatch:
        """Decode the messages of a batch, and keep them for `count`."""
        self._decoded = self._codec.decode_readings(values)
        return self._decoded

    def count(self, partition: int, records: Sequence[RawRecord], outcome: Outcome) -> None:
        """Count the batch that was decoded last, but for what the engine did not use."""
        decoded, self._decoded = self._decoded, None
        if decoded is None:
            return
        unused = {letter.offset for letter in outcome.dead_letters}
        unused.update(outcome.duplicate_offsets)
        arrivals = np.array([record.timestamp for record in records], dtype=np.int64)
        first = records[0].offset
        for block in decoded.blocks:
            rows = self._assess(block, arrivals[block.rows], partition)
            if len(rows.places):
                self._add(rows, _used(rows.places, first, unused))

    def _add(self, rows: RowBlock, used: Integers) -> None:
        """Add the codes of the readings at the places ``used``."""
        sources: dict[str, int] = {}
        of = np.array(
            [sources.setdefault(rows.source_ids[at], len(sources)) for at in used.tolist()],
            dtype=np.int64,
        )
        channels, texts = len(rows.pattern.names), len(rows.texts)
        places = (of[:, None] * channels + np.arange(channels)) * texts + rows.codes[used]
        counts = np.bincount(places.ravel(), minlength=len(sources) * channels * texts)
        for place in np.flatnonzero(counts).tolist():
            rest, code = divmod(place, texts)
            source, channel = divmod(rest, channels)
            name = list(sources)[source], rows.pattern.names[channel]
            seconds = int(counts[place]) * rows.pattern.period_s
            self.seconds.setdefault(name, Counter())[rows.texts[code] or VALID] += seconds


def _used(places: Integers, first: int, unused: Collection[int]) -> Integers:
    """Return which of the readings at ``places`` of a batch that starts at ``first`` were used."""
    if not unused:
        return np.arange(len(places))
    offsets = places + first
    return np.flatnonzero(~np.isin(offsets, np.fromiter(unused, np.int64, len(unused))))
