"""Where the records of a batch ended that were not used: every record ends in exactly one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from streams.core.bury import dead_letter
from streams.core.context import Context
from streams.core.dead_letter_limit import DeadLetterLimit, senders_of
from streams.core.intake import Refused
from streams.core.log import Ledger, RawRecord
from streams.core.quality import CONFLICTING_DUPLICATE, Refusal, arrival_refusal
from streams.core.reading import Rejected, Tick
from streams.core.source_fold import DUPLICATE

DECODE: Final = "decode"
VALIDATE: Final = "validate"
DEDUPLICATE: Final = "deduplicate"
"""Stages at which a message may end in the dead letters."""

_TICK: Final = "tick"
_REPEATED: Final = "repeated"
_NOTHING: Final = Refusal("", "")

_position = attrgetter("position")


class Ending(NamedTuple):
    """A record that was not used: its position in the batch, the stage it came to, and why."""

    position: int
    stage: str
    refusal: Refusal
    source_id: str | None


def judged_alone(position: int, record: RawRecord, item: Refused | Rejected | Tick) -> Ending:
    """The end of a record that is no reading, or is refused by what it says itself."""
    if isinstance(item, Refused):
        return Ending(position, VALIDATE, item.refusal, item.source_id)
    if (untimely := arrival_refusal(record.timestamp)) is not None:
        return Ending(position, DECODE, untimely, None)
    if isinstance(item, Tick):
        return Ending(position, _TICK, _NOTHING, None)
    return Ending(position, DECODE, Refusal(item.reason, item.detail), item.source_id)


def refused_by_source(position: int, source_id: str, refusal: Refusal) -> Ending:
    """The end of a reading that was refused, or dropped, for what came before it."""
    if refusal is DUPLICATE:
        return Ending(position, _REPEATED, refusal, source_id)
    stage = DEDUPLICATE if refusal.reason == CONFLICTING_DUPLICATE else VALIDATE
    return Ending(position, stage, refusal, source_id)


def count(
    records: Sequence[RawRecord],
    endings: Iterable[Ending],
    ledger: Ledger,
    limit: DeadLetterLimit,
    context: Context,
) -> None:
    """Count a batch in the order of its records, and write its dead letters.

    All records without an ending were used.
    """
    told = 0
    for position, stage, refusal, source_id in sorted(endings, key=_position):
        used, told = position - told, position + 1
        ledger.used += used
        limit.good(used)
        if stage is _TICK:
            ledger.ticks += 1
        elif stage is _REPEATED:
            ledger.duplicates += 1
            limit.good()
        else:
            ledger.dead_letters += 1
            record = records[position]
            limit.dead(refusal.reason, record.offset, senders_of(record.key, source_id))
            context.findings.dead_letters.append(
                dead_letter(
                    record,
                    topic=context.topic,
                    partition=context.partition,
                    stage=stage,
                    reason=refusal.reason,
                    detail=refusal.detail,
                    source_id=source_id,
                )
            )
    ledger.used += len(records) - told
    limit.good(len(records) - told)
