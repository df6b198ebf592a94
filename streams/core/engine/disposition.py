"""Records where each message of a batch ended: every one ends in exactly one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from schemas.reading import Rejected, Tick
from streams.core.engine.admission import DUPLICATE
from streams.core.engine.dead_letter import dead_letter
from streams.core.engine.dead_letter_limit import DeadLetterLimit, senders_of
from streams.core.engine.outcome import Ledger
from streams.core.engine.preparation import RejectedReading
from streams.core.judging.context import Context
from streams.core.law.quality_codes import CONFLICTING_DUPLICATE
from streams.core.quality.rejection import Rejection, arrival_rejection
from streams.core.records.record import RawRecord

DECODE: Final = "decode"
VALIDATE: Final = "validate"
DEDUPLICATE: Final = "deduplicate"
"""Stages at which a message may end in the dead letters."""

_TICK: Final = "tick"
_DUPLICATE: Final = "duplicate"
_NO_REJECTION: Final = Rejection("", "")

_position = attrgetter("position")


class Disposition(NamedTuple):
    """The end of a record that was not used: position in the batch, stage, and reason."""

    position: int
    stage: str
    rejection: Rejection
    source_id: str | None

    @property
    def is_dead_letter(self) -> bool:
        """Tell whether the message is refused, and no tick or duplicate."""
        return self.stage not in (_TICK, _DUPLICATE)


def disposition_of_record(
    position: int, record: RawRecord, item: RejectedReading | Rejected | Tick
) -> Disposition:
    """Decide the end of a record that is no reading, or is rejected by itself."""
    if isinstance(item, RejectedReading):
        return Disposition(position, VALIDATE, item.rejection, item.source_id)
    if (impossible := arrival_rejection(record.timestamp)) is not None:
        return Disposition(position, DECODE, impossible, None)
    if isinstance(item, Tick):
        return Disposition(position, _TICK, _NO_REJECTION, None)
    return Disposition(position, DECODE, Rejection(item.reason, item.detail), item.source_id)


def disposition_of_reading(position: int, source_id: str, rejection: Rejection) -> Disposition:
    """Decide the end of a reading that was not admitted for what came before it."""
    if rejection == DUPLICATE:
        return Disposition(position, _DUPLICATE, rejection, source_id)
    stage = DEDUPLICATE if rejection.reason == CONFLICTING_DUPLICATE else VALIDATE
    return Disposition(position, stage, rejection, source_id)


def count_dispositions(
    records: Sequence[RawRecord],
    dispositions: Iterable[Disposition],
    ledger: Ledger,
    limit: DeadLetterLimit,
    context: Context,
) -> None:
    """Count a batch in the order of its records, and write its dead letters.

    All records without a disposition were used.
    """
    counted = 0
    for position, stage, rejection, source_id in sorted(dispositions, key=_position):
        used, counted = position - counted, position + 1
        ledger.used += used
        limit.record_used(used)
        if stage is _TICK:
            ledger.ticks += 1
        elif stage is _DUPLICATE:
            ledger.duplicates += 1
            limit.record_used()
            context.findings.duplicate_offsets.append(records[position].offset)
        else:
            ledger.dead_letters += 1
            record = records[position]
            limit.record_dead_letter(
                rejection.reason, record.offset, senders_of(record.key, source_id)
            )
            context.findings.dead_letters.append(
                dead_letter(
                    record,
                    topic=context.topic,
                    partition=context.partition,
                    stage=stage,
                    reason=rejection.reason,
                    detail=rejection.detail,
                    source_id=source_id,
                )
            )
    ledger.used += len(records) - counted
    limit.record_used(len(records) - counted)
