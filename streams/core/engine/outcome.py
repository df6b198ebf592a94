"""What a batch brought, and the ledger of a partition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from streams.core.engine.dead_letter_limit import Reached
from streams.core.records.advice import Advice
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import DataGap, DeadLetter, Finding, Violation, WindowMean
from streams.core.records.notice_verdict import NoticeVerdict
from streams.core.records.root import SourceDayRoot
from streams.core.time.interval import BEGINNING

STATE_FORM = 3
"""Of the state that is written: changes when what was saved before can be read no more."""

OTHER_PARTITIONS: Final = (
    "sources have changed their partition, and would be judged from half of their readings; name "
    "new topics and groups (EMISSIONS_TOPIC_..., EMISSIONS_GROUP_...), create them with the number "
    "of partitions that is wanted (EMISSIONS_PARTITIONS, emissions topics create), send the "
    "readings there, and bring the old ones with emissions replay"
)
"""What to do where the number of partitions of the readings is another one."""


class Ledger(msgspec.Struct, array_like=True):
    """Counts how far a partition has got and where its messages ended.

    ``form`` is that of the state, ``partitions`` the number of partitions under which it was made
    (0: unknown). ``observed_from`` is the arrival of the first record ever seen, ms UTC: it never
    moves, and no silence before it is a gap. ``skipped`` counts the offsets below ``next_offset``
    without a message: transaction markers, aborted messages, and what retention deleted.
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
    """Holds the results of one batch; ``state`` maps a key to its new bytes, None to delete it.

    Of several revisions of a gap, violation, finding, verdict or root in the batch it has the
    last; of a mean the last and perhaps earlier ones; of a case every one.
    ``duplicates`` counts the readings that repeat an accepted one, ``duplicate_offsets`` names
    them. Where the dead-letter limit is ``reached``, nothing of it may be produced, saved or
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
    findings: list[Finding] = field(default_factory=list)
    duplicate_offsets: list[int] = field(default_factory=list)
    notices: list[NoticeVerdict] = field(default_factory=list)
    cases: list[AdministrativeCase] = field(default_factory=list)
    roots: list[SourceDayRoot] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
