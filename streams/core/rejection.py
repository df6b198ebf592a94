"""Finds the readings of a block that may be refused, so that only those are judged one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from streams.core.columns import Block, Integers
from streams.core.partitioning import Share
from streams.core.policy import Policy
from streams.core.source import SourceEntry

_LONGEST_PERIOD_S: Final = 3600
_FAR: Final = 1 << 60
"""Beyond any time that is compared, and far from the end of 64 bits."""


def possible_rejections(
    block: Block,
    registered: Sequence[tuple[SourceEntry | None, int]],
    arrivals: Integers,
    policy: Policy,
    share: Share,
) -> list[int]:
    """Places of the readings that `streams.core.quality.refusal` may refuse; all others are fine.

    ``registered``: how each source was registered when its reading arrived, and how many readings
    in a row that holds for; ``arrivals`` ms UTC, int64[n].
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
