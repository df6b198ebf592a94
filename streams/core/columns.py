"""Readings of one batch in columns: what is the same of all of them once, the rest as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.core.reading import Reading, Rejected, Tick

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """What readings of one pattern share: all but the source, its device, time and values.

    ``names`` are the parameters in the order of the columns, each once; ``flags`` holds the
    flags as sent, ``N`` included. Patterns of equal content are one object (per decoder), so a
    pattern can be a key.
    """

    period_s: int
    state: str
    names: tuple[str, ...]
    flags: Mapping[str, str]


class Block(NamedTuple):
    """Readings of one pattern in one batch.

    ``rows`` are their places in the batch, ascending (int64[n]); ``source_ids`` n texts;
    ``device_serials`` n texts or None;
    ``measured_at`` ms UTC (int64[n]); ``values`` float64[n, len(names)], as sent.
    """

    pattern: Pattern
    rows: Integers
    source_ids: list[str]
    device_serials: list[str | None]
    measured_at: Integers
    values: Floats

    @classmethod
    def of(cls, reading: Reading) -> Block:
        """A block of one reading."""
        pattern = Pattern(
            reading.period_s,
            reading.state,
            tuple(reading.values),
            reading.flags,
        )
        return cls(
            pattern,
            np.zeros(1, dtype=np.int64),
            [reading.source_id],
            [reading.device_serial],
            np.array([reading.measured_at], dtype=np.int64),
            np.array([list(reading.values.values())], dtype=np.float64),
        )

    def reading(self, at: int) -> Reading:
        """One of them as a value of its own."""
        return Reading(
            self.source_ids[at],
            int(self.measured_at[at]),
            self.pattern.period_s,
            self.pattern.state,
            self.device_serials[at],
            dict(zip(self.pattern.names, self.values[at].tolist(), strict=True)),
            dict(self.pattern.flags),
        )


class Decoded(NamedTuple):
    """A batch of messages, decoded: every place is in one block or in ``others``."""

    blocks: list[Block]
    others: dict[int, Tick | Rejected]
