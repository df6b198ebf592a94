"""A dead letter as it is stored, and filters on dead letters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from emissions.input.origin import Origin, origin_of

REPLAY_OF: Final = "dead-letter"
"""Header of a message that was sent again: the place of the letter, as `RecordCoordinates`."""

_PLACE: Final = re.compile(r"(?:(?P<topic>[A-Za-z0-9._-]+)/)?(?P<partition>\d+)/(?P<offset>\d+)")
_MOST: Final = (1 << 63) - 1

Headers = tuple[tuple[str, bytes], ...]


class RecordCoordinates(NamedTuple):
    """Topic, partition and offset of the original message; they identify its dead letter."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


def parse_coordinates(text: str, topic: str) -> RecordCoordinates:
    """Parse ``topic/partition/offset``; without a topic, use ``topic``.

    Raises ValueError with a sentence.
    """
    match = _PLACE.fullmatch(text)
    if match is None or max(int(match["partition"]), int(match["offset"])) > _MOST:
        raise ValueError(
            f"{text!r} is no place of a message: write topic/partition/offset or partition/offset"
        )
    return RecordCoordinates(match["topic"] or topic, int(match["partition"]), int(match["offset"]))


def message_digest(key: bytes | None, value: bytes | None) -> bytes:
    """Hash key and value of a message; a missing part differs from an empty one."""
    digest = blake2b(digest_size=16)
    for part in (key, value):
        digest.update(b"-" if part is None else b"%d:" % len(part))
        digest.update(part or b"")
    return digest.digest()


@dataclass(frozen=True, slots=True)
class DeadLetterRecord:
    """A rejected message: why, where it was, and its bytes."""

    place: RecordCoordinates
    arrived: int  # timestamp of the original, ms UTC
    reason: str
    stage: str
    detail: str
    source_id: str | None
    key: bytes | None
    value: bytes | None
    headers: Headers
    content: bytes
    kept_at: tuple[int, int] | None  # partition and offset in the dead letters; None: ClickHouse
    kept_on: int = 0  # timestamp of the letter itself, ms UTC
    measured_at: int | None = None  # start of the interval, where that was looked at, ms UTC

    @property
    def origins(self) -> tuple[str, ...]:
        """Coordinates of the dead letters that this one descends from by replays, oldest first."""
        return tuple(
            value.decode(errors="replace") for name, value in self.headers if name == REPLAY_OF
        )

    @property
    def input(self) -> Origin:
        """File and row that a replay read the message from."""
        return origin_of(self.headers)

    @property
    def order(self) -> tuple[int, RecordCoordinates]:
        """Sort key: arrival, then coordinates; dead letters are listed and resent in this order."""
        return (self.arrived, self.place)

    def without_value(self) -> DeadLetterRecord:
        """Return a copy without the bytes of the message; the digest stays."""
        return replace(self, value=None)


def dead_letter_of(
    record: Mapping[str, Any], kept_at: tuple[int, int] | None, kept_on: int
) -> DeadLetterRecord:
    """Build the dead letter from a decoded ``DeadLetterRecord`` record."""
    return DeadLetterRecord(
        place=RecordCoordinates(record["topic"], record["partition"], record["offset"]),
        arrived=record["timestamp"],
        reason=record["reason"],
        stage=record["stage"],
        detail=record["detail"],
        source_id=record["source_id"],
        key=record["key"],
        value=record["value"],
        headers=tuple((header["name"], header["value"]) for header in record["headers"]),
        content=message_digest(record["key"], record["value"]),
        kept_at=kept_at,
        kept_on=kept_on,
    )


@dataclass(frozen=True)
class DeadLetterFilter:
    """Which dead letters are wanted; an empty field does not filter.

    ``since`` and ``until`` are arrivals in milliseconds UTC, half-open ``[since, until)``.
    """

    reasons: frozenset[str] = frozenset()
    source_id: str | None = None
    stage: str | None = None
    partition: int | None = None
    since: int | None = None
    until: int | None = None

    def matches(self, letter: DeadLetterRecord) -> bool:
        """Return whether the dead letter passes the filter."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and self.source_id in (None, letter.source_id)
            and self.stage in (None, letter.stage)
            and self.partition in (None, letter.place.partition)
            and (self.since is None or letter.arrived >= self.since)
            and (self.until is None or letter.arrived < self.until)
        )
