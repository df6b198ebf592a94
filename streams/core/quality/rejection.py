"""Rejects whole messages: one by one, and finds those of a block that may have to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from schemas.columns import Block, Integers
from schemas.reading import Reading
from streams.core.law.policy import Policy
from streams.core.law.quality_codes import (
    BAD_PERIOD,
    BEFORE_COMMISSIONING,
    FROM_THE_FUTURE,
    TEST_STREAM,
    TOO_LATE,
    UNDECODABLE,
    UNKNOWN_SOURCE,
    WRONG_PARTITION,
)
from streams.core.records.partitioning import Share, partition_of
from streams.core.sources.source import SourceEntry
from streams.core.time.interval import LATEST_ARRIVAL
from streams.core.time.wording import duration_text, local_text

_LONGEST_PERIOD_S: Final = 3600
_FAR: Final = 1 << 60
"""Beyond any time that is compared, and far from the end of 64 bits."""


class Rejection(NamedTuple):
    """Why a whole message goes to the dead letters."""

    reason: str
    detail: str


def arrival_rejection(arrival: int) -> Rejection | None:
    """Check the timestamp of a record; None if it is a possible arrival time.

    A message with an impossible one moves no clock. Kafka stamps -1 where a producer gave no time.
    """
    if 0 <= arrival <= LATEST_ARRIVAL:
        return None
    return Rejection(UNDECODABLE, f"the record's timestamp {arrival} is no time from 1970 to 2299")


def rejection_of(
    reading: Reading, entry: SourceEntry | None, arrival: int, policy: Policy, share: Share
) -> Rejection | None:
    """Check a whole message; returns the first reason in the fixed order, or None.

    ``share`` is that of the partition in which the message came; ``arrival`` in ms.
    """
    if entry is None:
        return Rejection(UNKNOWN_SOURCE, f"source {reading.source_id!r} is not registered")
    if not share.has(entry.id):
        right = partition_of(entry.id, share.partitions)
        return Rejection(
            WRONG_PARTITION,
            f"by its source the reading belongs to partition {right} of {share.partitions}, not "
            f"{share.partition}: its key must be the source, partitioned by murmur2",
        )
    if entry.test:
        return Rejection(TEST_STREAM, "the registry marks the enterprise as a test stream")
    if reading.period_s != entry.cadence_s:
        return Rejection(
            BAD_PERIOD, f"period {reading.period_s} s is not the cadence {entry.cadence_s} s"
        )
    end = reading.ends_at
    if end > arrival + policy.future:
        return Rejection(
            FROM_THE_FUTURE,
            f"its interval ends {local_text(end, entry.zone)}, {duration_text(end - arrival)} "
            f"after it arrived ({local_text(arrival, entry.zone)})",
        )
    if reading.measured_at < entry.commissioned:
        return Rejection(
            BEFORE_COMMISSIONING,
            f"its interval begins {local_text(reading.measured_at, entry.zone)}, and the "
            f"enterprise was commissioned {local_text(entry.commissioned, entry.zone)}",
        )
    if arrival - end > policy.max_lateness:
        return Rejection(
            TOO_LATE,
            f"it arrived {local_text(arrival, entry.zone)}, {duration_text(arrival - end)} after "
            f"its interval's end ({local_text(end, entry.zone)}), and "
            f"{duration_text(policy.max_lateness)} are allowed",
        )
    return None


def possible_rejections(
    block: Block,
    registered: Sequence[tuple[SourceEntry | None, int]],
    arrivals: Integers,
    policy: Policy,
    share: Share,
) -> list[int]:
    """Find the places of the readings that `rejection_of` may reject; all others pass.

    ``registered``: each source's registration when its readings arrived, and for how many readings
    in a row it holds; ``arrivals`` ms UTC, int64[n].
    """
    period_s = block.pattern.period_s
    if not 0 < period_s <= _LONGEST_PERIOD_S:
        return list(range(len(arrivals)))
    since = [
        _FAR
        if entry is None or entry.test or entry.cadence_s != period_s or not share.has(entry.id)
        else entry.commissioned
        for entry, _ in registered
    ]
    commissioned = np.repeat(np.array(since, dtype=np.int64), [times for _, times in registered])
    measured_at = np.clip(block.measured_at, -_FAR, _FAR - 1)
    late = arrivals - (measured_at + period_s * 1000)
    suspect = (measured_at < commissioned) | (late < -policy.future) | (late > policy.max_lateness)
    found: list[int] = np.flatnonzero(suspect).tolist()
    return found
