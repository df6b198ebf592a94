"""Makes the dead letter of a message that cannot be used.

A letter carries the message whole and must still fit into a topic, so what it says about the
message is bounded: it is at most a few kilobytes larger than the message.
"""

from __future__ import annotations

from typing import Final

from streams.core.records.bounded_names import NAME_CHARACTERS, shortened
from streams.core.records.findings import DeadLetter
from streams.core.records.record import RawRecord

DETAIL_CHARACTERS: Final = 500
"""A message may call its source, and so its reason, what it wants, at any length."""


def dead_letter(
    record: RawRecord,
    *,
    topic: str,
    partition: int,
    stage: str,
    reason: str,
    detail: str,
    source_id: str | None,
) -> DeadLetter:
    """Make the letter of a record; a header without a value gets an empty one."""
    return DeadLetter(
        reason=reason,
        stage=stage,
        detail=shortened(detail, DETAIL_CHARACTERS),
        source_id=None if source_id is None else shortened(source_id, NAME_CHARACTERS),
        topic=topic,
        partition=partition,
        offset=record.offset,
        timestamp=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple((name, value or b"") for name, value in record.headers),
    )


def letter_key(letter: DeadLetter) -> bytes:
    """Return the key of the letter: the source if known, else the message's key, shortened."""
    if letter.source_id:
        return letter.source_id.encode()
    return (letter.key or b"")[:NAME_CHARACTERS]
