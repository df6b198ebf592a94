"""The log of a partition as the core sees it: raw records in, an outcome and a ledger out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from streams.core.dead_letter_limit import Reached
from streams.core.findings import DataGap, DeadLetter, Violation, WindowMean
from streams.core.source import BEGINNING


class RawRecord(NamedTuple):
    """A record of the readings topic as it came; ``timestamp`` is its arrival, ms UTC."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


STATE_FORM = 3
"""Of the state that is written: changes when what was saved before can be read no more."""


OTHER_PARTITIONS: Final = (
    "sources have changed their partition, and would be judged from half of their readings; name "
    "new topics and groups (EMISSIONS_TOPIC_..., EMISSIONS_GROUP_...), create them with the number "
    "of partitions that is wanted (EMISSIONS_PARTITIONS, emissions topics create), send the "
    "readings there, and bring the old ones with emissions replay"
)
"""What to do where the number of partitions of the readings is another one."""


class UnusableStateError(Exception):
    """The saved state has another form, or a hole; says which, and what to do."""


class Ledger(msgspec.Struct, array_like=True):
    """How far a partition has got and where its messages ended.

    ``form`` is that of the state, ``partitions`` the number of them under which it was made (0:
    not said). ``observed_from`` is the arrival of the first record ever seen, ms UTC: it never
    moves, and nothing before it is held against anybody. ``skipped`` counts the offsets below
    ``next_offset`` at which there was no message: markers of transactions, what was rolled back,
    and what the topic kept no more.
    """

    stream_time: int = BEGINNING
    next_offset: int = 0
    used: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    ticks: int = 0
    form: int = 1
    observed_from: int | None = None
    partitions: int = 0
    skipped: int = 0


@dataclass(slots=True)
class Outcome:
    """What one batch brought; ``state`` maps a key to its new bytes, or None to delete it.

    Of the revisions of a mean, gap or violation that the batch led to it has the last.
    Where the dead-letter limit is ``reached``, nothing of the batch may be produced, saved or
    acknowledged.
    """

    means: list[WindowMean]
    gaps: list[DataGap]
    violations: list[Violation]
    dead_letters: list[DeadLetter]
    state: dict[str, bytes | None]
    used: int
    duplicates: int
    ticks: int
    reached: Reached | None = None
