"""Hold the readings of one batch in columns: shared parts once, the rest as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.reading import Reading, Rejected, Tick

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """What readings of one pattern share: everything but source, device, time and values.

    ``names`` are the parameters in column order, each once; ``flags`` are the flags as sent, ``N``
    included. Equal patterns are one object (per decoder), so a pattern can be a key.
    """

    period_s: int
    state: str
    names: tuple[str, ...]
    flags: Mapping[str, str]


class Block(NamedTuple):
    """The n readings of one pattern in one batch.

    ``rows`` are their positions in the batch, ascending (int64[n]); ``source_ids`` n texts;
    ``device_serials`` n texts or None; ``measured_at`` ms UTC (int64[n]); ``values`` float64[n,
    len(names)], as sent.
    """

    pattern: Pattern
    rows: Integers
    source_ids: list[str]
    device_serials: list[str | None]
    measured_at: Integers
    values: Floats

    @classmethod
    def of(cls, reading: Reading) -> Block:
        """Build a block of one reading."""
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
        """Return one of them as a `Reading`."""
        return Reading(
            self.source_ids[at],
            int(self.measured_at[at]),
            self.pattern.period_s,
            self.pattern.state,
            self.device_serials[at],
            dict(zip(self.pattern.names, self.values[at].tolist(), strict=True)),
            dict(self.pattern.flags),
        )


class DecodedBatch(NamedTuple):
    """A decoded batch of messages: every position is in one block or in ``others``."""

    blocks: list[Block]
    others: dict[int, Tick | Rejected]
